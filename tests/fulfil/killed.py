"""A program that does what each line of its input says, and is killed (SIGKILL) doing it.

Each line has a process of its own, which dies before or after the statement of that number; the
program says how it ended.
"""

import json
import os
import signal
import sys
from typing import Any
from uuid import UUID

import django
import pyarrow as pa


class Killer:
    """Kills its own process before or after a statement."""

    def __init__(self, number: int, when: str) -> None:
        self.number, self.when, self.count = number, when, 0

    def __call__(self, execute: Any, *statement: Any) -> Any:
        """Run a statement, unless it is the one."""
        self.count += 1
        if self.count == self.number and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(*statement)
        if self.count == self.number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def die(order: dict[str, Any]) -> None:
    """Live the lives of cases, as far as it comes."""
    from django.db import connection  # noqa: PLC0415 - after Django is set up

    from fulfil import life  # noqa: PLC0415
    from stadi.fulfil import runner  # noqa: PLC0415

    runner.SIZE = 2  # so that there are several batches between which to die
    with connection.execute_wrapper(Killer(order["number"], order["when"])):
        life.live([UUID(case) for case in order["cases"]], order["ending"])


def main() -> None:
    """Take orders: one process for each."""
    django.setup()
    pa.array([""])  # what it imports the first time, it need not import in every process
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            die(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"ended {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
