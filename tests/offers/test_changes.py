"""A register changes after the round: the cases of those it is about follow, nobody else's."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Capacity, Claim
from stadi.kit.actor import SYSTEM, Actor
from stadi.messages.models import Message
from stadi.offers.actions import answers, changes, reading, viewing
from stadi.offers.actions.changes import Changed
from stadi.offers.models import Case, Offer, Recipient, Screening, Transition
from stadi.offers.plugins import plugins
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.record.models import Entry
from stadi.site import demo
from stadi.site.fill import fill

# the purpose's role has a connection of its own and sees only what is committed
pytestmark = pytest.mark.django_db(transaction=True)
EINO, ELLA, ONNI, SELAM, VENLA = 3, 5, 7, 9, 10
AINO = Actor(kind="resident", id=1, roles=frozenset({"resident"}))


@pytest.fixture(autouse=True)
def _after_a_round(db: None) -> Iterator[None]:
    del db
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=400, seed=3, today=demo.START.date(), first_id=1000), areas)
    # one child whose birth date is missing, and one who is too young
    _sql("update people_person set birth_date = null where subject = %s", ELLA)
    _sql("update people_person set birth_date = '2022-02-01' where subject = %s", SELAM)
    demo.run_service("preschool", demo.Stopwatch())
    yield
    assert fulfil.overfull() == []
    assert reading.balances(reading.tally("preschool")), reading.tally("preschool")


def _sql(text: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def _say(column: str, value: object, subject: int) -> None:
    """Let a register say something else of a resident from now on."""
    table = {"birth_date": "people_person", "municipality": "people_residence"}[column]
    at = record.now()
    _sql(
        f"create temp table was as select * from {table}"
        " where subject = %s and known_until = 'infinity'",
        subject,
    )
    _sql(f"update {table} set known_until = %s where subject = %s", at, subject)
    _sql(f"update was set known_since = %s, {column} = %s", at, value)
    _sql(f"insert into {table} select * from was")
    _sql("drop table was")


def _leave(subject: int) -> None:
    """Let a resident die or move away: no row of residence is true any more."""
    _sql("update people_residence set known_until = %s where subject = %s", record.now(), subject)


def _again(*subjects: int, service: str = "preschool") -> Changed:
    made, at = plugins()[service], record.now()
    return changes.reconsider(plugin=made, subjects=subjects, by=SYSTEM, at=at)


def _later() -> None:
    record.advance(by=SYSTEM, step=timedelta(hours=1))


def _case(subject: int) -> Case:
    return Case.objects.filter(subject=subject, service="preschool").latest("since")


def _hold_of(subject: int) -> str:
    return Claim.objects.get(case=_case(subject).id).hold


def _world() -> Counter[Any]:
    """Return all that is stored of cases, but that somebody looked and that time passed."""
    aside = ("consent.looked", "record.clock_advanced")
    return Counter(
        [
            *Case.objects.values_list("id", "state", "reason", "since", "deadline"),
            *Offer.objects.values_list("case", "unit", "expires_at"),
            *Claim.objects.values_list("case", "unit", "hold"),
            *Transition.objects.values_list("case", "old", "new"),
            *Message.objects.values_list("key"),
            *Screening.objects.values_list("id"),
            *Entry.objects.exclude(kind__in=aside).values_list("id"),
        ]
    )


def _settled(*subjects: int) -> None:
    """Assert that asking again changes nothing."""
    before = _world()
    _later()
    assert _again(*subjects) == Changed()
    assert _world() == before


def test_who_became_entitled_is_offered_a_free_place_with_reasons():
    _later()
    before = reading.tally("preschool")
    _say("birth_date", "2021-02-01", SELAM)
    assert _again(SELAM) == Changed(opened=1)
    case = _case(SELAM)
    assert (case.state, _hold_of(SELAM)) == ("offered", "soft")
    assert Offer.objects.get(case=case).reasons
    assert Message.objects.filter(recipient=8).count() == 1
    now = reading.tally("preschool")
    assert (now["yes"], now["no"]) == (before["yes"] + 1, before["no"] - 1)
    assert (now["offered"], now["screened"]) == (before["offered"] + 1, before["screened"])
    _settled(SELAM)


def test_who_became_entitled_with_no_place_left_waits_for_a_person():
    _later()
    Capacity.objects.update(places=0)
    Claim.objects.all().delete()
    _say("birth_date", "2021-02-01", SELAM)
    _again(SELAM)
    case = _case(SELAM)
    assert (case.state, case.reason) == ("held", "no_free_place")
    assert case.deadline is not None
    assert not Message.objects.filter(recipient=8).exists()
    _settled(SELAM)


def test_inv_31_who_became_entitled_under_a_ban_goes_to_a_person_in_silence():
    _later()
    _sql("update people_contact set safety_ban = true where subject = %s", 8)
    _say("birth_date", "2021-02-01", SELAM)
    _again(SELAM)
    case = _case(SELAM)
    assert (case.state, case.reason) == ("held", "a_person_decides")
    assert not Message.objects.filter(recipient=8).exists()
    _settled(SELAM)


def test_inv_15_who_became_unclear_waits_for_a_person_with_a_deadline():
    _later()
    before = reading.tally("preschool")
    _say("birth_date", None, SELAM)
    assert _again(SELAM) == Changed(opened=1)
    case = _case(SELAM)
    assert case.state == "unclear"
    assert case.deadline is not None
    now = reading.tally("preschool")
    assert (now["unknown"], now["no"]) == (before["unknown"] + 1, before["no"] - 1)
    _settled(SELAM)


def test_an_unclear_case_that_became_true_is_offered():
    _later()
    before = reading.tally("preschool")
    assert _case(ELLA).state == "unclear"
    _say("birth_date", "2021-11-23", ELLA)
    assert _again(ELLA) == Changed()
    assert _case(ELLA).state == "offered"
    assert Message.objects.filter(recipient=4).count() == 1
    path = Transition.objects.filter(case=_case(ELLA)).order_by("id").values_list("new", flat=True)
    assert list(path) == ["unclear", "ready", "proposed", "offered"]
    now = reading.tally("preschool")
    assert (now["unknown"], now["yes"]) == (before["unknown"] - 1, before["yes"] + 1)
    _settled(ELLA)


def test_an_unclear_case_that_became_true_under_a_ban_goes_to_a_person():
    _later()
    _sql("update people_contact set safety_ban = true where subject = %s", 4)
    _say("birth_date", "2021-11-23", ELLA)
    _again(ELLA)
    assert (_case(ELLA).state, _case(ELLA).reason) == ("held", "a_person_decides")
    assert not Message.objects.filter(recipient=4).exists()
    _settled(ELLA)


def test_an_unclear_case_that_became_false_is_closed_and_may_open_again():
    _later()
    before = reading.tally("preschool")
    _say("birth_date", "2019-11-23", ELLA)
    assert _again(ELLA) == Changed(closed=1)
    assert _case(ELLA).state == "closed"
    now = reading.tally("preschool")
    assert (now["unknown"], now["no"]) == (before["unknown"] - 1, before["no"] + 1)
    _settled(ELLA)
    _say("birth_date", "2021-11-23", ELLA)
    assert _again(ELLA) == Changed(opened=1)
    assert _case(ELLA).state == "offered"
    now = reading.tally("preschool")
    assert (now["yes"], now["unknown"]) == (before["yes"] + 1, before["unknown"] - 1)
    assert now["no"] == before["no"]


def test_an_open_offer_whose_rule_turned_to_no_goes_to_a_person_and_keeps_its_place():
    _later()
    link = Recipient.objects.get(offer=_case(EINO).id, person=1).id
    _say("municipality", "049", EINO)
    assert _again(EINO) == Changed(held=1)
    case = _case(EINO)
    assert (case.state, case.reason, _hold_of(EINO)) == ("held", "late_change", "soft")
    assert case.deadline is not None
    with pytest.raises(answers.NotOpenError):
        answers.accept(link=link, by=AINO, at=record.now())
    assert "late_change" in {t.reason for t in viewing.queue().tasks}
    _settled(EINO)


def test_an_accepted_offer_stands_though_its_rule_turned_to_no():
    link = Recipient.objects.get(offer=_case(EINO).id, person=1).id
    answers.accept(link=link, by=AINO, at=record.now())
    _later()
    _say("municipality", "049", EINO)
    assert _again(EINO) == Changed()
    assert (_case(EINO).state, _hold_of(EINO)) == ("accepted", "hard")


@pytest.mark.parametrize("subject", [EINO, ELLA, ONNI])
def test_who_left_the_city_is_asked_nothing_more_and_frees_the_place(subject: int):
    _later()
    _leave(subject)
    assert _again(subject) == Changed(withdrawn=1)
    assert (_case(subject).state, _case(subject).reason) == ("withdrawn", "left_the_city")
    assert not Claim.objects.filter(case=_case(subject).id).exclude(hold="released").exists()
    _settled(subject)


def test_who_accepted_and_left_the_city_frees_the_place():
    link = Recipient.objects.get(offer=_case(EINO).id, person=1).id
    answers.accept(link=link, by=AINO, at=record.now())
    _later()
    _leave(EINO)
    assert _again(EINO) == Changed(withdrawn=1)
    assert (_case(EINO).state, _hold_of(EINO)) == ("withdrawn", "released")


def test_who_came_back_is_asked_anew():
    _later()
    _sql("create temp table was as select * from people_residence where subject = %s", EINO)
    _leave(EINO)
    _again(EINO)
    _later()
    _sql("update was set known_since = %s", record.now())
    _sql("insert into people_residence select * from was")
    _sql("drop table was")
    assert _again(EINO) == Changed(opened=1)
    assert _case(EINO).state == "offered"
    _settled(EINO)


def test_inv_09_who_stopped_the_purpose_gets_no_case():
    _later()
    consent.object_to(resident=SELAM, purpose="preschool.placement", by=SYSTEM, at=record.now())
    _say("birth_date", "2021-02-01", SELAM)
    assert _again(SELAM) == Changed()
    assert not Case.objects.filter(subject=SELAM, service="preschool").exists()


def test_inv_11_who_declined_is_not_asked_again():
    link = Recipient.objects.get(offer=_case(EINO).id, person=1).id
    answers.decline(link=link, by=AINO, at=record.now())
    _later()
    assert _again(EINO) == Changed()
    assert _case(EINO).state == "declined"
    assert Case.objects.filter(subject=EINO, service="preschool").count() == 1


def test_nobody_else_is_looked_at_but_guardians_of_whom_was_found():
    _later()
    _say("birth_date", "2021-02-01", SELAM)
    others = set(Case.objects.values_list("id", "state"))
    before = {e.id for e in Entry.objects.filter(kind="consent.looked")}
    _again(SELAM, VENLA)
    rows = Entry.objects.filter(kind="consent.looked").exclude(id__in=before).order_by("id")
    assert [e.body["rows"] for e in rows] == [2, 3, 1]
    assert others <= set(Case.objects.values_list("id", "state"))


def test_a_service_without_a_round_this_year_waits_for_it():
    record.advance(by=SYSTEM, step=timedelta(days=400))
    assert _again(SELAM) == Changed()
    assert not Case.objects.filter(round="2028").exists()


def test_inv_27_what_cannot_be_done_whole_is_not_done(monkeypatch: pytest.MonkeyPatch):
    _later()
    _say("birth_date", "2021-02-01", SELAM)
    _say("municipality", "049", EINO)
    before = _world()

    def broken(**_: object) -> int:
        raise fulfil.FullError

    monkeypatch.setattr(changes, "offer", broken)
    with pytest.raises(fulfil.FullError):
        _again(SELAM, EINO)
    assert _world() == before


def test_a_service_that_proposes_no_place_follows_as_well():
    demo.run_service("sample", demo.Stopwatch())
    _later()
    _say("birth_date", "2020-02-01", 1)
    _sql(
        "insert into people_guardianship (subject, guardian, true_since, true_until,"
        " known_since, known_until, source)"
        " values (1, 2, '2026-12-31', 'infinity', %s, 'infinity', 'tests')",
        record.now(),
    )
    assert _again(1, service="sample").opened == 1
    assert Case.objects.get(subject=1, service="sample").state == "offered"
    assert reading.balances(reading.tally("sample"))


def test_a_late_case_takes_the_same_steps_as_one_of_the_round():
    _later()
    _say("birth_date", "2021-02-01", SELAM)
    _again(SELAM)
    late, first = _case(SELAM), _case(EINO)
    assert (late.version, late.round, late.state) == (first.version, first.round, first.state)
    steps = Transition.objects.order_by("id")
    assert list(steps.filter(case=late).values_list("old", "new")) == list(
        steps.filter(case=first).values_list("old", "new")
    )
