"""Every service passes its own examples, and a broken folder says which file and key to mend."""

import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from stadi.engine.explain import explain
from stadi.kit.rule import RuleError
from stadi.kit.service import ServiceError
from stadi.kit.text import LANGUAGES
from stadi.offers.plugins import PARTS, SPOKEN, Plugin, PluginError, example_person, load, plugin
from stadi.services import preschool

Broken = Callable[..., str]


@pytest.fixture(params=settings.STADI_SERVICES)
def made(request: pytest.FixtureRequest) -> Plugin:
    return load(request.param)


def test_every_example_of_every_service_comes_out_as_it_says(made: Plugin) -> None:
    for example in made.examples:
        day = date.fromisoformat(example.as_of)
        answer = explain(made.service.who, example_person(example), as_of=day)
        assert answer.outcome == example.outcome, example.name
    assert {"yes", "no", "unknown"} <= {e.outcome for e in made.examples}


def test_inv_33_every_service_speaks_finnish_swedish_and_english(made: Plugin) -> None:
    keys = [*SPOKEN, *(f"because.{rule.because}" for rule in made.service.who)]
    for key in keys:
        for language in LANGUAGES:
            assert made.say(key, language, child="Aino", unit="Päiväkoti").strip()


def test_every_service_has_an_owner_and_a_person_who_answers(made: Plugin) -> None:
    service = made.service
    for words in (service.owner, service.oversight.owner, service.oversight.queue):
        assert words.strip()
    assert service.oversight.queue_days > 0
    assert service.cannot_reach.strip()


def test_inv_02_every_service_reads_exactly_what_its_purpose_names(made: Plugin) -> None:
    assert {f.name for f in made.service.facts()} == {f.name for f in made.service.purpose.uses}


def test_a_digest_is_the_same_until_a_file_changes(made: Plugin, broken: Broken) -> None:
    assert made.digest == load(_package(made)).digest
    changed = broken("README.md", "#", "##")
    assert load(changed).digest != load("stadi.services.preschool").digest


def _package(made: Plugin) -> str:
    return next(
        name for name in settings.STADI_SERVICES if load(name).service.id == made.service.id
    )


def test_a_service_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(PluginError, match=r"'nothing'; there are: .*preschool"):
        plugin("nothing")


# ── broken copies ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Broken:
    """A copy of the preschool's folder with `old` replaced by `new` in one of its files."""
    package = f"broken_{abs(hash(request.node.name))}"
    folder = tmp_path / package
    shutil.copytree(
        Path(preschool.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in (package, f"{package}.service"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def change(file: str, old: str, new: str) -> str:
        words = (folder / file).read_text("utf-8")
        assert old in words
        (folder / file).write_text(words.replace(old, new, 1), "utf-8")
        return package

    change.folder = folder  # type: ignore[attr-defined]
    return change


def test_a_whole_copy_loads(broken: Broken) -> None:
    assert load(broken("README.md", "#", "#")).service.id == "preschool"


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_file_is_named(broken: Broken, part: str) -> None:
    package = broken("README.md", "#", "#")
    (broken.folder / part).unlink()  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match=f"{package}: {part} is missing"):
        load(package)


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (
            "texts.toml",
            'sv = "',
            'zz = "',
            r"texts.toml: title has no words in 'sv'",
        ),
        (
            "texts.toml",
            '[because.lives_here]\nfi = "',
            '[because.lives_here]\nfi = " "\nzz = "',
            r"texts.toml: because.lives_here has no words in 'fi'",
        ),
        (
            "texts.toml",
            "[because.turns_six]",
            "[because.turns_seven]",
            r"texts.toml: because.turns_six is missing",
        ),
        ("texts.toml", "[human]", "[robot]", r"texts.toml: human is missing"),
        (
            "texts.toml",
            'fi = "Paikka: {child}',
            'fi = "Paikka: {lapsi}',
            r"texts.toml: offer_title in 'fi' has the field \{lapsi\}, which nothing fills",
        ),
        (
            "texts.toml",
            'fi = "Paikka: {child}',
            'fi = "Paikka: {child',
            r"texts.toml: offer_title in 'fi' has braces that do not fit",
        ),
        ("texts.toml", "[decision.appeal]", "[decision.x]", r"decision.appeal is missing"),
        ("texts.toml", "[title]", "[title", r"texts.toml: .*line 1"),
        ("texts.toml", "[title]", 'stray = "x"\n[title]', r"texts.toml: stray is not a table"),
        ("cases.toml", "as_of = 2027-01-15\n", "", r"cases.toml: a case lacks 'as_of'"),
        (
            "cases.toml",
            "2020-12-31",
            "2021-12-31",
            r"cases.toml: 'turned six last year' should be no .*comes out yes",
        ),
        (
            "cases.toml",
            '["lives_here"]',
            '["turns_six"]',
            r"cases.toml: 'lives in another municipality' should be no \('turns_six',\)",
        ),
        (
            "cases.toml",
            "as_of = 2027-01-15",
            "as_of = 2010-01-15",
            r"cases.toml: 'turns six this year.*starting_age has no value on 2010-01-15",
        ),
        (
            "cases.toml",
            "birth_date = 2021-08-14",
            'birth_date = "soon"',
            r"cases.toml: 'turns six this year.*people.birth_date is date, and was given as str",
        ),
        (
            "cases.toml",
            'municipality = "049"',
            "municipality = 49",
            r"cases.toml: 'lives in another.*people.municipality is text, and was given as int",
        ),
    ],
)
def test_a_broken_folder_names_its_file_and_key(
    broken: Broken, file: str, old: str, new: str, sentence: str
) -> None:
    package = broken(file, old, new)
    with pytest.raises(PluginError, match=sentence) as caught:
        load(package)
    assert file in str(caught.value)


def test_a_fact_that_the_purpose_does_not_name_is_said_by_the_service(broken: Broken) -> None:
    package = broken("service.py", 'pop.safety_ban: "what must never be shown",', "")
    with pytest.raises(ServiceError, match=r"service preschool: reads \['people.safety_ban'\]"):
        load(package)


def test_a_dropped_clause_is_said_by_the_rule(broken: Broken) -> None:
    package = broken("service.py", 'pop.municipality == "091",', 'bool(pop.municipality == "091"),')
    with pytest.raises(RuleError, match="write & for and"):
        load(package)
