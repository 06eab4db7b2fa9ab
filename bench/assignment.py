"""P1: stable matching against a rival, and the optimum of a whole cohort with its certificate."""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from table import NO_RIVAL, Row, rival, runner, seconds, shown, times

from stadi.fulfil.assignment.assign import assign
from stadi.fulfil.assignment.check import check
from stadi.fulfil.assignment.stable import stable
from stadi.fulfil.domain import Seeker, Term, Vacancy

CHILDREN, UNITS, CHOICES = 7_000, 350, 5
PAIRS = 3


def rows() -> list[Row]:
    """Return the race and the certified optimum."""
    return [race(), certified()]


def game(seed: int = 2027) -> dict[str, Any]:
    """Return children who each like five units, and units that rank those who like them."""
    rng = np.random.default_rng(seed)
    likes = np.argsort(rng.random((CHILDREN, UNITS)), axis=1)[:, :CHOICES]
    wanted: list[list[int]] = [[] for _ in range(UNITS)]
    for child, units in enumerate(likes.tolist()):
        for unit in units:
            wanted[unit].append(child)
    ranks = [rng.permutation(children).tolist() for children in wanted]
    return {"likes": likes.tolist(), "ranks": ranks, "places": [CHILDREN // UNITS] * UNITS}


def solve(given: dict[str, Any]) -> dict[int, int]:
    """Solve the same lists that the rival gets, from lists to lists."""
    choices = np.array(given["likes"])
    order = np.concatenate([np.array(children) for children in given["ranks"]])
    sizes = np.array([len(children) for children in given["ranks"]])
    units = np.repeat(np.arange(len(sizes)), sizes)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # each pair of child and unit is one number, so that ranks are found by sorting once
    pair = order * len(sizes) + units
    sort = np.argsort(pair)
    asked = choices + np.arange(len(choices))[:, None] * len(sizes)
    marks = rank[sort[np.searchsorted(pair[sort], asked)]]
    chosen = stable(choices, marks, np.array(given["places"])).tolist()
    return {child: unit for child, unit in enumerate(chosen) if unit >= 0}


def race() -> Row:
    """Race deferred acceptance against `matching`, the assignments equal."""
    given, python = game(), rival("matching")
    slow, fast = against(python, given) if python else (0, seconds(lambda: solve(given)))
    floor = seconds(lambda: np.sort(np.array(given["likes"]).ravel()))
    return Row(
        axis="P1",
        rival="matching 1.4.3",
        workload=f"stable matching, {CHILDREN:,} children x {UNITS} units x {CHOICES} choices",
        theirs=shown(slow) if python else NO_RIVAL,
        ours=shown(fast),
        ratio=times(slow, fast) if python else "",
        goal="1000x (50x owed)",
        floor=f"{shown(floor)} (the lists, one sort)",
    )


def against(python: Path, given: dict[str, Any]) -> tuple[float, float]:
    """Return the rival's median and ours, run in turn, each time with one assignment."""
    script = Path(__file__).parent / "rivals" / "matching.py"
    theirs, ours = [], []
    with tempfile.TemporaryDirectory(prefix="stadi-bench-") as folder:
        told = Path(folder) / "game.json"
        told.write_text(json.dumps(given), "utf-8")
        with runner([python, "-I", script, told]) as them:
            for _ in range(PAIRS):
                answer = them.run()
                theirs.append(answer["seconds"])
                begun = time.perf_counter()
                mine = solve(given)
                ours.append(time.perf_counter() - begun)
                assert sorted(mine.items()) == [tuple(pair) for pair in answer["at"]]
    return statistics.median(theirs), statistics.median(ours)


def town(children: int = 6_000, units: int = 300, seed: int = 2027) -> dict[str, Any]:
    """Return an invented city: units among homes, three places in a hundred to spare."""
    rng = np.random.default_rng(seed)
    quarters = rng.uniform(0, 20_000, (60, 2)) + np.array([380_000, 6_670_000])
    share = rng.dirichlet(np.full(60, 2.0))
    homes = quarters[rng.choice(60, children, p=share)] + rng.normal(0, 900, (children, 2))
    there = homes[rng.choice(children, units, replace=False)] + rng.normal(0, 200, (units, 2))
    places = rng.multinomial(int(children * 1.03), np.full(units, 1 / units))
    swedish = rng.random(units) < 0.08
    near = np.argsort(((homes[:, None] - there) ** 2).sum(axis=2), axis=1)[:, :8]
    seekers = [
        Seeker(
            id=1000 + i,
            x=int(x),
            y=int(y),
            wants=(
                ("id", int(near[i, rng.integers(8)]) + 1 if rng.random() < 0.6 else None),
                ("language", "sv" if rng.random() < 0.08 else "fi"),
                ("support", True if rng.random() < 0.05 else None),
            ),
            together=i // 2 if i < 120 else None,
        )
        for i, (x, y) in enumerate(homes)
    ]
    vacancies = [
        Vacancy(
            id=i + 1,
            x=int(x),
            y=int(y),
            places=int(places[i]),
            language="sv" if swedish[i] else "fi",
            support=bool(rng.random() < 0.1),
        )
        for i, (x, y) in enumerate(there)
    ]
    weights = (
        ("continuity", "id", 400),
        ("language", "language", 5000),
        ("support", "support", 3000),
    )
    terms = [Term(name=n, unit=u, metres=m, law="invented") for n, u, m in weights]
    return {
        "seekers": seekers,
        "vacancies": vacancies,
        "terms": terms,
        "factor": 1.3,
        "seed": "bench",
    }


def certified() -> Row:
    """Time the optimum over 6,000 children and 300 units, assigned and certified."""
    given = town()

    def whole() -> None:
        assert check(assign(**given)) == []

    homes = np.array([(s.x, s.y) for s in given["seekers"]], float)
    there = np.array([(v.x, v.y) for v in given["vacancies"]], float)
    floor = seconds(lambda: ((homes[:, None] - there) ** 2).sum(axis=2).argmin(axis=1))
    return Row(
        axis="P2",
        workload="assign and certify 6,000 children x 300 units, every unit priced",
        ours=shown(seconds(whole)),
        goal="500 ms",
        floor=f"{shown(floor)} (every distance once)",
    )
