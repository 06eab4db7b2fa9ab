"""The public page of errands: what it counts, lists, finds, warns of, and sends as CSV."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import errand_file
from conftest import NOON
from stadi.catalogue import actions as catalogue
from stadi.insight.denominator import CODES
from stadi.insight.errand_words import KINDS, NAMES, code_name
from stadi.insight.errands import PAGE, unknown_errands
from stadi.kit.actor import SYSTEM
from stadi.offers.plugins import plugin

pytestmark = pytest.mark.django_db
(OURS,) = plugin("preschool").service.replaces


def _import(tmp_path: Path, value: Any) -> None:
    file = errand_file.write(tmp_path / "errands.json", value)
    catalogue.import_errands(file=file, by=SYSTEM, at=NOON)


@pytest.fixture
def imported(tmp_path: Path) -> None:
    _import(tmp_path, errand_file.errands(first=OURS))


def _page(query: str = "", language: str = "en") -> str:
    """The page as a guest sees it, with one space between words."""
    page = Client().get(f"/{language}/errands{query}")
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def _tally(page: str) -> list[str]:
    return re.findall(r"<dd>(\d+)</dd>", page)


def _listed(page: str) -> list[str]:
    return re.findall(r'role="rowheader"> <span[^>]*>([^<]*)</span>', page)


def test_without_a_register_the_page_says_so_and_how_to_import_one():
    page = _page()
    assert "has not been imported yet" in page
    assert "stadi import errands FILE" in page
    assert not _tally(page)
    assert "<table" not in page
    assert Client().get("/en/errands.csv").status_code == 404


@pytest.mark.usefixtures("imported")
def test_the_page_counts_what_is_replaced_and_what_is_left():
    page = _page()
    assert _tally(page) == ["3", "1", "2"]
    assert _listed(page)[0] == "Apply for pre-primary education"
    assert "errands.json, imported 15 January 2027" in page
    assert 'role="alert"' not in page


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_page_answers_in_every_language_and_marks_another_one(language: str):
    page = _page(language=language)
    assert page.count("<h1") == 1
    marked = re.findall(r'<span( lang="fi")?>Kysy neuvoa</span>', page)
    assert marked == ["" if language == "fi" else ' lang="fi"']


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?state=replaced", ["Apply for pre-primary education"]),
        ("?state=left&type=ADVICE", ["Kysy neuvoa"]),
        ("?event=HAVING_CHILD", ["Apply for pre-primary education"]),
        ("?group=none", ["Kysy neuvoa"]),
        ("?channel=PRINTABLE_FORM", ["Apply for a berth"]),
        ("?q=b%C3%A5tplats", ["Apply for a berth"]),
        ("?q=%00", ["Apply for pre-primary education", "Apply for a berth", "Kysy neuvoa"]),
        ("?q=nothing", []),
    ],
)
def test_filters_and_search_work_without_a_script(query: str, names: list[str]):
    page = _page(query)
    assert _listed(page) == names
    assert "<script" not in page
    assert ("No errand fits all of this." in page) == (not names)


@pytest.mark.usefixtures("imported")
def test_each_group_leads_to_its_errands():
    links = re.findall(r'href="(\?[^"]*)#list">', _page("?by=channel"))
    found = [_listed(_page(link.replace("&amp;", "&"))) for link in links]
    assert [len(names) for names in found] == [1, 1, 1, 1]


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    "query", ["?type=WISH", "?state=both", "?group=HAVING_CHILD", "?by=colour", "?by=q"]
)
def test_a_group_that_there_is_not_is_not_found(query: str):
    assert Client().get(f"/en/errands{query}").status_code == 404
    assert Client().get(f"/en/errands.csv{query}").status_code == 404


@pytest.mark.parametrize("page", ["1", "2", "0", "99", "-1", "²", "x"])
def test_a_long_list_comes_in_pages_and_every_page_is_there(tmp_path: Path, page: str):
    fi = [errand_file.version(n, f"Asia {n:03}") for n in range(1, PAGE + 3)]
    _import(tmp_path, [{"id": v["id"], "fi": v, "sv": [], "en": []} for v in fi])
    listed = _listed(_page(f"?page={page}"))
    assert len(listed) == (2 if page in ("2", "99") else PAGE)
    assert f"Page {2 if page in ('2', '99') else 1} of 2" in _page(f"?page={page}")


def test_an_errand_that_a_service_names_in_vain_is_a_warning_and_counts_for_nothing(
    tmp_path: Path,
):
    _import(tmp_path, errand_file.errands())
    page = _page()
    assert f"says that it replaces errand {OURS}, which the register does not hold" in page
    assert _tally(page) == ["3", "0", "3"]
    assert "No service replaces any of these errands yet." in page
    (found,) = unknown_errands()
    assert (found.service, found.errand, found.gone) == ("preschool", OURS, False)


@pytest.mark.usefixtures("imported")
def test_an_errand_that_is_gone_is_a_warning_of_its_own(tmp_path: Path):
    assert unknown_errands() == []
    _import(tmp_path, errand_file.errands())
    assert f"says that it replaces errand {OURS}, which is gone from the register" in _page()
    assert [found.gone for found in unknown_errands()] == [True]


def test_without_a_register_no_service_names_an_errand_in_vain():
    assert unknown_errands() == []


@pytest.mark.usefixtures("imported")
def test_the_csv_holds_every_errand_that_fits():
    answer = Client().get("/sv/errands.csv?q=hae")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    second, first = csv.DictReader(io.StringIO(answer.content.decode()))
    assert first == {
        "errand": str(OURS),
        "service": "7",
        "type": "APPLICATION",
        "name_fi": "Hae esiopetukseen",
        "name_sv": "Ansök till förskoleundervisning",
        "name_en": "Apply for pre-primary education",
        "target_groups": "CHILDREN_AND_FAMILIES",
        "life_events": "HAVING_CHILD",
        "channels": "ESERVICE",
        "replaced_by": "preschool",
        "file": "errands.json",
        "imported_at": NOON.isoformat(),
    }
    assert (second["channels"], second["replaced_by"]) == ("PRINTABLE_FORM;EMAIL", "")


def test_what_a_register_tells_is_shown_and_never_run(tmp_path: Path):
    value = errand_file.errands(first=OURS)
    value[1]["en"]["name"] = "<script>alert(1)</script>"
    value[1]["en"]["description"] = "<img src=x>"
    _import(tmp_path, value)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in _page()
    assert "<script" not in _page()
    assert "<script" not in _page("?q=%3Cscript%3E%22")
    assert "<img src=x" not in _page()


def test_every_code_of_the_register_has_a_name():
    codes = {(by, code) for by, (known, _of) in CODES.items() for code in known}
    assert codes <= set(NAMES)
    assert set(KINDS) == set(CODES)
    assert all(code_name(by, code) for by, code in NAMES)


@pytest.mark.usefixtures("imported")
def test_every_page_leads_there_at_its_foot():
    assert 'href="/en/errands"' in Client().get("/en/sign-in").content.decode()
