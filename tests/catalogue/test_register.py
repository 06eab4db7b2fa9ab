"""The imported register of errands: the same file twice, a newer one, a refused one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

import errand_file
from conftest import NOON
from stadi.catalogue import actions as catalogue
from stadi.catalogue.importing import FileError
from stadi.catalogue.models import Errand, File
from stadi.kit.actor import SYSTEM
from stadi.record.models import Entry

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=30)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return errand_file.write(tmp_path / "errands.json", errand_file.errands())


def _import(file: Path, at: Any = NOON) -> Any:
    return catalogue.import_errands(file=file, by=SYSTEM, at=at)


def _entries() -> list[Any]:
    return list(Entry.objects.filter(kind="catalogue.errands_imported").order_by("id"))


def test_before_the_first_import_there_is_no_register():
    assert catalogue.register() is None


def test_the_register_holds_what_the_file_tells(file: Path):
    change = _import(file)
    assert change.new == (101, 102, 103)
    register = catalogue.register()
    assert (register.file, register.at, register.gone) == ("errands.json", NOON, frozenset())
    told = catalogue.importing.read(file.read_bytes(), name=file.name)
    assert register.errands == told
    assert {row.file.name for row in Errand.objects.all()} == {"errands.json"}
    (entry,) = _entries()
    assert entry.body["new"] == 3


def test_the_same_file_again_changes_nothing(file: Path):
    _import(file)
    before = list(Errand.objects.order_by("id").values()), list(File.objects.values())
    again = _import(file, LATER)
    assert not again
    assert again.unchanged == (101, 102, 103)
    assert (list(Errand.objects.order_by("id").values()), list(File.objects.values())) == before
    assert len(_entries()) == 1


def test_a_newer_file_corrects_adds_and_marks_as_gone(file: Path):
    _import(file)
    value = errand_file.errands()
    value[0]["en"]["name"] = "Apply for a place"
    del value[1]
    value.append({"id": 104, "fi": errand_file.version(104, "Uusi"), "sv": [], "en": []})
    change = _import(errand_file.write(file.with_name("newer.json"), value), LATER)
    assert change.new == (104,)
    assert (change.changed, change.unchanged, change.gone) == ((101,), (103,), (102,))
    register = catalogue.register()
    assert sorted(register.errands) == [101, 103, 104]
    assert (register.file, register.at, register.gone) == ("newer.json", LATER, {102})
    assert register.errands[101].words.en.name == "Apply for a place"
    gone = Errand.objects.get(id=102)
    assert (gone.gone_at, gone.file.name) == (LATER, "errands.json")


def test_what_was_gone_may_come_back(file: Path):
    _import(file)
    _import(errand_file.write(file.with_name("less.json"), errand_file.errands()[:1]))
    assert catalogue.register().gone == {102, 103}
    assert _import(file).new == (102, 103)
    assert catalogue.register().gone == frozenset()


def test_a_newer_file_that_says_the_same_is_the_source_from_then_on(file: Path):
    _import(file)
    newer = file.with_name("newer.json")
    newer.write_text(json.dumps(errand_file.errands(), indent=1), "utf-8")
    assert not _import(newer, LATER)
    assert (catalogue.register().file, catalogue.register().at) == ("newer.json", LATER)


def test_a_refused_file_leaves_the_register_as_it_was(file: Path):
    _import(file)
    before = catalogue.register()
    value = errand_file.errands()
    value[0]["en"]["name"] = "Another"
    value[2]["fi"]["type"] = "WISH"
    with pytest.raises(FileError, match=r"row 3, errand 103, fi\.type"):
        _import(errand_file.write(file, value), LATER)
    assert catalogue.register() == before
    assert len(_entries()) == 1


def test_a_fault_in_the_middle_leaves_nothing_half_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_args: Any, **_more: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(catalogue.record, "write", fail)
    with pytest.raises(IntegrityError):
        _import(file)
    assert catalogue.register() is None
    assert not Errand.objects.exists()


@pytest.mark.parametrize(
    ("more", "constraint"),
    [
        ({"type": "WISH"}, "every_errand_is_of_a_known_type"),
        ({"words": {}}, "every_errand_is_told_in_some_language"),
    ],
)
def test_the_database_refuses_an_errand_that_cannot_be(
    file: Path, more: dict[str, Any], constraint: str
):
    _import(file)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Errand.objects.filter(id=101).update(**more)
