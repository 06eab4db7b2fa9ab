"""Measures of a service: numbers as a slow count finds them, what is kept, and what people see."""

import csv
import io
import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.insight import actions as insight
from stadi.insight import grades
from stadi.insight.domain import ENDS, Figures
from stadi.insight.models import Measure
from stadi.insight.words import GRADES
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.text import LANGUAGES
from stadi.offers.actions import answers, contest, counting, desk, reading
from stadi.offers.domain import Answer
from stadi.offers.models import Case, Note, Offer, Opening, Recipient, Screening, Transition
from stadi.offers.plugins import plugin, plugins
from stadi.record import actions as record
from stadi.site import house

pytestmark = pytest.mark.django_db
RESIDENT, OFFICIAL, MANAGER, SECOND = 1, 20, 21, 22
LOUD, QUIET = "preschool", "sample"


def _staff(person: int) -> Actor:
    return Actor(kind="official", id=person, roles=frozenset({"official"}))


def _guardian(person: int) -> Actor:
    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def _link(case: Any) -> Recipient:
    return Recipient.objects.filter(offer=case).order_by("person")[0]


@pytest.fixture(scope="module", autouse=True)
def busy(city: dict[str, Any], django_db_blocker: Any) -> Iterator[datetime]:
    """A city in which everything that is counted has happened, and the time it was measured."""
    del city
    with django_db_blocker.unblock():
        _live_through(record.now())
        house.advance(timedelta(days=20))
        yield record.now()


def _live_through(at: datetime) -> None:
    """Let an answer come by phone, one be taken back, officials act, and contests be decided."""
    asked = [link for link, *_ in reading.unanswered(above=0)]
    said = Answer(link=asked[0], says="accept", by=_staff(OFFICIAL), way="phone", reason="soitti")
    assert not answers.answer_many(answers=[said], at=at)
    first = Recipient.objects.get(id=asked[1])
    answers.accept(link=first.id, by=_guardian(first.person), at=at)
    answers.undo(link=first.id, by=_guardian(first.person), at=at)
    held = Case.objects.filter(service=LOUD, state="held").order_by("id")[0].id
    desk.open_case(case=held, reason="jono", by=_staff(OFFICIAL), at=at)
    desk.close(case=held, reason="sovittu puhelimessa", by=_staff(OFFICIAL), at=at)
    desk.spend(case=held, by=_staff(OFFICIAL), spent=timedelta(minutes=4))
    done = Case.objects.filter(service=LOUD, state="fulfilled").order_by("id")[:12]
    for case in done:
        desk.open_case(case=case.id, reason="otanta", by=_staff(OFFICIAL), at=at)
    for case, decide in zip(done, (contest.uphold, contest.correct), strict=False):
        link = _link(case.id)
        contest.contest(link=link.id, text="väärin", by=_guardian(link.person), at=at)
        decide(case=case.id, reason="katsottu", by=_staff(SECOND), at=at)
        desk.spend(case=case.id, by=_staff(OFFICIAL), spent=timedelta(minutes=10))
    left = _link(done[2].id)
    contest.contest(link=left.id, text="väärin", by=_guardian(left.person), at=at)


@pytest.fixture(scope="module")
def seen(busy: datetime, django_db_blocker: Any) -> pa.Table:
    """What the purpose of audit saw, outside of any test's transaction."""
    with (
        django_db_blocker.unblock(),
        consent.look(purpose=insight.PURPOSE, as_of=busy.date(), known_at=busy) as sight,
    ):
        return sweep.extract(sight).tables["subject"]


def _figures(service: str = LOUD) -> Figures:
    found = insight.reach(service)
    assert found is not None
    return found.figures


# ── the slow count: one case at a time, in Python, from the tables ──


def _cases(service: str) -> list[Case]:
    last = Screening.objects.filter(service=service).order_by("-at")[0].round
    return list(Case.objects.filter(service=service, round=last).select_related("screening"))


def _steps(case: Case) -> list[Transition]:
    return list(Transition.objects.filter(case=case).order_by("id"))


def _is_counted(case: Case) -> bool:
    unclear = any(s.old == "unclear" and s.new in ("withdrawn", "closed") for s in _steps(case))
    return case.state != "unclear" and "corrected" not in (case.state, case.ended) and not unclear


