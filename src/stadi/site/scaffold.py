"""Writes the folder of a new service: a copy of `new_service` that passes as it is."""

import keyword
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from stadi.kit.errors import StadiError

TEMPLATE = Path(__file__).with_name("new_service")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class ScaffoldError(StadiError):
    """No service of that name can be written there; the sentence says why."""


def write(*, name: str, into: Path, taken: Collection[str], municipality: str) -> Path:
    """Write a new service's folder below `into` and return it; whole, or not at all."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        message = (
            f"{name!r} is no name for a service: write up to 40 small letters a to z, digits and _,"
            " a letter first, and no word of Python, such as bulky_waste"
        )
        raise ScaffoldError(message)
    if name in taken:
        raise ScaffoldError(f"a service is called {name!r} already: choose another name")
    made, half = into / name, into / f".{name}.half"
    if made.exists():
        raise ScaffoldError(f"{made} is there already: choose another name, or move it away")
    try:
        into.mkdir(parents=True, exist_ok=True)
        _fill(half, {TEMPLATE.name: name, '"091"': f'"{municipality}"'})
        half.rename(made)
    except OSError as error:
        shutil.rmtree(half, ignore_errors=True)
        raise ScaffoldError(f"{made} cannot be written: {error.strerror}") from error
    return made


def _fill(folder: Path, changed: dict[str, str]) -> None:
    """Copy the template's files into an empty folder, some of their words changed."""
    shutil.rmtree(folder, ignore_errors=True)  # what a broken run left
    folder.mkdir()
    for part in sorted(f for f in TEMPLATE.iterdir() if f.is_file()):
        words = part.read_text("utf-8")
        for old, new in changed.items():
            words = words.replace(old, new)
        (folder / part.name).write_text(words, "utf-8")
