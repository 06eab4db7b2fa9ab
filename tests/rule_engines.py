"""Asks every engine there is the same question about the same people."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from rule_worlds import FACTS, KINDS
from stadi.engine.connect import run_remote
from stadi.engine.explain import Person, explain
from stadi.engine.sql import OUTCOMES, by_view, place
from stadi.engine.sweep import EXTRACT, Sight, Sweep, extract, person, run, run_there
from stadi.kit import rule as r

Found = list[tuple[int, str, int, tuple[Any, ...]]]


def answers(  # noqa: PLR0913 - the last two have defaults
    connection: psycopg.Connection[Any],
    rules: Sequence[r.Rule],
    people: Sequence[Person],
    day: date,
    amounts: Sequence[r.Amount] = (),
    *,
    url: str | None = None,
    facts: tuple[r.Fact, ...] = FACTS,
) -> dict[str, Found]:
    """Return subject, outcome, bits and amounts of everyone, by the engine that gave them."""
    with connection.transaction(force_rollback=True):
        settle(connection, people, facts)
        sight = Sight(
            connection=connection, schema=EXTRACT, facts=facts, as_of=day, snapshot="none"
        )
        seen = extract(sight)
        sweeps = {
            "postgresql": run_there(rules, sight, amounts=amounts),
            "duckdb": run(rules, seen, amounts=amounts),
        }
        read = [person(sight, p.subject) for p in people]
    if url:
        sweeps["connect"] = run_remote(rules, seen, url=url, amounts=amounts)
    # one text for all: PostgreSQL finds it among its session's tables, as the others do
    assert len({str(sweep.kept) for sweep in sweeps.values()}) == 1
    explained = [explain(rules, p, as_of=day, amounts=amounts) for p in read if p]
    worth = [tuple(answer.amounts.get(a.name) for a in amounts) for answer in explained]
    found = {name: flat(sweep) for name, sweep in sweeps.items()}
    found["interpreter"] = [
        (a.subject, a.outcome, a.bits, w) for a, w in zip(explained, worth, strict=True)
    ]
    return found


def agreed(found: dict[str, Found]) -> Found:
    """Return what the interpreter found, once every engine has found the same."""
    for name, answer in found.items():
        assert answer == found["interpreter"], name
    return found["interpreter"]


def flat(sweep: Sweep) -> Found:
    """Return a sweep as rows."""
    worth = [array.to_pylist() for array in sweep.amounts.values()]
    rows = zip(sweep.subjects.tolist(), sweep.outcomes.tolist(), sweep.bits.tolist(), strict=True)
    return [
        (subject, OUTCOMES[outcome], bits, tuple(column[i] for column in worth))
        for i, (subject, outcome, bits) in enumerate(rows)
    ]


def settle(
    connection: psycopg.Connection[Any], people: Sequence[Person], facts: Sequence[r.Fact] = FACTS
) -> None:
    """Put the people into tables of the session, named as an extract's are in every engine."""
    for view, held in by_view(facts).items():
        own = ["basis text"] if view == "subject" else []
        columns = [f"{f.column} {KINDS[f.type]}" for f in held]
        table = place(EXTRACT, view)
        listed = ", ".join(["subject bigint", *own, *columns])
        connection.execute(f"create temp table {table} ({listed})")
        rows = [
            {"subject": p.subject, **row}
            for p in people
            for row in (
                [{"basis": p.basis, **p.facts}] if view == "subject" else p.rows.get(view) or []
            )
        ]
        for row in rows:
            connection.execute(
                f"insert into {table} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )
