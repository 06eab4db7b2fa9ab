"""A sweep: extract through the purpose's role, run the compiled rules, answer for everyone."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import psycopg
import pyarrow as pa
from pyarrow import csv

from stadi.engine.explain import Person
from stadi.engine.sql import OUTCOMES, by_view, compile_rules
from stadi.kit import rule as r

ARROW = {"bool": pa.bool_(), "int": pa.int64(), "text": pa.string(), "date": pa.date32()}
VERSION = "1"
EXTRACT = "extract_of_purpose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a purpose may see: its connection, the schema of its views, its facts, its times."""

    connection: psycopg.Connection[Any]
    schema: str
    facts: tuple[r.Fact, ...]
    as_of: date
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What a purpose saw of everyone: one Arrow table per view, kept in memory only."""

    tables: dict[str, pa.Table]
    facts: tuple[r.Fact, ...]
    as_of: date
    snapshot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Outcomes of everyone; arrays of one length, ordered by subject."""

    subjects: np.ndarray
    outcomes: np.ndarray
    bits: np.ndarray
    manifest: dict[str, object]

    def count(self, outcome: str) -> int:
        """Return how many have an outcome."""
        return int((self.outcomes == OUTCOMES.index(outcome)).sum())

    def of(self, outcome: str) -> list[int]:
        """Return the subjects with an outcome."""
        found: list[int] = self.subjects[self.outcomes == OUTCOMES.index(outcome)].tolist()
        return found


def extract(sight: Sight) -> Extract:
    """Return what the purpose may see of everyone, read by COPY through its role."""
    return Extract(
        tables={view: _copy(sight, view, facts) for view, facts in by_view(sight.facts).items()},
        facts=sight.facts,
        as_of=sight.as_of,
        snapshot=sight.snapshot,
    )


def _copy(sight: Sight, view: str, facts: Sequence[r.Fact]) -> pa.Table:
    own = [("basis", pa.string())] if view == "subject" else []
    columns = [("subject", pa.int64()), *own, *((f.column, ARROW[f.type]) for f in facts)]
    names = ", ".join(name for name, _ in columns)
    query = f"copy (select {names} from {sight.schema}.{view}) to stdout (format csv)"
    buffer = io.BytesIO()
    with sight.connection.cursor().copy(query) as rows:
        for block in rows:
            buffer.write(block)
    if not buffer.tell():
        return pa.table({name: pa.array([], kind) for name, kind in columns})
    buffer.seek(0)
    return csv.read_csv(
        buffer,
        read_options=csv.ReadOptions(column_names=[name for name, _ in columns]),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict(columns),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
            null_values=[""],
        ),
    )


def run(rules: Sequence[r.Rule], seen: Extract) -> Sweep:
    """Run the rules over an extract and answer for everyone in it."""
    sql = compile_rules(rules, schema=EXTRACT, as_of=seen.as_of)
    with duckdb.connect() as engine:
        engine.execute(f"create schema {EXTRACT}")
        for view, table in seen.tables.items():
            engine.register("arrow_table", table)
            engine.execute(f"create table {EXTRACT}.{view} as select * from arrow_table")
            engine.unregister("arrow_table")
        out = engine.execute(f"{sql} order by subject").fetchnumpy()
    sweep = Sweep(
        subjects=np.asarray(out["subject"]),
        outcomes=np.asarray(out["outcome"]),
        bits=np.asarray(out["bits"]),
        manifest={},
    )
    counts = {name: sweep.count(name) for name in OUTCOMES}
    sweep.manifest.update(
        engine=f"duckdb {duckdb.__version__} / {VERSION}",
        sql=hashlib.sha256(sql.encode()).hexdigest(),
        facts=sorted(f.name for f in seen.facts),
        as_of=seen.as_of.isoformat(),
        snapshot=seen.snapshot,
        screened=len(sweep.subjects),
        counts=counts,
    )
    return sweep


def person(sight: Sight, subject: int) -> Person | None:
    """Return what the purpose may see of one subject, or None where there is no such row."""
    own: dict[str, object] = {}
    rows: dict[str, list[dict[str, object]]] = {}
    for view, facts in by_view(sight.facts).items():
        names = ["basis"] * (view == "subject") + [f.column for f in facts]
        listed = ", ".join(names)
        query = f"select {listed} from {sight.schema}.{view} where subject = %s"
        found = sight.connection.execute(query, [subject]).fetchall()
        if view != "subject":
            rows[view] = [dict(zip(names, row, strict=True)) for row in found]
        elif found:
            own = dict(zip(names, found[0], strict=True))
        else:
            return None
    return Person(subject=subject, basis=str(own.pop("basis")), facts=own, rows=rows)
