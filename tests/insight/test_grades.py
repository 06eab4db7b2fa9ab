"""Bronze, silver and gold are worked out: each criterion is seen to open when its ground goes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from stadi.insight import grades
from stadi.insight.actions import Reach
from stadi.insight.domain import Figures, Spread
from stadi.insight.hiding import Line
from stadi.kit.service import Basis, Offer, Oversight, Plugin
from stadi.offers.actions.counting import LEGS
from stadi.offers.actions.reading import SUMS
from stadi.offers.plugins import load
from stadi.site.figures import START

README = """# preschool

**Law.** Basic Education Act (628/1998), section 26 a.

**Owner.** Head of early education.

**Whom it cannot reach.** Children without a birth date.

**Errand.** Applying for a place.
"""


@pytest.fixture
def whole() -> Plugin:
    """The preschool, with words that say which errand it replaces."""
    return replace(load("stadi.services.preschool"), readme=README)


@pytest.fixture
def reach() -> Reach:
    counts = dict.fromkeys({"seen", *SUMS, *(n for parts in SUMS.values() for n in parts)}, 0)
    counts |= {"screened": 100, "yes": 20, "no": 70, "unknown": 7, "stopped": 3}
    counts |= {"offered": 20, "fulfilled": 12, "declined": 8}
    figures = Figures(
        counts=counts,
        seen=20,
        reminded=0,
        fell=1,
        contested=2,
        upheld=1,
        unheard=0,
        corrected=1,
        answers={},
        openings=0,
        minutes=None,
        spreads={leg: Spread(count=20, hours=(1, 2, 3, 4, 5)) for leg in LEGS},
    )
    lines = (Line(key="00100", entitled=10), Line(key="00120", entitled=10))
    return Reach(
        service="preschool",
        at=START,
        figures=figures,
        total=Line(key="", entitled=20),
        tables={"area": lines, "language": lines, "care": ()},
    )


def _open(given: grades.Grade) -> list[str]:
    return [criterion.name for criterion, holds in given.criteria if not holds]


def test_a_service_that_shows_everything_is_gold_and_unmeasured_silver(
    whole: Plugin, reach: Reach
) -> None:
    assert grades.grade(whole, reach).name == "gold"
    assert grades.grade(whole, None).name == "silver"
    assert _open(grades.grade(whole, None)) == [
        *("take_up", "precision", "groups", "time", "overturned", "balance")
    ]


def _service(made: Plugin, **changes: Any) -> Plugin:
    return replace(made, service=replace(made.service, **changes))


def _without(made: Plugin, *names: str) -> Plugin:
    return replace(made, examples=tuple(e for e in made.examples if e.name not in names))


@pytest.mark.parametrize(
    ("name", "grade", "change"),
    [
        ("has_examples", "", lambda m: replace(m, examples=m.examples[:1])),
        ("is_owned", "", lambda m: _service(m, owner=" ")),
        (
            "is_owned",
            "",
            lambda m: _service(m, oversight=Oversight(owner="a", queue="", queue_days=1)),
        ),
        ("says_whom_it_misses", "", lambda m: _service(m, cannot_reach=" ")),
        ("is_written", "", lambda m: replace(m, readme=f"{README}\nCHANGE: this")),
        ("both_ways", "bronze", lambda m: _without(m, "lives in another municipality")),
        ("each_missing", "bronze", lambda m: _without(m, "a place whose term is missing")),
        ("each_missing", "bronze", lambda m: _without(m, "the birth date is missing")),
        ("readme_tells", "bronze", lambda m: replace(m, readme=README.replace("628", "629"))),
        ("readme_tells", "bronze", lambda m: replace(m, readme=README.replace("**Owner", "*"))),
        (
            "readme_tells",
            "bronze",
            lambda m: _service(
                m,
                purpose=replace(
                    m.service.purpose, basis=Basis(kind="public_task", law="A decision, 1 §")
                ),
            ),
        ),
        ("can_be_undone", "bronze", lambda m: _service(m, offer=Offer(open_days=1, undo_hours=0))),
        (
            "names_an_errand",
            "bronze",
            lambda m: replace(
                _service(m, replaces=()), readme=README.replace("**Errand.**", "Errand:")
            ),
        ),
    ],
)
def test_a_folder_that_lacks_something_does_not_reach_the_grade_that_asks_for_it(
    whole: Plugin, reach: Reach, name: str, grade: str, change: Any
) -> None:
    given = grades.grade(change(whole), reach)
    assert given.name == grade
    assert name in _open(given)


def _counted(reach: Reach, counts: Mapping[str, int]) -> Reach:
    return replace(reach, figures=replace(reach.figures, counts={**reach.figures.counts, **counts}))


def _hidden(reach: Reach, by: str) -> Reach:
    return replace(reach, tables={**reach.tables, by: (Line(key="x", entitled=None),) * 3})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("take_up", lambda r: _counted(r, {"yes": 0})),
        (
            "precision",
            lambda r: replace(
                r, figures=replace(r.figures, fell=0, counts={**r.figures.counts, "fulfilled": 0})
            ),
        ),
        ("groups", lambda r: _hidden(r, "area")),
        ("groups", lambda r: _hidden(r, "language")),
        (
            "time",
            lambda r: replace(
                r,
                figures=replace(
                    r.figures, spreads={leg: Spread(count=3, hours=None) for leg in LEGS}
                ),
            ),
        ),
        (
            "overturned",
            lambda r: replace(r, figures=replace(r.figures, upheld=0, corrected=0)),
        ),
        ("balance", lambda r: _counted(r, {"unknown": 6})),
        ("balance", lambda r: _counted(r, {"stopped": 0})),
    ],
)
def test_what_was_not_measured_is_open_and_never_gold(
    whole: Plugin, reach: Reach, name: str, change: Any
) -> None:
    given = grades.grade(whole, change(reach))
    assert given.name == "silver"
    assert name in _open(given)


def test_no_text_is_silent(whole: Plugin) -> None:
    silent = replace(whole.texts["title"])
    object.__setattr__(silent, "sv", " ")
    given = grades.grade(replace(whole, texts={**whole.texts, "title": silent}), None)
    assert given.name == ""
    assert "speaks" in _open(given)
