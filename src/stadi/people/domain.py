"""What a resident is to the rest of the house, and what is loaded into the registers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A resident's name, language and the persona's story key, where there is one."""

    subject: int
    given_name: str
    family_name: str
    language: str
    persona: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Rows for one register; a null is a missing fact.

    The rows may hold their own `true_since` and `true_until` (null: without end), and `gone`
    where they say that nothing is true in that time. `lines` are the rows' numbers in the
    `file` they came from.
    """

    table: str
    rows: pa.Table
    lines: pa.Array | None = None
    file: str = ""

    @classmethod
    def of(cls, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Self:
        """Return a batch of a few rows, each value as text."""
        texts = [[as_text(v) for v in row] for row in rows]
        made = [pa.array([row[i] for row in texts], pa.string()) for i in range(len(columns))]
        return cls(table=table, rows=pa.table(dict(zip(columns, made, strict=True))))


def as_text(value: object) -> str | None:
    """Return a value as a file would write it, or None where it is missing."""
    if isinstance(value, list | tuple):
        return ";".join("" if v is None else str(v) for v in value)
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file changed: rows by what became of them, and whose rules must be asked anew.

    `changed` are the residents of whom another fact is true now, `around` those who share or
    shared a home with them; both sorted, and nobody is in both.
    """

    new: int
    corrected: int
    unchanged: int
    changed: tuple[int, ...]
    around: tuple[int, ...]
