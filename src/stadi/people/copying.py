"""Copies rows into tables as columns: many at once, what all have in common sent but once."""

import io
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg.sql import SQL, Identifier, Literal
from pyarrow import csv

MANY = 10_000  # rows from which building indexes afterwards is faster


def is_new(cursor: Any, table: str, rows: pa.Table) -> bool:
    """Return whether these are many rows, for a table of few that knows nobody among them."""
    if len(rows) < MANY:
        return False
    low, high = pc.min_max(rows["subject"]).as_py().values()
    cursor.execute(
        f"select exists (select 1 from {table} where subject between %s and %s)"
        f" or exists (select 1 from {table} offset %s limit 1)",
        [low, high, MANY],
    )
    return not cursor.fetchone()[0]


def fill(cursor: Any, table: str, rows: pa.Table, constants: Mapping[str, str]) -> None:
    """Copy many rows into a table that knows none of them, and build its indexes once, after.

    Nothing can be known already or overlap; the same constraints are proved all the same.
    """
    cursor.execute(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname,"
        " pg_get_constraintdef(c.oid) from pg_index i left join pg_constraint c"
        " on c.conindid = i.indexrelid and c.contype = 'p' where i.indrelid = %s::regclass",
        [table],
    )
    indexes = cursor.fetchall()
    for index, _, constraint, _ in indexes:
        dropped = f"alter table {table} drop constraint {constraint}" if constraint else None
        cursor.execute(dropped or f"drop index {index}")
    constants = {**constant(rows), **constants}
    set_defaults(cursor, table, constants)
    copy(cursor, table, rows.drop_columns([c for c in constants if c in rows.column_names]))
    for name in constants:
        cursor.execute(f"alter table {table} alter {name} drop default")
    for _, index, constraint, rule in indexes:
        added = f"alter table {table} add constraint {constraint} {rule}" if constraint else None
        cursor.execute(added or index)


def constant(rows: pa.Table) -> dict[str, str]:
    """Return the columns of ranges that say one thing of all rows: that need not be sent."""
    ends = {"true_since": "-infinity", "true_until": "infinity", "gone": "false"}
    given = [name for name in ends if name in rows.column_names and len(rows)]
    same = [name for name in given if pc.count_distinct(rows[name], mode="all").as_py() == 1]
    first = {name: rows[name][0].as_py() for name in same}
    return {name: ends[name] if v is None else str(v) for name, v in first.items()}


def set_defaults(cursor: Any, table: str, constants: Mapping[str, str]) -> None:
    for name, value in constants.items():
        words = SQL("alter table {} alter {} set default {}")
        cursor.execute(words.format(Identifier(table), Identifier(name), Literal(value)))


def copy(cursor: Any, table: str, rows: pa.Table) -> None:
    """Write rows by COPY, as CSV straight from their columns."""
    named = ", ".join(rows.column_names)
    with cursor.copy(f"copy {table} ({named}) from stdin (format csv)") as out:
        csv.write_csv(_flat(rows), _Pipe(out), csv.WriteOptions(include_header=False))


def _flat(rows: pa.Table) -> pa.Table:
    """Return rows that CSV can hold: open ends by name, lists as PostgreSQL writes them."""
    for place, name in enumerate(rows.column_names):
        column = rows[name]
        if name in ("true_since", "true_until"):
            end = "infinity" if name == "true_until" else "-infinity"
            column = column.cast(pa.string()).fill_null(end)
        elif pa.types.is_list(column.type):
            texts = column.combine_chunks()
            inside = texts.values.cast(pa.string()).fill_null("NULL")
            joined = pc.binary_join(pa.ListArray.from_arrays(texts.offsets, inside), ",")
            column = pc.binary_join_element_wise("{", joined, "}", "")
        rows = rows.set_column(place, name, column)
    return rows


class _Pipe(io.RawIOBase):
    """Lets Arrow write into a running COPY."""

    def __init__(self, out: Any) -> None:
        self.out = out

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        self.out.write(bytes(block))
        return len(block)
