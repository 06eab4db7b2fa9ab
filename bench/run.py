"""Measures the loop on this machine: ratios in one run, the floor and the goal beside them.

Each pair alternates, its outputs are compared before a time is printed, and medians are shown.
Times move with the machine; the ratios are what may be quoted.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from stadi.site import figures, house
from stadi.site.postgres import launcher as postgres

RESIDENTS = 20_000
GOALS = {"total": 20.0}
Row = tuple[str, str, str, str, str]


def seconds(work: Callable[[], Any], times: int = 7) -> float:
    """Return the median time of a piece of work after one warm-up."""
    work()
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def shown(value: float) -> str:
    """Return seconds in the unit that reads best."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.2f} ms"


def loop(report: dict[str, Any]) -> list[Row]:
    """Return a row for every step of the loop."""
    return [
        (
            f"stadi demo, {RESIDENTS:,}: {name}",
            shown(spent),
            "",
            "",
            f"{GOALS[name]} s" if name in GOALS else "",
        )
        for name, spent in report["seconds"].items()
    ]


def screening() -> Row:
    """Compare the compiled rules with the interpreter over the same extract, outputs equal."""
    import numpy as np

    from stadi.engine import sweep
    from stadi.engine.explain import Person, explain
    from stadi.offers.actions import rounds
    from stadi.offers.plugins import plugin
    from stadi.record import actions as record

    made, at = plugin("preschool"), record.now()
    seen = rounds.read(plugin=made, at=at)
    tables = seen.tables
    rows = tables["subject"].to_pylist()
    placed: dict[int, list[dict[str, Any]]] = {}
    for row in tables["placement"].to_pylist():
        placed.setdefault(row["subject"], []).append(row)
    everyone = [
        Person(
            subject=row["subject"],
            basis=row["basis"],
            facts=row,
            rows={"placement": placed.get(row["subject"], [])},
        )
        for row in rows
    ]

    def interpreted() -> list[str]:
        return [explain(made.service.who, p, as_of=at.date()).outcome for p in everyone]

    compiled = sweep.run(made.service.who, seen)
    from stadi.engine.sql import OUTCOMES

    assert [OUTCOMES[o] for o in compiled.outcomes] == interpreted()
    years = np.asarray(tables["subject"]["birth_date"].cast("int32").fill_null(0))
    fast = seconds(lambda: sweep.run(made.service.who, seen))
    slow = seconds(interpreted, 3)
    floor = seconds(lambda: int((years > 18_000).sum()))
    return (
        f"screen {len(rows):,} residents (rival: our interpreter)",
        shown(fast),
        f"{slow / fast:.1f}x faster",
        f"{shown(floor)} (scan of one column)",
        "",
    )


def page() -> Row:
    """Time a resident's home page at the server, beside the framework's empty answer."""
    from django.test import Client

    client, guest = Client(), Client()
    client.post("/en/sign-in", {"person": "1"})
    home = seconds(lambda: client.get("/en/"), 50)
    floor = seconds(lambda: guest.get("/"), 50)
    return (
        "a resident's page at the server",
        shown(home),
        f"{home / floor:.1f}x the floor",
        f"{shown(floor)} (a redirect)",
        "30 ms",
    )


def measure(home: Path) -> list[Row]:
    """Return all rows, measured on a city of its own."""
    drawn = figures.draw_city(residents=RESIDENTS, seed=2027, areas=figures.areas(home))
    with house.drawing(home):
        from django.conf import settings

        from stadi.site import demo

        settings.ALLOWED_HOSTS = ["*"]
        return [*loop(demo.build(drawn)), screening(), page()]


def main() -> int:
    """Measure, print one table, and clear up."""
    with tempfile.TemporaryDirectory(prefix="stadi-bench-") as folder:
        try:
            table = Table("what", "measured", "ratio", "floor", "goal")
            for row in measure(Path(folder)):
                table.add_row(*row)
            Console(width=120).print(table)
        finally:
            postgres.erase(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