@pytest.mark.parametrize("service", [LOUD, QUIET])
def test_everyone_found_is_counted_once_with_how_it_ended(service: str):
    counts = reading.tally(service)
    found = counting.counted(service)
    assert len(found) == counts["yes"]
    assert sum(c.offered for c in found) == counts["offered"]
    slow = Counter(c.ended for c in _cases(service) if _is_counted(c) and c.sent_at and c.ended)
    assert Counter(c.end for c in found if c.end) == slow
    assert {end: slow[end] for end in ENDS} == {end: counts[end] for end in ENDS}


def test_the_ends_are_those_of_the_report():
    assert set(ENDS) == set(reading.COUNTED) - {"contested"}


@pytest.mark.parametrize("service", [LOUD, QUIET])
def test_what_happened_is_as_a_slow_count_finds_it(service: str):
    names = {case.id: [s.name for s in _steps(case)] for case in _cases(service)}
    every = [s for case in _cases(service) for s in _steps(case)]
    upheld = [s for s in every if s.name == "uphold"]
    offered = {c.subject for c in counting.counted(service) if c.offered}
    seen = [c for c in _cases(service) if c.subject in offered and _is_counted(c)]
    f = _figures(service)
    assert f.counts == reading.tally(service)
    assert f.seen == sum("see" in names[c.id] for c in seen)
    assert f.reminded == Offer.objects.filter(case__in=names).exclude(reminded_at=None).count()
    assert f.contested == sum(s.name == "contest" for s in every)
    assert f.corrected == sum(s.name == "correct" for s in every)
    assert f.upheld == sum(s.actor_kind == "official" for s in upheld)
    assert f.unheard == sum(s.actor_kind == "system" for s in upheld)


def test_the_city_of_these_tests_has_something_to_count():
    f = _figures()
    assert (f.contested, f.upheld, f.corrected, f.unheard) == (3, 1, 1, 1)
    assert f.overturned == 0.5
    assert f.answers["phone"] == 1
    assert f.seen > f.counts["fulfilled"] >= 10
    assert f.reminded
    assert f.counts["settled"] + f.counts["unreached"]


def test_answers_are_counted_by_the_way_they_came():
    said = [s for c in _cases(LOUD) for s in _steps(c) if s.name in counting.ANSWERS]
    own = sum(s.actor_kind == "resident" for s in said)
    told = Counter(Note.objects.filter(kind__in=counting.WAYS).values_list("kind", flat=True))
    assert dict(_figures().answers) == {way: told[way] for way in counting.WAYS} | {"portal": own}


def test_hours_are_those_between_the_sweep_the_first_offer_and_the_place():
    legs: dict[str, list[float]] = {"to_offer": [], "to_fulfilment": [], "whole": []}
    for case in _cases(LOUD):
        when = {s.name: s.at for s in reversed(_steps(case))}
        times = [case.screening.at, when.get("offer"), when.get("fulfil")]
        for leg, (one, two) in zip(("to_offer", "to_fulfilment"), pairwise(times), strict=True):
            if one and two:
                legs[leg].append((two - one).total_seconds())
        if times[2]:
            legs["whole"].append((times[2] - case.screening.at).total_seconds())
    for leg, seconds in legs.items():
        ordered, spread = sorted(seconds), _figures().spreads[leg]
        assert spread.count == len(ordered) >= 10
        assert spread.hours == tuple(
            math.ceil(ordered[math.ceil(q * len(ordered)) - 1] / 3600) for q in counting.QUANTILES
        )


def test_minutes_are_told_from_ten_acts_on_and_not_before():
    spent = [o.spent for o in Opening.objects.exclude(spent=None)]
    assert (len(spent), _figures().openings) == (3, Opening.objects.count())
    assert _figures().minutes is None
    Opening.objects.filter(spent=None).update(spent=timedelta(minutes=5))
    assert Opening.objects.count() >= 10
    whole = sum((o.spent for o in Opening.objects.all() if o.spent), timedelta())
    assert insight._figures(LOUD).minutes == round(whole.total_seconds() / 60)


