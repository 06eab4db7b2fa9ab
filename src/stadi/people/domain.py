"""What a resident is to the rest of the house."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A resident's name, language and the persona's story key, where there is one."""

    subject: int
    given_name: str
    family_name: str
    language: str
    persona: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows for one register: `table` and columns, then the rows without their ranges."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
