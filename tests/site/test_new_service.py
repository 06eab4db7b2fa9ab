"""`stadi new service`: a folder that passes as it is, or a sentence and nothing written."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stadi import services
from stadi.insight import grades
from stadi.kit.errors import StadiError
from stadi.offers.plugins import load
from stadi.site import cli, scaffold, shelf


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; the services of the house stay as they are."""
    monkeypatch.setattr(services, "__path__", list(services.__path__))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STADI_SERVICES", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", ["bulky_waste", "a", "x2", "z" * 40, "new_service", "offer"])
def test_a_new_service_loads_with_its_examples_and_has_no_grade_while_unwritten(name: str) -> None:
    assert cli.main(["new", "service", name]) == 0
    assert f"stadi.services.{name}" in shelf.packages("services")
    made = load(f"stadi.services.{name}")
    assert made.service.id == name
    assert made.service.purpose.id == f"{name}.offer"
    given = grades.grade(made, None)
    assert given.name == ""
    low = [c.name for c, holds in given.criteria if c.grade != "gold" and not holds]
    assert low == ["is_written"]


def test_a_new_service_asks_for_the_municipality_of_its_city(tmp_path: Path) -> None:
    made = scaffold.write(name="ours", into=tmp_path, taken=(), municipality="837")
    for part in ("service.py", "cases.toml"):
        words = (made / part).read_text("utf-8")
        assert '"837"' in words
        assert "091" not in words
    shelf.packages(str(tmp_path))
    assert load("stadi.services.ours").service.id == "ours"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Waste", "is no name for a service"),
        ("bulky-waste", "is no name for a service"),
        ("2waste", "is no name for a service"),
        ("_waste", "is no name for a service"),
        ("jäte", "is no name for a service"),
        ("..", "is no name for a service"),
        ("a/b", "is no name for a service"),
        ("", "is no name for a service"),
        ("waste\n", "is no name for a service"),
        ("z" * 41, "is no name for a service"),
        ("class", "is no name for a service"),
        ("preschool", "a service is called 'preschool' already"),
    ],
)
def test_a_bad_name_is_refused_and_nothing_is_written(
    name: str, told: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", "service", name]) == 1
    assert told in capsys.readouterr().err
    assert list(elsewhere.rglob("*")) == []


def test_a_folder_that_is_there_is_left_as_it_is(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = elsewhere / "services" / "mine"
    mine.mkdir(parents=True)
    (mine / "precious.txt").write_text("mine", "utf-8")
    assert cli.main(["new", "service", "mine"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert [f.name for f in mine.iterdir()] == ["precious.txt"]


def test_a_name_taken_in_another_named_folder_is_refused(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", "service", "mine", "--into", "first", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["STADI_SERVICES"] == str(elsewhere / "first")
    monkeypatch.setenv("STADI_SERVICES", told["STADI_SERVICES"])
    assert cli.main(["new", "service", "mine", "--into", "second"]) == 1
    assert "called 'mine' already" in capsys.readouterr().err
    assert cli.main(["new", "service", "other", "--into", "second", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["STADI_SERVICES"] == f"{elsewhere / 'first'}:{elsewhere / 'second'}"


def test_a_run_that_breaks_off_leaves_nothing_half_written(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = Path.write_text

    def full(self: Path, words: str, encoding: str) -> int:
        if self.name == "texts.toml":
            raise OSError(28, "No space left on device")
        return write(self, words, encoding)

    monkeypatch.setattr(Path, "write_text", full)
    assert cli.main(["new", "service", "mine"]) == 1
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert list((elsewhere / "services").iterdir()) == []


def test_a_place_that_is_no_folder_is_said(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "services").write_text("a file", "utf-8")
    assert cli.main(["new", "service", "mine"]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("named", "told"),
    [("nowhere", "is no folder"), ("services/mine", "is one service: name the folder it lies in")],
)
def test_what_holds_no_services_is_said(named: str, told: str) -> None:
    cli.main(["new", "service", "mine"])
    with pytest.raises(StadiError, match=told):
        shelf.packages(named)


def test_two_folders_of_one_name_are_said_and_neither_is_dropped(elsewhere: Path) -> None:
    for into in ("first", "second"):
        scaffold.write(name="mine", into=elsewhere / into, taken=(), municipality="091")
    with pytest.raises(StadiError, match="is a service of the same name"):
        shelf.packages("first:second")


def test_the_services_of_the_house_are_there_without_any_folder() -> None:
    assert "stadi.services.preschool" in shelf.packages("")
    assert shelf.packages("") == shelf.packages(":")