def test_a_yes_that_could_not_be_kept_lowers_the_precision():
    before = insight._figures(LOUD)
    assert before.fell == 0
    case = Case.objects.filter(service=LOUD, ended="fulfilled").order_by("id")[0]
    Transition.objects.filter(case=case, name="fulfil").update(name="fail")
    Case.objects.filter(id=case.id).update(state="held", ended="", deadline=record.now())
    after = insight._figures(LOUD)
    assert after.fell == 1
    agreed = after.counts["accepted"] + after.counts["fulfilled"]
    assert after.precision == round(after.counts["fulfilled"] / (agreed + 1), 4)


def test_who_was_placed_after_a_failure_counts_as_placed():
    case = Case.objects.filter(service=LOUD, ended="fulfilled").order_by("id")[0]
    Transition.objects.create(
        case=case, old="fulfilling", new="failed", at=record.now(), actor=0, name="fail"
    )
    assert insight._figures(LOUD).fell == 0


def test_an_erased_case_stays_in_the_counts_and_in_no_named_group():
    before = counting.counted(LOUD)
    case = Case.objects.filter(service=LOUD, ended="fulfilled").order_by("id")[0]
    Case.objects.filter(id=case.id).update(state="erased", subject=0)
    after = counting.counted(LOUD)
    assert len(after) == len(before)
    assert sum(c.end == "fulfilled" for c in after) == sum(c.end == "fulfilled" for c in before)


# ── what is kept ──


def test_inv_07_what_is_kept_of_a_groups_ends_are_ranges_of_ten():
    for kept in Measure.objects.all():
        for line in [x for table in kept.figures["tables"].values() for x in table]:
            assert line["entitled"] is not None or not line["ends"]
            for told in line["ends"].values():
                assert told is None or told[1] - told[0] >= 9 or line["entitled"] == 0


def test_inv_07_no_times_of_fewer_than_ten_are_kept():
    for service in plugins():
        for spread in _figures(service).spreads.values():
            assert (spread.hours is None) == (spread.count < 10)


def test_groups_add_up_to_the_city():
    found = insight.reach(LOUD)
    assert found is not None
    for end, told in found.total.ends.items():
        assert told == (found.figures.counts[end],) * 2
    for lines in found.tables.values():
        assert sum(line.entitled or 0 for line in lines) <= found.figures.counts["yes"]


# ── what people see ──


def _page(path: str = LOUD, language: str = "en", person: int = MANAGER) -> str:
    client = Client()
    client.post("/en/sign-in", {"person": str(person)})
    page = client.get(f"/{language}/insight/services/{path}")
    assert page.status_code == 200
    return str(page.content.decode())


def _rows(service: str = LOUD) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_page(f"{service}.csv"))))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", [OFFICIAL, MANAGER])
def test_officials_and_managers_see_the_measures_in_every_language(language: str, person: int):
    page = _page(language=language, person=person)
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("path", [LOUD, f"{LOUD}.csv"])
def test_a_resident_sees_no_measures(path: str):
    client = Client()
    client.post("/en/sign-in", {"person": str(RESIDENT)})
    assert client.get(f"/en/insight/services/{path}").status_code == 403


def test_every_chart_of_the_page_has_a_title_a_description_and_a_table_that_says_the_same():
    page = _page()
    charts = re.findall(r"<svg xmlns.*?</svg>", page, re.DOTALL)
    assert len(charts) == 6
    cells = re.findall(r'role="(?:rowheader|cell)"[^>]*>([^<]*)<', page)
    for chart in charts:
        root = ET.fromstring(chart)  # noqa: S314 - our own page
        texts = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}text")]
        assert root[0].text
        assert root[1].text
        assert texts
        for name in texts[::2]:
            assert name in cells


def test_every_id_of_the_page_is_there_once():
    ids = re.findall(r' id="([^"]+)"', _page())
    assert sorted(ids) == sorted(set(ids))


def test_precision_says_that_a_step_can_fail():
    assert "a step failed, or somebody stopped it" in _page()


