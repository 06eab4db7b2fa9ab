"""What a resident is to the rest of the house."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows for one register, without their ranges; a null is a missing fact."""

    table: str
    rows: pa.Table

    @classmethod
    def of(cls, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Self:
        """Return a batch of a few rows, each value as text."""
        named = list(columns)
        texts = [[None if v is None else str(v) for v in row] for row in rows]
        kinds = pa.schema([(column, pa.string()) for column in named])
        made = pa.Table.from_pylist([dict(zip(named, t, strict=True)) for t in texts], kinds)
        return cls(table=table, rows=made)
