"""The documents say what is there: commands, options, settings, the kit, and links that lead on."""

import argparse
import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

from stadi.site import cli

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
SITE = ROOT / "src" / "stadi" / "site"
KIT = ROOT / "src" / "stadi" / "kit"


def _parts(file: str, heading: str) -> dict[str, str]:
    """The text below each heading of a reference page, by the name in the heading."""
    found = re.split(heading, (REFERENCE / file).read_text("utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def _told(row: argparse.Action) -> str:
    return row.option_strings[-1] if row.option_strings else row.dest


def _public(module: Path) -> set[str]:
    names = set()
    for node in ast.parse(module.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            targets = [n for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            names |= {n.id for n in targets}
    return {name for name in names if not name.startswith("_")}


def test_every_command_and_option_is_documented_and_every_documented_one_exists() -> None:
    (commands,) = (a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction))
    there = {
        name: {_told(a) for a in made._actions if a.dest != "help"}
        for name, made in commands.choices.items()
    }
    sections = _parts("commands.md", r"^## `stadi (\w+)`$")
    told = {
        name: set(re.findall(r"^\| `(--[\w-]+|\w+)[^`]*` \|", text, re.MULTILINE))
        for name, text in sections.items()
    }
    assert told == there


def test_every_public_name_of_the_kit_is_documented_and_every_documented_one_exists() -> None:
    there = {p.stem: _public(p) for p in KIT.glob("*.py") if p.stem != "__init__"}
    sections = _parts("kit.md", r"^## `stadi\.kit\.(\w+)`$")
    told = {
        name: set(re.findall(r"^- `(\w+)`: \S", text, re.MULTILINE))
        for name, text in sections.items()
    }
    assert told == there


def test_every_environment_variable_is_documented_and_every_documented_one_is_read() -> None:
    files = ("settings.py", "house.py", "cli.py")
    code = "".join((SITE / name).read_text("utf-8") for name in files)
    read = set(re.findall(r"environ(?:\.get\(|\.setdefault\(|\[)\s*\"(\w+)\"", code))
    page = (REFERENCE / "settings.md").read_text("utf-8").partition("## city.toml")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE)) == read


def test_every_key_of_city_toml_is_documented_and_every_documented_one_is_there() -> None:
    page = (REFERENCE / "settings.md").read_text("utf-8").partition("## city.toml")[2]
    keys = set(re.findall(r"^\| `([a-z_]+)`", page, re.MULTILINE))
    assert keys == set(tomllib.loads((SITE / "city.toml").read_text("utf-8")))


def test_every_relative_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
    made_by_tests = ROOT / "docs" / "pictures"
    broken = []
    for page in pages:
        for link in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8")):
            target = (page.parent / link).resolve()
            made = target.parent == made_by_tests and target.suffix == ".png"
            if not (re.match(r"\w+:", link) or made or target.exists()):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_every_test_of_an_invariant_is_on_the_page_of_invariants_and_every_one_there_exists() -> (
    None
):
    page = (REFERENCE / "invariants.md").read_text("utf-8")
    told = {
        (int(number), file, int(tests))
        for number, files in re.findall(r"^\| (\d+) \|.*\| (.*) \|$", page, re.MULTILINE)
        for file, tests in re.findall(r"\(\.\./\.\./(tests/[\w/]+\.py)\) \((\d+)\)", files)
    }
    there = Counter(
        (int(number), file.relative_to(ROOT).as_posix())
        for file in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"^ *def test_inv_(\d+)_", file.read_text("utf-8"), re.MULTILINE)
    )
    assert told == {(*named, tests) for named, tests in there.items()}
