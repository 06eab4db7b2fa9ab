"""Measures Stadi on this machine and prints one table; docs/reference/bench.md says how to read it.

Races alternate in one run, outputs are compared before a time is printed, and medians are shown.
Times move with the machine; the ratios are what may be quoted.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import assignment
import city
import mail
import openfisca
import parquet
from rich.console import Console
from rich.live import Live
from rich.table import Table
from table import COLUMNS, Row

from stadi.site.figures import WHOLE_CITY
from stadi.site.postgres import launcher as postgres


def in_a_city(residents: int) -> list[Row]:
    """Return the rows of a city of its own, and clear it away."""
    with tempfile.TemporaryDirectory(prefix="stadi-bench-") as folder:
        try:
            return city.rows(Path(folder), residents)
        finally:
            postgres.erase(Path(folder))


def wanted(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=WHOLE_CITY, help="size of the demo city")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    return parser.parse_args(words)


# The city comes first: its peak memory is the highest of this process so far.
PARTS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "city": lambda asked: in_a_city(asked.residents),
    "assignment": lambda _: assignment.rows(),
    "openfisca": lambda _: openfisca.rows(),
    "parquet": lambda _: parquet.rows(),
    "mail": lambda _: mail.rows(),
}


def main(words: Sequence[str]) -> int:
    """Measure what is asked for and print one table."""
    asked = wanted(words)
    table = Table(*COLUMNS)
    console = Console()
    console.width = max(console.width, 200)
    # rows show as they come, and stay where a later part fails
    with Live(table, console=console, auto_refresh=False) as shown:
        for name, part in PARTS.items():
            for row in part(asked) if name in asked.only else ():
                table.add_row(*row.cells())
            shown.refresh()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
