"""What an entry of the record is, and how its leaf commits to it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from stadi.kit.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened, told upwards: `kind` reads room.verb, `body` holds ids only.

    `by` is who did it, where a batch holds the doings of several.
    """

    kind: str
    body: Mapping[str, object] = field(default_factory=dict)
    case: UUID | None = None
    by: Actor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityTime:
    """The city's time, and whether it is a demo's."""

    now: datetime
    demo: bool


# one encoder for all: json.dumps with options makes a new one for every call
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def canonical(body: Mapping[str, object]) -> str:
    """Return the body as RFC 8785 JSON (ours holds text, whole numbers, lists and objects)."""
    return _ENCODER.encode(body)


def leaf(salt: bytes, body: Mapping[str, object]) -> bytes:
    """Return sha256(0x00 || sha256(salt || JSON)), the RFC 6962 leaf of a salted commitment."""
    return commit(salt, canonical(body))


def commit(salt: bytes, text: str) -> bytes:
    """Return the leaf of a body that is canonical JSON already."""
    inner = hashlib.sha256(salt + text.encode()).digest()
    return hashlib.sha256(b"\x00" + inner).digest()
