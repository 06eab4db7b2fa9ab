"""A sweep: extract through the purpose's role, run the compiled rules, answer for everyone."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psycopg
import pyarrow as pa
from pyarrow import csv

from stadi.engine.explain import Person
from stadi.engine.sql import OUTCOMES, by_view, compile_rules, place
from stadi.kit import rule as r
from stadi.kit import tree

ARROW = {"bool": pa.bool_(), "int": pa.int64(), "text": pa.string(), "date": pa.date32()}
VERSION = "1"
# An extract lies where no other session of the engine can name it, so it has no schema.
EXTRACT = ""


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
    """Outcomes of everyone; arrays of one length, ordered by subject.

    `amounts` are null where unknown; `kept` holds by their hash the texts that the manifest names.
    """

    subjects: np.ndarray
    outcomes: np.ndarray
    bits: np.ndarray
    amounts: dict[str, pa.Array]
    kept: dict[str, str]
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
    buffer = _copied(
        sight.connection,
        f"copy (select {names} from {place(sight.schema, view)}) to stdout (format csv)",
    )
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


def _copied(role: psycopg.Connection[Any], query: str) -> io.BytesIO:
    """Return what a COPY writes, asked of libpq itself: `Cursor.copy` takes six times as long."""
    buffer, server = io.BytesIO(), role.pgconn
    began = server.exec_(query.encode())
    size = 1 if began.status == psycopg.pq.ExecStatus.COPY_OUT else 0
    while size > 0:
        size, block = server.get_copy_data(0)
        buffer.write(block)
    while (ended := server.get_result()) is not None:
        began = ended
    if began.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(began)
    return buffer


def run(rules: Sequence[r.Rule], seen: Extract, *, amounts: Sequence[r.Amount] = ()) -> Sweep:
    """Run the rules over an extract on DuckDB and answer for everyone in it."""
    sql = _sql(tuple(rules), tuple(amounts), EXTRACT, seen.as_of)
    with duckdb.connect() as engine:
        for view, table in seen.tables.items():
            engine.register(place(EXTRACT, view), table)
        found = engine.sql(sql).to_arrow_table()
    return answered(found, rules, amounts, about(seen, f"duckdb {duckdb.__version__}"))


def run_files(
    rules: Sequence[r.Rule],
    files: Mapping[str, Path],
    *,
    as_of: date,
    out: Path,
    memory: str = "1GB",
) -> dict[str, int]:
    """Run the rules over Parquet files, one a view, in bounded memory; return the counts.

    Subject, outcome and bits of everyone go to the Parquet file `out`.
    """
    sql = compile_rules(rules, schema=EXTRACT, as_of=as_of)
    with duckdb.connect(config={"memory_limit": memory}) as engine:
        engine.execute("set preserve_insertion_order = false")
        for view, file in files.items():
            engine.read_parquet(str(file)).create_view(place(EXTRACT, view))
        engine.sql(sql).write_parquet(str(out))
        rows = engine.read_parquet(str(out)).aggregate("outcome, count(*)").fetchall()
    found = {OUTCOMES[outcome]: int(number) for outcome, number in rows}
    return {name: found.get(name, 0) for name in OUTCOMES}


def run_there(rules: Sequence[r.Rule], sight: Sight, *, amounts: Sequence[r.Amount] = ()) -> Sweep:
    """Run the rules where the facts lie, on the purpose's own connection: best for a few."""
    sql = _sql(tuple(rules), tuple(amounts), sight.schema, sight.as_of)
    rows = sight.connection.execute(sql, prepare=True).fetchall()
    kinds = [("subject", pa.int64()), ("outcome", pa.int32()), ("bits", pa.int64())]
    kinds += [(f"a{i}", ARROW[a.value.type]) for i, a in enumerate(amounts)]
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    found = pa.table(
        {name: pa.array(column, kind) for (name, kind), column in zip(kinds, columns, strict=True)}
    )
    version = sight.connection.info.server_version
    return answered(found, rules, amounts, about(sight, f"postgresql {version // 10_000}"))


def about(seen: Extract | Sight, engine: str) -> dict[str, object]:
    return {
        "engine": f"{engine} / {VERSION}",
        "facts": sorted(f.name for f in seen.facts),
        "as_of": seen.as_of.isoformat(),
        "snapshot": seen.snapshot,
    }


def answered(
    found: pa.Table,
    rules: Sequence[r.Rule],
    amounts: Sequence[r.Amount],
    about: dict[str, object],
) -> Sweep:
    """Return an engine's rows as a sweep, in the order of subjects, with its manifest."""
    subjects = found["subject"].to_numpy()
    if len(subjects) and (np.diff(subjects) < 0).any():
        # an engine hands on nearly sorted rows, which this sort is quick at
        found = found.take(np.argsort(subjects, kind="stable"))
        subjects = found["subject"].to_numpy()
    kept = _texts(tuple(rules), tuple(amounts), date.fromisoformat(str(about["as_of"])))
    sweep = Sweep(
        subjects=subjects,
        outcomes=found["outcome"].to_numpy(),
        bits=found["bits"].to_numpy(),
        amounts={a.name: found[f"a{i}"].combine_chunks() for i, a in enumerate(amounts)},
        kept={tree.digest(text): text for text in kept.values()},
        manifest={**about, **{name: tree.digest(text) for name, text in kept.items()}},
    )
    sweep.manifest.update(
        screened=len(subjects), counts={name: sweep.count(name) for name in OUTCOMES}
    )
    return sweep


@lru_cache(maxsize=64)
def _sql(rules: tuple[r.Rule, ...], amounts: tuple[r.Amount, ...], schema: str, as_of: date) -> str:
    return compile_rules(rules, schema=schema, as_of=as_of, amounts=amounts)


@lru_cache(maxsize=64)
def _texts(
    rules: tuple[r.Rule, ...], amounts: tuple[r.Amount, ...], as_of: date
) -> Mapping[str, str]:
    """Return what a replay needs, by its name in the manifest."""
    return {
        "tree": tree.write(rules, amounts),
        # the SQL is kept without the schema of this one look, so that the same rules are one text
        "sql": _sql(rules, amounts, EXTRACT, as_of),
        "parameters": tree.parameters(rules, amounts, as_of),
    }


def person(sight: Sight, subject: int) -> Person | None:
    """Return what the purpose may see of one subject, or None where there is no such row."""
    own: dict[str, object] = {}
    rows: dict[str, list[dict[str, object]]] = {}
    for view, facts in by_view(sight.facts).items():
        names = ["basis"] * (view == "subject") + [f.column for f in facts]
        listed = ", ".join(names)
        query = f"select {listed} from {place(sight.schema, view)} where subject = %s"
        found = sight.connection.execute(query, [subject]).fetchall()
        if view != "subject":
            rows[view] = [dict(zip(names, row, strict=True)) for row in found]
        elif found:
            own = dict(zip(names, found[0], strict=True))
        else:
            return None
    return Person(subject=subject, basis=str(own.pop("basis")), facts=own, rows=rows)
