"""Races of the assignment: stable matching against a rival, and the optimum with its certificate.

The rival lives in an environment of its own: STADI_BENCH_RIVALS names a folder that holds one
environment per file of `bench/rivals`, such as `matching/bin/python`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stadi.fulfil.assignment.assign import assign
from stadi.fulfil.assignment.check import check
from stadi.fulfil.assignment.stable import stable
from stadi.fulfil.domain import Seeker, Term, Vacancy

Row = tuple[str, str, str, str, str]
CHILDREN, UNITS, CHOICES = 7_000, 350, 5
PAIRS = 3
# The rival copies its players deeply, one inside the other: it needs a deep stack.
RIVAL = """
import json, pathlib, sys, threading, time, warnings
from matching.games import HospitalResident
warnings.simplefilter("ignore")
sys.setrecursionlimit(10**6)
threading.stack_size(1 << 29)
game = json.loads(pathlib.Path(sys.argv[1]).read_text())
likes = {f"c{c}": [f"u{u}" for u in units] for c, units in enumerate(game["likes"])}
ranks = {f"u{u}": [f"c{c}" for c in inside] for u, inside in enumerate(game["ranks"])}
places = {f"u{u}": n for u, n in enumerate(game["places"])}
def run():
    for _ in sys.stdin:
        begun = time.perf_counter()
        solved = HospitalResident.create_from_dictionaries(likes, ranks, places).solve()
        spent = time.perf_counter() - begun
        at = {int(c.name[1:]): int(u.name[1:]) for u, inside in solved.items() for c in inside}
        print(json.dumps([spent, sorted(at.items())]), flush=True)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


def rows() -> list[Row]:
    """Return what was measured: name, ours, ratio, floor, goal."""
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
    what = f"stable matching, {CHILDREN:,} x {UNITS} x {CHOICES} (rival: matching 1.4.3)"
    given = game()
    python = Path(os.environ.get("STADI_BENCH_RIVALS", "")) / "matching" / "bin" / "python"
    floor = (
        f"{_shown(_median(lambda: np.sort(np.array(given['likes']).ravel())))} (lists, one sort)"
    )
    if not ("STADI_BENCH_RIVALS" in os.environ and python.exists()):
        return what, _shown(_median(lambda: solve(given))), "rival not installed", floor, "1000x"
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "game.json"
        told.write_text(json.dumps(given), "utf-8")
        with subprocess.Popen(
            [python, "-I", "-c", RIVAL, told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as rival:
            assert rival.stdin is not None
            assert rival.stdout is not None
            for _ in range(PAIRS):
                print("go", file=rival.stdin, flush=True)
                spent, at = json.loads(rival.stdout.readline())
                begun = time.perf_counter()
                mine = solve(given)
                ours.append(time.perf_counter() - begun)
                theirs.append(spent)
                assert sorted(mine.items()) == [tuple(pair) for pair in at]
    fast, slow = statistics.median(ours), statistics.median(theirs)
    return what, f"{_shown(fast)} vs {_shown(slow)}", f"{slow / fast:.0f}x faster", floor, "1000x"


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
    floor = _median(lambda: ((homes[:, None] - there) ** 2).sum(axis=2).argmin(axis=1))
    spent = _median(whole)
    return (
        "assign and certify 6,000 x 300, all units priced",
        _shown(spent),
        f"{spent / floor:.0f}x the floor",
        f"{_shown(floor)} (every distance once)",
        "500 ms",
    )


def _median(work: Callable[[], object], times: int = 5) -> float:
    work()
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def _shown(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.2f} ms"


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row))
    sys.exit(0)