def test_the_file_holds_every_figure_and_hides_what_the_page_hides():
    rows = {(r["table"], r["group"], r["figure"]): (r["least"], r["most"]) for r in _rows()}
    counts = reading.tally(LOUD)
    assert rows["service", "total", "yes"] == (str(counts["yes"]),) * 2
    assert rows["service", "total", "minutes"] == ("", "")
    for line in insight.reach(LOUD).tables["language"]:  # type: ignore[union-attr]
        told = line.ends.get("fulfilled")
        expected = tuple(map(str, told)) if told else ("", "")
        assert rows["language", line.key, "fulfilled"] == expected


def test_what_there_is_none_of_is_told_in_words():
    client = Client()
    client.post("/en/sign-in", {"person": str(MANAGER)})
    assert client.get("/en/insight/services/nothing").status_code == 404
    assert client.get("/en/insight/services/nothing.csv").status_code == 404
    assert client.get(f"/en/insight/services/{LOUD}?by=religion").status_code == 404
    Measure.objects.all().delete()
    assert client.get(f"/en/insight/services/{LOUD}.csv").status_code == 404
    assert "has not been measured yet" in _page()


def test_the_page_shows_the_grade_with_every_criterion_done_or_open():
    given = grades.grade(plugin(LOUD), insight.reach(LOUD))
    page = _page()
    for criterion, holds in given.criteria:
        word = "Done" if holds else "To do"
        assert f"<span>{criterion.words}</span><strong>{word}</strong>" in page
    assert f">{GRADES[given.name]}</p>" in page
    Measure.objects.all().delete()
    assert "<span>Take-up is measured, of all who are entitled</span><strong>To do" in _page()


def test_the_page_of_reach_leads_to_the_measures_and_back():
    client = Client()
    client.post("/en/sign-in", {"person": str(MANAGER)})
    assert (
        f'href="/en/insight/services/{LOUD}"'
        in client.get("/en/insight/reach?service=preschool").content.decode()
    )
    assert f'href="/en/insight/reach?service={LOUD}"' in _page()


def test_the_page_asks_the_database_a_bounded_number_of_times(django_assert_max_num_queries: Any):
    client = Client()
    client.post("/en/sign-in", {"person": str(MANAGER)})
    client.get(f"/en/insight/services/{LOUD}")
    with django_assert_max_num_queries(6):
        client.get(f"/en/insight/services/{LOUD}?by=area")


# ── few or none ──


@pytest.fixture
def nobody() -> datetime:
    """No case, no screening; as if nothing had been run yet."""
    for table in (Transition, Recipient, Offer, Opening, Note, Case, Screening, Measure):
        table.objects.all().delete()
    return record.now()


def test_a_city_without_cases_is_measured_as_nothing(nobody: datetime, seen: pa.Table):
    insight._measure(seen, SYSTEM, nobody)
    f = _figures()
    assert (f.take_up, f.precision, f.overturned, f.minutes) == (None, None, None, None)
    assert (f.counts["yes"], f.going, f.openings) == (0, 0, 0)
    assert "–" in _page()
    assert all(row["least"] in ("", "0") for row in _rows())


def test_one_case_is_counted_and_says_nothing_of_its_group(nobody: datetime, seen: pa.Table):
    found_by = Screening.objects.create(
        id="00000000-0000-0000-0000-000000000001",
        service=LOUD,
        round="2027",
        at=nobody - timedelta(hours=5),
        manifest={},
        screened=1,
        yes=1,
        no=0,
        unknown=0,
        stopped=0,
    )
    case = Case.objects.create(
        id="00000000-0000-0000-0000-000000000002",
        service=LOUD,
        version="2027.1",
        subject=RESIDENT,
        round="2027",
        term=2027,
        state="declined",
        ended="declined",
        since=nobody,
        sent_at=nobody,
        screening=found_by,
    )
    Transition.objects.create(
        case=case, old="proposed", new="offered", at=nobody, actor=0, name="offer"
    )
    insight._measure(seen, SYSTEM, nobody)
    found = insight.reach(LOUD)
    assert found is not None
    assert found.figures.spreads["to_offer"].count == 1
    assert found.figures.spreads["to_offer"].hours is None
    assert found.total.ends["declined"] == (1, 1)
    for line in [line for table in found.tables.values() for line in table]:
        assert line.entitled in (0, None)
        assert not any(line.ends.values()) or line.entitled == 0
    assert "hidden" in _page()
