"""Money by the month: it follows the facts forward, less only by a person, and never back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import PlanError
from stadi.fulfil.models import Award
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Fixed, ServiceError
from stadi.messages.models import Message
from stadi.offers.actions import answers, changes, questions, reading, reviewing, rounds
from stadi.offers.domain import NotAllowedError, ReasonMissingError
from stadi.offers.models import Case, Offer, Recipient
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.site import demo, house
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)
TEIJA, JARKKO = 26, 27
OFFICIAL = Actor(kind="official", id=20, roles=frozenset({"official"}))
SERVICE = "housing_supplement"
WORTH = 124_00  # (580 of 690 euros of rent) x 70 % less (920 - 450) x 60 %


@pytest.fixture(autouse=True)
def _round(db: None) -> Iterator[None]:
    del db
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=400, seed=3, today=demo.START.date(), first_id=1000), areas)
    demo.run_service(SERVICE, demo.Stopwatch())
    yield
    assert reading.balances(reading.tally(SERVICE)), reading.tally(SERVICE)


def _resident(person: int) -> Actor:
    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def _paid() -> None:
    """Let Teija say yes, the regret time pass, and an official sign."""
    link = Recipient.objects.get(person=TEIJA)
    answers.accept(link=link.id, by=_resident(TEIJA), at=record.now())
    house.advance(timedelta(days=2))
    waiting = [d.id for d in fulfil.unsigned(services=[SERVICE]) if d.subject == TEIJA]
    fulfil.sign(decisions=waiting, by=OFFICIAL, name="P. A.", title="head", at=record.now())
    house.tick(record.now())


def _rent(cents: int) -> None:
    people.change(
        subject=TEIJA,
        register="people_tenancy",
        values={"rent_cents": cents},
        true_since=record.now().date(),
        source="a test",
        by=SYSTEM,
        at=record.now(),
    )
    changes.reconsider(plugin=plugins()[SERVICE], subjects=[TEIJA], by=SYSTEM, at=record.now())


def _awards() -> list[tuple[int, date, date | None]]:
    rows = Award.objects.filter(subject=TEIJA).order_by("id")
    return list(rows.values_list("cents", "since", "until"))


def test_the_amount_is_worked_out_in_cents_and_paid_from_the_next_month():
    assert Offer.objects.get(case__subject=TEIJA).cents == WORTH
    _paid()
    assert Case.objects.get(subject=TEIJA).state == "fulfilled"
    assert _awards() == [(WORTH, date(2027, 2, 1), None)]


def test_a_larger_amount_follows_by_itself_from_the_next_month():
    _paid()
    house.advance(timedelta(days=20))
    people.change(
        subject=TEIJA,
        register="people_income",
        values={"year": 2026, "cents": [80_000] * 12},
        true_since=date(2026, 12, 31),
        source="a test",
        by=SYSTEM,
        at=record.now(),
    )
    changes.reconsider(plugin=plugins()[SERVICE], subjects=[TEIJA], by=SYSTEM, at=record.now())
    assert _awards() == [
        (WORTH, date(2027, 2, 1), date(2027, 3, 1)),
        (196_00, date(2027, 3, 1), None),
    ]
    assert Message.objects.filter(recipient=TEIJA, key__startswith="raised:").count() == 1


def test_a_smaller_amount_waits_for_a_person_and_nothing_is_asked_back():
    _paid()
    _rent(500_00)
    assert _awards() == [(WORTH, date(2027, 2, 1), None)]
    (award,) = fulfil.to_review()
    assert (award.subject, award.review_cents) == (TEIJA, 68_00)
    with pytest.raises(NotAllowedError):
        reviewing.lower(award=award.id, reason="x", by=_resident(TEIJA), at=record.now())
    with pytest.raises(ReasonMissingError):
        reviewing.lower(award=award.id, reason=" ", by=OFFICIAL, at=record.now())
    reviewing.lower(award=award.id, reason="the rent fell", by=OFFICIAL, at=record.now())
    # it had not begun yet: the smaller one begins in its place
    assert _awards() == [
        (WORTH, date(2027, 2, 1), date(2027, 2, 1)),
        (68_00, date(2027, 2, 1), None),
    ]
    assert fulfil.to_review() == []
    with pytest.raises(PlanError, match="waits for nobody"):
        reviewing.leave(award=award.id, reason="again", by=OFFICIAL, at=record.now())


def test_who_is_no_longer_entitled_is_paid_on_until_a_person_decides():
    _paid()
    _rent(1_00)
    (award,) = fulfil.to_review()
    assert award.review_cents == 0
    reviewing.lower(award=award.id, reason="no right any more", by=OFFICIAL, at=record.now())
    assert [row[2] for row in _awards()] == [date(2027, 2, 1)]


def test_inv_15_an_amount_that_is_unknown_now_is_neither_less_nor_nothing():
    _paid()
    people.change(
        subject=TEIJA,
        register="people_tenancy",
        values={"rent_cents": None},
        true_since=record.now().date(),
        source="a test",
        by=SYSTEM,
        at=record.now(),
    )
    changes.reconsider(plugin=plugins()[SERVICE], subjects=[TEIJA], by=SYSTEM, at=record.now())
    (award,) = fulfil.to_review()
    assert award.review_cents is None
    with pytest.raises(PlanError, match="is not known"):
        reviewing.lower(award=award.id, reason="x", by=OFFICIAL, at=record.now())


def test_who_left_the_city_is_paid_on_until_a_person_decides():
    _paid()
    at = record.now()
    people.end(subject=TEIJA, on=at.date(), why="moved_away", by=SYSTEM, at=at)
    changes.reconsider(plugin=plugins()[SERVICE], subjects=[TEIJA], by=SYSTEM, at=at)
    (award,) = fulfil.to_review()
    assert (award.subject, award.review_cents) == (TEIJA, 0)


def test_what_rises_again_waits_for_nobody():
    _paid()
    _rent(500_00)
    _rent(690_00)
    assert fulfil.to_review() == []
    assert _awards() == [(WORTH, date(2027, 2, 1), None)]


def test_whoever_is_paid_is_left_in_peace_by_the_next_round():
    _paid()
    record.advance(by=SYSTEM, step=timedelta(days=20))
    rounds.run(plugin=plugins()[SERVICE], by=SYSTEM, at=record.now())
    assert Case.objects.filter(subject=TEIJA).count() == 1
    counts = reading.tally(SERVICE)
    assert counts["resting"] > 0


def test_a_missing_rent_becomes_one_question_and_its_answer_an_offer():
    case = Case.objects.get(subject=JARKKO)
    assert case.state == "unclear"
    assert [f.name for f in questions.missing(case=case.id, at=record.now())] == [
        "people.rent_cents"
    ]
    asked = questions.ask(case=case.id, fact="people.rent_cents", by=OFFICIAL, at=record.now())
    questions.answer(question=asked, value="69000", by=_resident(JARKKO), at=record.now())
    case.refresh_from_db()
    assert case.state == "offered"
    assert Offer.objects.get(case=case).cents == WORTH


def test_inv_20_no_award_is_below_nothing_or_ends_before_it_began():
    row = {"case": Case.objects.all()[0].id, "service": SERVICE, "subject": 1}
    with pytest.raises(IntegrityError, match="an_award_is_above_nothing"), transaction.atomic():
        Award.objects.create(**row, cents=-1, since=date(2027, 2, 1))
    with pytest.raises(IntegrityError, match="ends_after_it_begins"), transaction.atomic():
        Award.objects.create(**row, cents=1, since=date(2027, 2, 1), until=date(2027, 1, 1))


def test_a_number_about_a_person_that_is_offered_to_nobody_is_refused():
    made = plugins()[SERVICE].service
    with pytest.raises(ServiceError, match="is a score"):
        replace(made, propose=Fixed(), fulfil=())
