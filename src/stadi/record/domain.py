"""What an entry of the record is, and how its leaf commits to it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened, told upwards: `kind` reads room.verb, `body` holds ids only."""

    kind: str
    body: Mapping[str, object] = field(default_factory=dict)
    case: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityTime:
    """The city's time, and whether it is a demo's."""

    now: datetime
    demo: bool


def canonical(body: Mapping[str, object]) -> str:
    """Return the body as RFC 8785 JSON (ours holds text, whole numbers, lists and objects)."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def leaf(salt: bytes, body: Mapping[str, object]) -> bytes:
    """Return sha256(0x00 || sha256(salt || JSON)), the RFC 6962 leaf of a salted commitment."""
    inner = hashlib.sha256(salt + canonical(body).encode()).digest()
    return hashlib.sha256(b"\x00" + inner).digest()
