"""The missed-case audit: whom past rounds should have found, counted on what is known today."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from stadi.consent import actions as consent
from stadi.fulfil.models import Claim
from stadi.kit.actor import SYSTEM
from stadi.offers.actions import auditing, rounds
from stadi.offers.actions.auditing import Audit, Checked
from stadi.offers.models import Case, Screening
from stadi.offers.plugins import plugins
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.record.models import Clock
from stadi.site import demo
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)
SERVICE = "blood_pressure"
FEBRUARY = datetime(2027, 2, 10, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _round(db: None) -> None:
    """A city whose January round has run."""
    del db
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=2_000, seed=3, today=demo.START.date(), first_id=1000), areas)
    demo.run_service(SERVICE, demo.Stopwatch())


def _audit(months: int = 1, service: str = SERVICE) -> Audit:
    return auditing.audit(plugin=plugins()[service], months=months, at=record.now())


def _in_february() -> None:
    Clock.objects.update(now=FEBRUARY)


def _forget(cases: int) -> list[int]:
    """Let the January round have missed so many, and return who they are."""
    going = list(Case.objects.filter(service=SERVICE).order_by("subject")[:cases])
    Claim.objects.filter(case__in=[c.id for c in going]).delete()
    Case.objects.filter(id__in=[c.id for c in going]).delete()
    return [c.subject for c in going]


def test_whom_the_round_found_was_not_missed():
    (january,) = _audit().rounds
    yes = Screening.objects.get(service=SERVICE).yes
    assert january == Checked(
        period="2027-01", day=date(2027, 1, 1), should=yes, found=yes, later=0, days=None
    )
    assert yes > 0


def test_who_was_not_found_was_missed_and_who_came_later_waited():
    missed = _forget(4)
    (january,) = _audit().rounds
    assert (january.should - january.found, january.later) == (4, 0)
    _in_february()
    rounds.run(plugin=plugins()[SERVICE], by=SYSTEM, at=record.now())
    assert Case.objects.filter(service=SERVICE, subject__in=missed).count() == 4
    january, february = _audit(months=2).rounds
    assert (january.should - january.found, january.later, january.days) == (4, 4, 40)
    assert february.should - february.found == 0


def test_a_case_that_ended_long_before_a_round_does_not_cover_it():
    _in_february()
    case = Case.objects.filter(service=SERVICE).order_by("subject")[0]
    ended = {"state": "declined", "ended": "declined", "deadline": None}
    Case.objects.filter(id=case.id).update(**ended, since=datetime(2027, 1, 20, tzinfo=UTC))
    _, resting = _audit(months=2).rounds
    Case.objects.filter(id=case.id).update(since=datetime(2026, 10, 20, tzinfo=UTC))
    january, february = _audit(months=2).rounds
    assert january.should - january.found == 0  # of its own round it is, however it ended
    assert february.found == resting.found - 1


def test_what_became_known_later_counts_as_if_it_had_been_known():
    (january,) = _audit().rounds
    subject = Case.objects.filter(service=SERVICE).order_by("subject")[0].subject
    with connection.cursor() as cursor:
        cursor.execute("delete from people_diagnosis where subject = %s", [subject])
    (again,) = _audit().rounds
    assert again.should == january.should - 1


def test_who_objected_is_not_missed():
    subject = _forget(1)[0]
    consent.object_to(
        resident=subject,
        purpose=plugins()[SERVICE].service.purpose.id,
        by=SYSTEM,
        at=record.now() - timedelta(seconds=1),
    )
    (january,) = _audit().rounds
    assert january.should == january.found


def test_a_day_that_the_registers_or_the_law_do_not_reach_is_not_taken_for_nobody():
    first, *reached = _audit(months=14).rounds
    assert first.unasked == "the registers do not reach back so far"
    assert not any(month.unasked for month in reached)
    before = _audit(months=2, service="housing_supplement").rounds[0]
    assert "has no value on 2026-12-01" in before.unasked


def test_each_round_is_asked_about_once():
    assert [r.day for r in _audit(months=8, service="culture_kids").rounds] == [
        date(2026, 6, 1),
        date(2026, 7, 1),
        date(2027, 1, 1),
    ]
    assert [r.period for r in _audit(months=3, service="preschool").rounds] == ["2026", "2027"]


def test_erased_cases_are_told_for_they_cannot_be_told_from_missed_ones():
    case = Case.objects.filter(service=SERVICE).order_by("subject")[0]
    gone = {"subject": 0, "state": "erased", "ended": "declined", "deadline": None}
    Case.objects.filter(id=case.id).update(**gone)
    found = _audit()
    assert found.erased == 1
    assert found.rounds[0].should - found.rounds[0].found == 1


def test_an_audit_opens_no_case():
    before = (Case.objects.count(), Screening.objects.count())
    _forget(3)
    _audit(months=2)
    assert (Case.objects.count(), Screening.objects.count()) == (before[0] - 3, before[1])
