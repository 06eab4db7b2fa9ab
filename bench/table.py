"""What every race shares: a row of the table, fair timing, a child process that runs on call."""

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NO_RIVAL = "rival not installed"
COLUMNS = ("axis", "rival", "workload", "rival's figure", "ours", "ratio", "goal", "floor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; what was not measured or promised stays empty."""

    axis: str
    workload: str
    ours: str
    rival: str = ""
    theirs: str = ""
    ratio: str = ""
    goal: str = ""
    floor: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line in the order of the columns."""
        line = (self.axis, self.rival, self.workload, self.theirs, self.ours)
        return (*line, self.ratio, self.goal, self.floor)


def shown(seconds: float) -> str:
    """Return seconds in the unit that reads best."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"


def megabytes(kilobytes: float) -> str:
    """Return a size that the system gives in kilobytes."""
    return f"{kilobytes / 1024:,.0f} MB"


def times(slow: float, fast: float) -> str:
    """Return how many times as fast the second is."""
    found = slow / fast
    return f"{found:.0f}x" if found >= 10 else f"{found:.2f}x"


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Return the median time of a piece of work after one warm-up."""
    work()
    return statistics.median(once(work) for _ in range(times))


def once(work: Callable[[], object]) -> float:
    """Return the time of a piece of work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def rival(name: str) -> Path | None:
    """Return a rival's Python: STADI_BENCH_RIVALS holds an environment of each name."""
    folder = os.environ.get("STADI_BENCH_RIVALS")
    python = Path(folder or "") / name / "bin" / "python"
    return python if folder and python.exists() else None


def peak() -> int:
    """Return the most memory this process ever held, in kilobytes.

    Not `ru_maxrss`, which begins at what the parent held when it started this process.
    """
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0])


class Runner:
    """A child process that runs its work once for each line, and answers with one line of JSON."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self.child = child

    def run(self, word: str = "go") -> dict[str, Any]:
        """Let the child run once and return what it says."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        print(word, file=self.child.stdin, flush=True)
        line = self.child.stdout.readline()
        assert line, f"{self.child.args} ended without an answer"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def runner(command: Sequence[str | Path]) -> Iterator[Runner]:
    """Start a child process; it ends with its input."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        yield Runner(child)


def pairs(one: Runner, other: Runner, count: int) -> tuple[list[dict[str, Any]], ...]:
    """Let two children run in turn; the first answer of each is a warm-up and is left out."""
    both = [(one.run(), other.run()) for _ in range(count + 1)][1:]
    return [a for a, _ in both], [b for _, b in both]
