"""Every service passes its own examples, and a broken folder says which file and key to mend."""

import os
import py_compile
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from stadi.engine.explain import explain
from stadi.kit.text import LANGUAGES
from stadi.offers.plugins import (
    FILLED,
    PARTS,
    SPOKEN,
    Plugin,
    PluginError,
    example_person,
    load,
    plugin,
    plugins,
)
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
            assert made.say(key, language, **dict.fromkeys(FILLED, "x")).strip()


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


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('pop.safety_ban: "what must never be shown",', "", r"reads \['people.safety_ban'\]"),
        ('pop.municipality == "091",', 'bool(pop.municipality == "091"),', r"bool\(\.\.\.\) is no"),
        ('pop.municipality == "091"', "pop.municipality == 91", r"= after a text needs text"),
        ('pop.municipality == "091"', "pop.nowhere == 91", r"has no attribute 'nowhere'"),
        ("Guardians(guardian=", "Guardians(nobody=", r"Guardians\(\.\.\.\) cannot say `nobody`"),
        ('    line="A1",\n', "", r"missing 1 required keyword-only argument: 'line'"),
        ("date(2015, 8, 1)", "date(2015, 13, 1)", r"month must be in 1\.\.12"),
        ("date(2015, 8, 1)", "date(2015, 8, 1)\nNONE = 1 // 0", r"division or modulo by zero"),
        ("value=400, law=LAW", 'value=400, law=""', r"same_house names no law"),
        (
            "Dated(since=START, value=400, law=LAW),",
            "Dated(since=START, value=400, law=LAW), Dated(since=START, value=500, law=LAW),",
            r"same_house has two values on 2015-08-01",
        ),
        ("stadi.people import facts", "stadi.nowhere import facts", r"No module named"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused_with_its_line(
    broken: Broken, old: str, new: str, sentence: str
) -> None:
    package = broken("service.py", old, new)
    with pytest.raises(PluginError, match=rf"^{package}/service\.py:\d+: .*{sentence}"):
        load(package)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('because="turns_six"', 'because="risk_score"', "no score of a person|no risk of a person"),
        ('because="turns_six"', 'because="label.late"', "no label of a person"),
        ('    cannot_reach="', '    score=7,\n    cannot_reach="', "cannot say `score`"),
        ('    cannot_reach="', '    ranking=(),\n    cannot_reach="', "cannot say `ranking`"),
        ('    cannot_reach="', '    share_with=("kela",),\n    cannot_reach="', "`share_with`"),
        (
            '    cannot_reach="',
            '    amounts=(Amount(name="points", value=age(pop.birth_date)),),\n    cannot_reach="',
            "works out 'points' and offers it to nobody",
        ),
        (
            'pop.municipality == "091",',
            '(pop.municipality == "091") & (pop.contact_language == "sv"),',
            "decides by people.contact_language, which no rule may",
        ),
        ('level="L2"', 'level="L3"', "name the law in silence=Grants"),
        ('level="L2"', 'level="L9"', "which is none of"),
        ("undo_hours=24,", 'undo_hours=24, silence=Grants(law="x"),', "may not take silence for a"),
    ],
)
def test_inv_20_no_service_scores_labels_ranks_or_shares_or_takes_silence_for_a_yes(
    broken: Broken, old: str, new: str, sentence: str
) -> None:
    package = broken("service.py", "Rule\n", "Rule, Amount\n")
    file: Path = broken.folder / "service.py"  # type: ignore[attr-defined]
    words = file.read_text("utf-8").replace("Assign,", "Assign,\n    Grants,", 1)
    words = words.replace("import as_of", "import age, as_of", 1)
    assert old in words
    file.write_text(words.replace(old, new, 1), "utf-8")
    with pytest.raises(PluginError, match=rf"^{package}/service\.py:\d+: .*({sentence})"):
        load(package)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({'kind="public_task"': 'kind="consent"', '"L2"': '"L3"'}, "silence is no consent"),
        ({'"L2"': '"L4",\n    costs="12 euros a month"'}, r"grants at L4 what costs .*12 euros"),
        ({'"L2"': '"L0"'}, "may not take silence for a yes|only tells at L0"),
    ],
)
def test_inv_26_silence_grants_neither_a_consent_nor_what_costs(
    broken: Broken, changes: dict[str, str], sentence: str
) -> None:
    broken("service.py", "undo_hours=24,", 'undo_hours=24, silence=Grants(law="an act"),')
    package = broken("service.py", "    Guardians,", "    Grants,\n    Guardians,")
    for old, new in changes.items():
        broken("service.py", old, new)
    with pytest.raises(PluginError, match=sentence):
        load(package)


@pytest.mark.parametrize("name", ["decide.py", "model.pkl", "notes.txt", "more"])
def test_a_folder_holds_nothing_but_the_parts_of_a_service(broken: Broken, name: str) -> None:
    package = broken("README.md", "#", "#")
    (broken.folder / name).mkdir()  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match=f"{package}/{name} is no part of a service"):
        load(package)


def test_nothing_of_a_folder_runs_before_it_is_checked(broken: Broken) -> None:
    package = broken("service.py", '"""A pre', 'raise SystemExit\n"""A pre')
    with pytest.raises(PluginError, match=rf"{package}/service.py:1: Raise is no part"):
        load(package)
    (broken.folder / "__init__.py").write_text("raise SystemExit")  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match=r"__init__\.py must be empty"):
        load(package)


def test_what_runs_is_the_text_that_was_checked_and_no_compiled_file_beside_it(
    broken: Broken,
) -> None:
    package = broken("README.md", "#", "#")
    file: Path = broken.folder / "service.py"  # type: ignore[attr-defined]
    fit = file.read_text("utf-8")
    file.write_text("raise SystemExit".ljust(len(fit.encode())), "utf-8")
    stamp = file.stat()
    py_compile.compile(str(file))
    file.write_text(fit, "utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert load(package).service.id == "preschool"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"SERVICE = 7", "SERVICE is no Service"), (b"\xff", "is not written in UTF-8")],
)
def test_a_file_that_declares_no_service_is_refused(
    broken: Broken, content: bytes, sentence: str
) -> None:
    package = broken("README.md", "#", "#")
    (broken.folder / "service.py").write_bytes(content)  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match=sentence):
        load(package)


def test_a_folder_that_is_not_there_is_said() -> None:
    with pytest.raises(PluginError, match=r"stadi\.services\.nowhere: there is no such folder"):
        load("stadi.services.nowhere")


def test_two_services_of_one_name_are_refused(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = broken("README.md", "#", "#")
    monkeypatch.setattr(settings, "STADI_SERVICES", ["stadi.services.preschool", package])
    plugins.cache_clear()
    with pytest.raises(PluginError, match=f"{package}: another service is called 'preschool'"):
        plugins()
    plugins.cache_clear()
