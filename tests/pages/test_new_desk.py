"""The desk where a professional sees it first, by areas, and over amounts, through the client."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.actions import desk, viewing
from stadi.offers.domain import NotAllowedError
from stadi.offers.models import Case, Note, Opening, Recipient, Screening
from stadi.people import actions as people
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.record.models import Entry
from stadi.site import demo, house
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)
OFFICIAL, SECOND, CLINICIAN, RAIMO, TEIJA = 20, 22, 23, 24, 26


@pytest.fixture(autouse=True)
def _small_city() -> None:
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=900, seed=5, today=demo.START.date(), first_id=1000), areas)
    for service in ("blood_pressure", "housing_supplement", "next_step"):
        demo.run_service(service, demo.Stopwatch())


def _as(person: int) -> Client:
    client = Client()
    assert client.post("/en/sign-in", {"person": str(person)}).status_code == 302
    return client


def _by(person: int) -> Actor:
    return Actor(kind="official", id=person, roles=frozenset({"official"}))


def _of(subject: int, service: str) -> Case:
    return Case.objects.get(subject=subject, service=service)


def _opened(person: int, case: UUID) -> Client:
    client = _as(person)
    client.post(f"/en/staff/cases/{case}/open", {"why": "queue"})
    return client


def _page(client: Client, case: UUID) -> str:
    return str(client.get(f"/en/staff/cases/{case}").content.decode())


def _do(client: Client, case: UUID, act: str, **posted: Any) -> Any:
    return client.post(f"/en/staff/cases/{case}/{act}", {"reason": "r", **posted}, follow=True)


# ── seen first by a professional ─────────────────────────────────────────────────────────────


def test_a_case_of_its_own_professional_is_opened_by_nobody_else_before_it_is_late():
    case = _of(RAIMO, "blood_pressure").id
    client = _opened(OFFICIAL, case)
    page = _page(client, case)
    assert "This case has its own professional" in page
    assert "Raimo" not in page
    assert not Opening.objects.exists()
    assert "Raimo" in _page(_opened(CLINICIAN, case), case)
    Case.objects.filter(id=case).update(level=1)
    assert "Raimo" in _page(_opened(OFFICIAL, case), case)


def test_nobody_else_acts_on_a_case_of_its_own_professional_before_it_is_late():
    case, at = _of(RAIMO, "blood_pressure").id, record.now()
    doing = {"by": _by(OFFICIAL), "at": at}
    acts = (
        lambda: desk.open_case(case=case, reason="r", **doing),
        lambda: desk.note(case=case, text="r", **doing),
        lambda: desk.close(case=case, reason="r", **doing),
        lambda: desk.withdraw(case=case, reason="r", **doing),
        lambda: desk.take_up(case=case, reason="r", **doing),
        lambda: desk.send(case=case, reason="r", **doing),
    )
    for act in acts:
        with pytest.raises(NotAllowedError, match="its own professional"):
            act()
    errors = desk.bulk(act="close", cases=[case], reason="r", **doing)
    assert [type(error) for error in errors.values()] == [NotAllowedError]
    assert not Note.objects.exists()
    assert Case.objects.get(id=case).state == "held"
    desk.close(case=case, reason="Not needed.", by=_by(CLINICIAN), at=at)
    assert Case.objects.get(id=case).state == "closed"


def test_a_case_that_was_open_is_closed_to_others_once_it_has_its_own_professional():
    case = _of(RAIMO, "blood_pressure").id
    Case.objects.filter(id=case).update(level=1)
    client = _opened(OFFICIAL, case)
    assert "Raimo" in _page(client, case)
    Case.objects.filter(id=case).update(level=0)
    for path in ("", "/letter", "/decision"):
        page = client.get(f"/en/staff/cases/{case}{path}", follow=True).content.decode()
        assert "Raimo" not in page, path
    _do(client, case, "close")
    assert Case.objects.get(id=case).state == "held"


def test_what_is_contested_is_not_left_to_the_professional_who_decided_it():
    case = _of(RAIMO, "blood_pressure").id
    Case.objects.filter(id=case).update(state="contested", before="closed")
    assert "Raimo" in _page(_opened(OFFICIAL, case), case)


def test_the_list_says_whose_a_case_is_and_shows_mine():
    case = _of(RAIMO, "blood_pressure").id.hex[:8]
    theirs = _as(OFFICIAL).get("/en/staff/?service=blood_pressure").content.decode()
    assert "With its own professional" in theirs
    mine = _as(CLINICIAN).get("/en/staff/?whose=mine").content.decode()
    assert case in mine
    assert "With you" in mine
    assert mine.count('class="reach" href="/en/staff/cases/') == 1
    nobodys = _as(OFFICIAL).get("/en/staff/?whose=mine").content.decode()
    assert "Nothing waits for a person here." in nobodys


def test_the_professional_sees_the_facts_with_their_source_and_decides():
    case = _of(RAIMO, "blood_pressure").id
    client = _opened(CLINICIAN, case)
    page = _page(client, case)
    for words in (
        *("high blood pressure (I10)", "11 June 2025", "demo city (invented)", "Mirja Hoitola"),
        *("Send a proposal", "Close: not needed", "2027, "),
    ):
        assert words in page, words
    assert _do(client, case, "send", reason=" ").status_code == 409
    _do(client, case, "send", reason="It is time.")
    assert Case.objects.get(id=case).state == "offered"
    told = _as(RAIMO).get("/en/").content.decode()
    link = Recipient.objects.get(offer=case).id
    offer = _as(RAIMO).get(f"/en/offers/{link}").content.decode()
    assert "Mirja Hoitola looked at this first and decided on 15 January 2027" in offer
    assert "Not for me" in told
    assert "It is time." not in offer


def test_what_is_not_needed_is_closed_and_the_person_hears_nothing():
    case = _of(RAIMO, "blood_pressure").id
    _do(_opened(CLINICIAN, case), case, "close", reason="Measured last week.")
    assert Case.objects.get(id=case).ended == "settled"
    assert "blood" not in _as(RAIMO).get("/en/messages").content.decode().lower()


# ── scarce hands go to areas ─────────────────────────────────────────────────────────────────


def _waiting(area: str, number: int, days: int) -> None:
    """Let more people of an area wait for a worker."""
    since = record.now() - timedelta(days=days)
    given = {
        "service": "next_step",
        "version": "1.0",
        "term": 2027,
        "state": "held",
        "reason": "asked_for_a_person",
        "place": area,
        "since": since,
        "screening": Screening.objects.filter(service="next_step").order_by("at")[0],
    }
    Case.objects.bulk_create(
        Case(
            id=uuid4(),
            subject=7_000_000 + 100 * days + i,
            round=f"{area}-{i}",
            deadline=since + timedelta(days=7, minutes=i),
            **given,
        )
        for i in range(number)
    )


def test_the_areas_that_need_it_most_come_first_and_there_whoever_waited_longest():
    living = people.count_by_area()
    large, small = max(living, key=lambda a: living[a]), min(living, key=lambda a: living[a])
    assert living[large] > 2 * living[small]
    Case.objects.filter(service="next_step").delete()
    _waiting(large, 2, days=6)
    _waiting("", 1, days=5)
    _waiting(small, 1, days=1)
    _waiting(small, 1, days=3)
    found = viewing.queue(service="next_step")
    rows = Case.objects.in_bulk([task.case for task in found.tasks])
    places = [rows[task.case].place for task in found.tasks]
    # two of few come before two of many; of no area: as much need as all of them together
    assert places == [small, small, "", large, large]
    ages = [rows[task.case].since for task in found.tasks[:2]]
    assert ages == sorted(ages)
    page = _as(OFFICIAL).get("/en/staff/?service=next_step").content.decode()
    assert "the areas with the most waiting cases per resident first" in page
    assert "the nearest deadline first" in _as(OFFICIAL).get("/en/staff/").content.decode()
    everything = [task.deadline for task in viewing.queue().tasks]
    assert everything == sorted(everything, key=lambda day: day or record.now())


# ── amounts that wait ────────────────────────────────────────────────────────────────────────


def _paid() -> UUID:
    """Let her supplement be paid, and its facts of today come to less; return the case."""
    case = _of(TEIJA, "housing_supplement").id
    link = Recipient.objects.get(offer=case).id
    _as(TEIJA).post(f"/en/offers/{link}/accept")
    house.tick(record.advance(by=SYSTEM, step=timedelta(hours=25)))
    made = [decision.id for decision in fulfil.unsigned(services=["housing_supplement"])]
    signing = {"by": _by(OFFICIAL), "name": "P", "title": "Head", "at": record.now()}
    fulfil.sign(decisions=made, **signing)
    house.tick(record.now())
    with connection.cursor() as cursor:
        cursor.execute(
            'update fulfil_award set review_cents = 1234, review_by = %s where "case" = %s',
            [record.now() + timedelta(days=9), case],
        )
    return case


def test_inv_31_the_list_of_amounts_names_nobody():
    case = _paid()
    page = _as(OFFICIAL).get("/en/staff/amounts").content.decode()
    assert case.hex[:8] in page
    assert "12.34 €" in page
    assert "Teija" not in page
    assert "Vuokola" not in page
    assert 'name="reason"' not in page
    assert _as(TEIJA).get("/en/staff/amounts").status_code == 403
    assert "Amounts that wait" in _as(OFFICIAL).get("/en/staff/").content.decode()


@pytest.mark.parametrize("act", ["lower", "leave"])
def test_an_amount_is_decided_only_in_an_opened_case_and_for_a_reason(act: str):
    case = _paid()
    _do(_as(OFFICIAL), case, act)
    assert [award.case for award in fulfil.to_review()] == [case]
    client = _opened(OFFICIAL, case)
    assert _do(client, case, act, reason=" ").status_code == 409
    assert _do(_as(SECOND), case, act).status_code == 200  # it asks why the case is opened
    assert [award.case for award in fulfil.to_review()] == [case]


def test_a_smaller_amount_follows_by_a_persons_decision_and_is_told_with_its_reason():
    case = _paid()
    client = _opened(OFFICIAL, case)
    page = _page(client, case)
    for words in ("Lower from next month", "Leave as it is", "Paid now", "12.34 €"):
        assert words in page, words
    _do(client, case, "lower", reason="Her rent fell.")
    assert not fulfil.to_review()
    running = fulfil.awarded(service="housing_supplement", at=record.now() + timedelta(days=40))
    assert running[TEIJA].cents == 1_234
    link = Recipient.objects.get(offer=case).id
    hers = _as(TEIJA).get(f"/en/offers/{link}").content.decode()
    assert "12.34 € from" in hers
    assert "Her rent fell." in hers
    assert "nothing is asked back" in hers
    assert "Lower from next month" not in _page(client, case)
    assert _do(client, case, "lower").status_code == 409


def test_an_amount_stays_by_a_persons_decision():
    case = _paid()
    _do(_opened(OFFICIAL, case), case, "leave", reason="It changes back in a month.")
    assert not fulfil.to_review()
    assert Entry.objects.filter(kind="fulfil.left", case=case).exists()


def test_an_amount_that_nobody_knows_cannot_be_lowered():
    case = _paid()
    with connection.cursor() as cursor:
        cursor.execute("update fulfil_award set review_cents = null")
    client = _opened(OFFICIAL, case)
    page = _page(client, case)
    assert "not known: a fact is missing" in page
    assert "Lower from next month" not in page
    assert _do(client, case, "lower").status_code == 409
    assert "not known" in _as(OFFICIAL).get("/en/staff/amounts").content.decode()


def test_the_facts_that_changed_are_told_before_and_after():
    case = _paid()
    people.change(
        subject=TEIJA,
        register="people_tenancy",
        values={"rent_cents": "50000"},
        true_since=record.now().date(),
        source="demo city (invented)",
        by=SYSTEM,
        at=record.now(),
    )
    page = _page(_opened(OFFICIAL, case), case)
    assert "before: 690.00 €; now: 500.00 €" in page


# ── one question in euros ────────────────────────────────────────────────────────────────────


def test_a_question_about_oneself_says_so_and_takes_euros():
    from stadi.offers.actions import questions  # noqa: PLC0415 - beside its use

    case = _of(27, "housing_supplement")
    assert case.state == "unclear"
    asked = questions.ask(case=case.id, fact="people.rent_cents", by=_by(OFFICIAL), at=record.now())
    client, address = _as(27), f"/en/questions/{asked}"
    home = client.get("/en/").content.decode()
    assert "One fact about you is missing" in home
    page = client.get(address).content.decode()
    assert "(in euros)" in page
    for wrong in ("", "x", "12,345", "-5", "6 9 x"):
        refused = client.post(address, {"value": wrong})
        assert refused.status_code == 400, wrong
        assert "an amount in euros" in refused.content.decode()
    client.post(address, {"value": "690,50 €"})
    told = Case.objects.get(id=case.id)
    assert told.state == "offered"
    link = Recipient.objects.get(offer=case.id).id
    assert "690.50 €" in client.get(f"/en/offers/{link}").content.decode()
