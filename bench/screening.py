"""Screening: the compiled rules over everyone's extract, beside the interpreter, outputs equal."""

from typing import Any

import numpy as np
from table import Row, once, seconds, shown, times

from stadi.engine import sweep
from stadi.engine.explain import Person, explain
from stadi.engine.sql import OUTCOMES
from stadi.kit.service import Plugin

COMPARED = 50_000  # people whom the interpreter answers for, drawn from everyone


def rows(made: Plugin, seen: sweep.Extract) -> list[Row]:
    """Return a service's screening of everyone in an extract, every run anew."""
    rules = made.service.who
    found = sweep.run(rules, seen)
    fast = seconds(lambda: sweep.run(rules, seen), 9)
    asked = people(seen)
    answers: list[str] = []

    def interpret() -> None:
        answers[:] = [explain(rules, person, as_of=seen.as_of).outcome for person in asked]

    slow = once(interpret)
    at = np.searchsorted(found.subjects, [person.subject for person in asked])
    assert [OUTCOMES[o] for o in found.outcomes[at]] == answers
    each, here = slow / len(asked), fast / len(found.subjects)
    years = np.asarray(seen.tables["subject"]["birth_date"].cast("int32").fill_null(0))
    floor = seconds(lambda: int((years > 18_000).sum()))
    return [
        Row(
            axis="screening",
            rival=f"our interpreter, {len(asked):,} of them",
            workload=f"{made.service.id}: rules over {len(found.subjects):,} residents",
            theirs=f"{each * 1e6:.1f} µs each",
            ours=f"{shown(fast)}, {here * 1e6:.2f} µs each",
            ratio=times(each, here),
            goal="150 ms",
            floor=f"{shown(floor)} (scan of one column)",
        )
    ]


def people(seen: sweep.Extract) -> list[Person]:
    """Return some of the people of an extract as the interpreter reads them."""
    whole = seen.tables["subject"]
    many = min(COMPARED, len(whole))
    chosen = np.sort(np.random.default_rng(2027).choice(len(whole), many, replace=False))
    own = whole.take(chosen).to_pylist()
    rows: dict[int, dict[str, list[dict[str, Any]]]] = {row["subject"]: {} for row in own}
    for view in seen.tables.keys() - {"subject"}:
        for row in seen.tables[view].to_pylist():
            if row["subject"] in rows:
                rows[row["subject"]].setdefault(view, []).append(row)
    return [
        Person(subject=row["subject"], basis=row["basis"], facts=row, rows=rows[row["subject"]])
        for row in own
    ]
