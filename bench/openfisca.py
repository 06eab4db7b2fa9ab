"""R1: OpenFisca's country template for a million persons, seven variables, every answer equal.

`python bench/openfisca.py FOLDER` is our own side of the race: like the rival's it reads the
folder's files, runs once for each line it is given, and answers with one line of JSON.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import country
import numpy as np
import pyarrow as pa
from pyarrow import parquet
from table import NO_RIVAL, Row, megabytes, once, pairs, peak, rival, runner, shown, times

from stadi.engine import sweep

HERE = Path(__file__).parent
DAY = date(2027, 1, 1)
PERSONS, HOUSEHOLDS = 1_000_000, 500_000
PAIRS = 5
WORK = f"{PERSONS:,} persons, {HOUSEHOLDS:,} households, 7 variables"
STATUS = np.array(["owner", "tenant", "free_lodger", "homeless"])  # in the template's order
VIEWS = ("persons", "homes", "members")


def rows() -> list[Row]:
    """Return calculation, the whole way and memory, after every answer was compared."""
    with tempfile.TemporaryDirectory(prefix="stadi-bench-") as name:
        folder = Path(name)
        given = draw()
        write(folder, given)
        python, ours = rival("openfisca"), [sys.executable, Path(__file__), folder]
        floor = once(lambda: [array.sum() for n, array in given.items() if n != "birth"])
        if python is None:
            with runner(ours) as us:
                most = us.run()["peak"]
                found = ([], [us.run() for _ in range(PAIRS)])
            return table(found, (0, most), floor)
        with (
            runner([python, "-I", HERE / "rivals" / "openfisca.py", folder]) as them,
            runner(ours) as us,
        ):
            peaks = (them.run("keep")["peak"], us.run("keep")["peak"])
            compare(folder)
            return table(pairs(them, us, PAIRS), peaks, floor)


def table(
    found: tuple[list[dict[str, Any]], ...], peaks: tuple[float, float], floor: float
) -> list[Row]:
    """Return the three rows; `found` holds the rival's answers, if any, and ours.

    The peaks are those of each side's first run: later ones keep what the garbage collector leaves.
    """
    middle = {
        key: [statistics.median(a[key] for a in side) if side else 0 for side in found]
        for key in ("calculate", "whole")
    }
    least = f"{shown(floor)} (add up every input)"
    return [
        row("calculate", middle["calculate"], shown, goal="25x", floor=least),
        row("from files to answers", middle["whole"], shown, goal="40x"),
        row("peak memory of the process", peaks, megabytes, goal="4x"),
    ]


def row(
    what: str,
    both: Sequence[float],
    show: Callable[[float], str],
    *,
    goal: str,
    floor: str = "",
) -> Row:
    """Return a row of what was measured of both; zero is a rival that is not there."""
    theirs, ours = both
    return Row(
        axis="R1",
        rival="OpenFisca-core 46.0.1, country-template 8.2.0",
        workload=f"{WORK}: {what}",
        theirs=show(theirs) if theirs else NO_RIVAL,
        ours=show(ours),
        ratio=times(theirs, ours) if theirs else "",
        goal=goal,
        floor=floor,
    )


def draw(seed: int = 2027) -> dict[str, np.ndarray]:
    """Return invented persons in invented homes; incomes are whole euros.

    So no tax ends on half a cent, and what OpenFisca says in floating point is one sum of cents.
    """
    rng = np.random.default_rng(seed)
    more = rng.integers(0, HOUSEHOLDS, PERSONS - HOUSEHOLDS)
    home = np.sort(np.concatenate([np.arange(HOUSEHOLDS), more]))
    first = np.r_[True, home[1:] != home[:-1]]
    second = np.r_[False, first[:-1]] & ~first
    adult = first | second & (rng.random(PERSONS) < 0.6)
    days = np.where(
        adult, rng.integers(18 * 366, 95 * 365, PERSONS), rng.integers(0, 18 * 365, PERSONS)
    )
    earned = np.where(rng.random(PERSONS) < 0.7, rng.lognormal(7.9, 0.6, PERSONS), 0)
    little = rng.random(PERSONS) < 0.15
    salary = np.where(adult, np.where(little, earned % 450, earned.clip(0, 30_000)), 0).round()
    returns = np.where(adult & (rng.random(PERSONS) < 0.2), rng.exponential(120, PERSONS), 0)
    return {
        "person": np.arange(PERSONS),
        "household": np.arange(HOUSEHOLDS),
        "home": home,
        "role": np.where(adult, 0, 1),
        "birth": np.datetime64(DAY) - days,
        "salary": salary.astype(np.float32),
        "capital_returns": returns.round().astype(np.float32),
        "accommodation_size": rng.integers(12, 180, HOUSEHOLDS).astype(np.float32),
        "housing_occupancy_status": rng.integers(0, 4, HOUSEHOLDS).astype(np.int16),
    }


def write(folder: Path, given: dict[str, np.ndarray]) -> None:
    """Write the inputs for each side in the form that it reads fastest."""
    for name, array in given.items():
        np.save(folder / f"{name}.npy", array)
    earner = {
        "birth": pa.array(given["birth"].astype("datetime64[D]")),
        "salary": given["salary"].astype(np.int64) * 100,
        "capital_returns": given["capital_returns"].astype(np.int64) * 100,
    }
    ok = {"basis": np.repeat("ok", PERSONS)}
    role = np.array(["adult", "child"])[given["role"]]
    tables = {
        "persons": {"subject": given["person"], **ok, **earner},
        "members": {"subject": given["home"], **earner, "role": role},
        "homes": {
            "subject": given["household"],
            "basis": ok["basis"][:HOUSEHOLDS],
            "accommodation_size": given["accommodation_size"].astype(np.int64),
            "status": STATUS[given["housing_occupancy_status"]],
        },
    }
    for name, columns in tables.items():
        parquet.write_table(pa.table(columns), folder / f"{name}.parquet")


def compare(folder: Path) -> None:
    """Assert that each person's and each household's answers are the same number of cents."""
    with np.load(folder / "theirs.npz") as theirs, np.load(folder / "ours.npz") as ours:
        assert len(ours.files) == 7
        for name in ours.files:
            cents = np.rint(theirs[name].astype(np.float64) * 100).astype(np.int64)
            assert np.array_equal(cents, ours[name]), name


def ask(tables: dict[str, pa.Table]) -> list[sweep.Sweep]:
    """Return what the rules say of every person and of every household."""
    persons, homes, members = (tables[name] for name in VIEWS)
    asked = (
        ({"subject": persons}, country.OF_PERSONS),
        ({"subject": homes, "member": members}, country.OF_HOUSEHOLDS),
    )
    return [
        sweep.run(
            (),
            sweep.Extract(tables=seen, facts=(), as_of=DAY, snapshot="bench"),
            amounts=amounts,
        )
        for seen, amounts in asked
    ]


def run(folder: Path, word: str) -> dict[str, float]:
    """Read and calculate; keep the answers on disk where the word is "keep"."""
    opened = time.perf_counter()
    tables = {name: parquet.read_table(folder / f"{name}.parquet") for name in VIEWS}
    begun = time.perf_counter()
    found = ask(tables)
    ended = time.perf_counter()
    if word == "keep":
        arrays = {name: a.to_numpy() for one in found for name, a in one.amounts.items()}
        np.savez(folder / "ours.npz", **arrays)
    return {"calculate": ended - begun, "whole": ended - opened, "peak": peak()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(Path(sys.argv[1]), line.strip())), flush=True)
