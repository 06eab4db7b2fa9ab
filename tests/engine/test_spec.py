"""The manual is true: every example gives its answer on every engine, and nothing is left out."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rule_engines import agreed, answers
from rule_manual.chapters import CHAPTERS
from rule_spec import NAMES, Entry, Refusal, person
from stadi.kit import rule, words
from stadi.kit.errors import StadiError

ROOT = Path(__file__).parents[2]
ENTRIES = [entry for chapter in CHAPTERS for entry in chapter.entries]
REFUSALS = [refusal for chapter in CHAPTERS for refusal in chapter.refusals]


@pytest.fixture
def remote(request: pytest.FixtureRequest) -> str | None:
    """The address of Sail; the manual is asked of the other engines also without it."""
    return request.getfixturevalue("sail") if find_spec("pysail") else None


def given(
    entry: Entry, connection: psycopg.Connection[Any], url: str | None
) -> Iterator[tuple[int, object]]:
    """Yield subject and answer of each case, once every engine has given the same."""
    for day in dict.fromkeys(one.day for one in entry.cases):
        people = [person(entry, c, i) for i, c in enumerate(entry.cases) if c.day == day]
        found = answers(
            connection, entry.rules, people, day, entry.amounts, url=url, facts=entry.facts
        )
        for subject, outcome, _, worth in agreed(found):
            yield subject, worth[0] if worth else outcome


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.heading)
def test_every_example_of_the_manual_holds_on_every_engine(
    postgres: psycopg.Connection[Any], remote: str | None, entry: Entry
) -> None:
    found = dict(given(entry, postgres, remote))
    assert found == {i: one.answer for i, one in enumerate(entry.cases)}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda x: x.code)
def test_what_the_manual_says_is_refused_is_refused_in_these_words(refusal: Refusal) -> None:
    with pytest.raises(StadiError) as refused:
        eval(refusal.code, dict(NAMES))  # noqa: S307 - the manual's own words
    assert str(refused.value) == refusal.sentence


def test_the_manual_shows_every_word_and_every_kind_of_node() -> None:
    code = set(re.findall(r"\w+", " ".join(entry.code for entry in ENTRIES)))
    verbs = {
        name
        for name, value in vars(words).items()
        if name == "as_of" or getattr(value, "__module__", "") == words.__name__
    }
    assert {name for name in verbs - code if not name.startswith("_")} == set()
    shown = {type(n) for e in ENTRIES for part in e.parts() for n in rule.walk(part)}
    assert shown == set(rule.Expr.__subclasses__())


def test_every_example_has_a_case_where_a_fact_is_missing_or_says_why_not() -> None:
    whole = {"Born on 29 February", "Stopped", "Too large to trust"}
    sure = {e.heading for e in ENTRIES if not {None, "unknown"} & {c.answer for c in e.cases}}
    assert sure <= whole


def test_the_written_manual_is_that_of_the_examples() -> None:
    check = [sys.executable, str(ROOT / "bin" / "manual"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
