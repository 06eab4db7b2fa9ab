"""Kills a process at every statement of a saga's life, one after the other, and counts effects.

Not part of the tests: `python bench/soak_saga.py [every]` takes some minutes; `every` skips
statements. It uses the tests' own database server and a database of its own.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
MOST = 1_000  # statements in a life: far more than there are
sys.path[:0] = [str(ROOT / "src"), str(TESTS)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")


def soak(every: int) -> None:
    """Kill before and after each statement of both lives, and check what came of it."""
    from dying import bury
    from fulfil import life
    from stadi.fulfil import actions as fulfil
    from stadi.kit.actor import SYSTEM

    with killer() as child:
        for ending in ("finish", "undo"):
            for when in ("before", "after"):
                begun, kills = time.perf_counter(), 0
                for number in range(1, MOST, every):
                    cases = [uuid4() for _ in range(3)]
                    life.hold(cases)
                    order = {"cases": list(map(str, cases)), "number": number, "when": when}
                    if told(child, {**order, "ending": ending}) != "killed":
                        break
                    kills += 1
                    bury()
                    life.live(cases, ending)
                    life.check_whole(cases, ending)
                    fulfil.undo(by=dict.fromkeys(cases, SYSTEM), at=life.LATER)
                took = time.perf_counter() - begun
                print(f"{ending}, {when}: {kills} kills, nothing lost or doubled, {took:.0f} s")
        assert child.stdin is not None
        child.stdin.close()


def killer() -> "subprocess.Popen[str]":
    """Start the program that dies to order, on this database."""
    from django.db import connection
    from psycopg.conninfo import make_conninfo

    chosen = connection.settings_dict
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER"}
    parts = {key: str(chosen[name] or "") for key, name in names.items()}
    address = make_conninfo(**parts, password=str(chosen["PASSWORD"]))
    return subprocess.Popen(
        [sys.executable, str(TESTS / "fulfil" / "killed.py")],
        env={**os.environ, "DATABASE_URL": address, "PYTHONPATH": os.pathsep.join(sys.path[:2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(child: "subprocess.Popen[str]", order: dict[str, Any]) -> str:
    """Give an order and return how it ended."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(order) + "\n")
    child.stdin.flush()
    return child.stdout.readline().strip()


def main() -> None:
    """Soak in a database of its own."""
    import django

    django.setup()
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(verbosity=0, interactive=False)
    before = runner.setup_databases()
    try:
        soak(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    finally:
        runner.teardown_databases(before)


if __name__ == "__main__":
    main()
