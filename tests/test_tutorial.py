"""A stranger writes a sixth service by the tutorial: every block of it is really done here."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from stadi import services
from stadi.insight import grades
from stadi.kit.declaring import faults
from stadi.offers.plugins import load
from stadi.site.postgres import launcher as postgres

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial-service.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Stranger:
    """Someone in an empty folder, with a terminal that remembers what it exported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exports: list[str] = []
        program = folder / "bin" / "stadi"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m stadi.site.cli "$@"\n', "utf-8")
        program.chmod(0o755)
        ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "STADI_SERVICES")
        self.env = {k: v for k, v in os.environ.items() if k not in ours} | {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "STADI_HOME": str(folder / "home"),
        }

    def write(self, path: str, words: str) -> None:
        assert (self.folder / path).exists(), "the tutorial changes only what `stadi new` wrote"
        (self.folder / path).write_text(words, "utf-8")

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        if command.startswith("export "):
            self.exports.append(command)
        script = "\n".join([*self.exports, command])
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        print(f"$ {command}\n{done.stdout}")  # noqa: T201 - what to read where a step fails
        return done


def _commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines it shows."""
    lines = block.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start].removeprefix("$ "), lines[start + 1 : end]


def _shown(expected: list[str], output: str) -> bool:
    """Whether the lines are there in this order, `…` standing for anything."""
    pattern = ".*".join("^" + re.escape(line).replace("…", "[^\n]*") + "$" for line in expected)
    return re.search(pattern, output, re.MULTILINE | re.DOTALL) is not None


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    yield Stranger(tmp_path)
    postgres.erase(tmp_path / "home")


def test_a_stranger_writes_a_sixth_service_by_the_tutorial(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language, path, words in BLOCK.findall(PAGE):
        if path:
            stranger.write(path, words)
            continue
        assert language == "console"
        for command, expected in _commands(words):
            done = stranger.type(command)
            refused = any(line.startswith("stadi: ") for line in expected)
            assert (done.returncode == 1) is refused, done.stdout
            assert _shown(expected, done.stdout), f"{expected}\n--- but ---\n{done.stdout}"
    monkeypatch.setattr(services, "__path__", [str(stranger.folder / "services")])
    given = grades.grade(load("stadi.services.bulky_waste"), None)
    assert "**silver**" in PAGE
    assert given.name == "silver"


def test_what_the_tutorial_says_cannot_be_written_is_answered_as_it_says() -> None:
    (file,) = (w for _, path, w in BLOCK.findall(PAGE) if path.endswith("service.py"))
    first = "from stadi.people import facts as pop\n"
    rows = re.findall(r"^\| `(.+?)`.* \| (.+) \|$", PAGE.partition("## 7.")[2], re.MULTILINE)
    assert len(rows) == 5
    for written, answer in rows:
        line = written.replace("... >= EIGHTY", "ALSO = EIGHTY == 80").replace(": ...", ": pass")
        line = f"ALSO = {line}" if line.startswith("pop.") else line
        changed = (
            file.replace("    version=", f"    {line},\n    version=")
            if line.startswith("score")
            else file.replace(first, f"{first}EIGHTY_ = 1\n{line}\n")
        )
        said = [sentence for _, sentence in faults(changed)]
        pattern = re.escape(answer).replace("…", ".*")
        assert any(re.match(pattern, sentence) for sentence in said), (answer, said)
