"""The loop from register to place, on a small demo city."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.messages import actions as messages
from stadi.offers.actions import answers, cases, clock, reading, viewing
from stadi.offers.domain import NotOpenError, NotYoursError, TransitionError
from stadi.offers.models import Case, Offer, Recipient, Transition
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.record import actions as record
from stadi.record.domain import leaf
from stadi.record.models import Entry
from stadi.site import house

AINO = Actor(kind="resident", id=1, roles=frozenset({"resident"}))
MIKAEL = Actor(kind="resident", id=2, roles=frozenset({"resident"}))
SARA = Actor(kind="resident", id=4, roles=frozenset({"resident"}))
PIRKKO = Actor(kind="official", id=20, roles=frozenset({"official"}))
TESFAY = Actor(kind="resident", id=8, roles=frozenset({"resident"}))


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


def _link(person: int) -> Recipient:
    (found,) = [r for r in reading.of_person(person) if r.offer.case.service == "preschool"]
    return found


def test_the_report_balances_for_every_service(city: dict[str, Any]):
    assert set(city["services"]) == {*plugins()} >= {"preschool", "sample"}
    for counts in city["services"].values():
        assert reading.balances(counts)


def test_every_outcome_and_held_is_above_zero(city: dict[str, Any]):
    counts = city["services"]["preschool"]
    for name in ("yes", "no", "unknown", "stopped", "held", "fulfilled", "declined", "open"):
        assert counts[name] > 0, name


def test_another_service_over_another_relation_passes_through_every_layer(city: dict[str, Any]):
    counts = city["services"]["sample"]
    assert counts["yes"] >= 4
    assert counts["offered"] > 0


def test_screened_is_every_resident_of_the_snapshot(city: dict[str, Any]):
    assert city["services"]["preschool"]["screened"] == city["residents"] == 3_000


def test_both_guardians_of_one_child_are_asked_in_their_own_language():
    assert _link(1).offer_id == _link(2).offer_id
    assert messages.inbox(recipient=1)[0].link.startswith("/fi/")
    assert messages.inbox(recipient=2)[0].link.startswith("/sv/")


def test_who_has_no_language_on_record_is_written_to_in_all_three():
    body = messages.inbox(recipient=8)[0].body
    assert "Kaupunki" in body
    assert "Staden" in body
    assert "The city" in body


def test_a_child_in_private_care_is_offered_a_place():
    assert _link(4).offer.unit is not None


def test_inv_31_a_safety_ban_goes_to_a_person_and_no_message_leaves():
    case = Case.objects.get(subject=7, service="preschool")
    assert (case.state, case.reason) == ("held", "a_person_decides")
    assert messages.inbox(recipient=6) == []
    assert case.id in fulfil.holding(cases=[case.id])  # but the place waits


def test_inv_30_a_child_without_a_guardian_is_held_with_the_same_words_as_a_ban():
    held = Case.objects.filter(service="preschool", state="held", subject__gte=1000)
    assert held.exists()
    assert set(held.values_list("reason", flat=True)) == {"a_person_decides"}


def test_accepting_claims_the_place_for_good():
    link, at = _link(1), record.now()
    answers.accept(link=link.id, by=AINO, at=at)
    assert Case.objects.get(id=link.offer_id).state == "accepted"
    house.tick(at + timedelta(hours=23))
    assert Case.objects.get(id=link.offer_id).state == "accepted"
    house.tick(at + timedelta(hours=24))
    assert Case.objects.get(id=link.offer_id).state == "fulfilling"
    (decision,) = [d for d in fulfil.unsigned(services=["preschool"]) if d.subject == 3]
    later = at + timedelta(hours=25)
    fulfil.sign(decisions=[decision.id], by=PIRKKO, name="P. A.", title="director", at=later)
    house.tick(later)
    assert Case.objects.get(id=link.offer_id).state == "fulfilled"
    assert people.lineages(subjects=[3], register="people_placement", at=at + timedelta(days=2))[3]


def test_inv_25_a_double_click_on_accept_claims_one_place():
    link, at = _link(1), record.now()
    answers.accept(link=link.id, by=AINO, at=at)
    answers.accept(link=link.id, by=AINO, at=at)
    answers.accept(link=_link(2).id, by=MIKAEL, at=at)
    steps = Transition.objects.filter(case=link.offer_id, new="accepted")
    assert steps.count() == 1


def test_declining_frees_the_place():
    link, at = _link(4), record.now()
    before = fulfil.free(term=2027)[link.offer.unit or 0]
    answers.decline(link=link.id, by=SARA, at=at)
    assert fulfil.free(term=2027)[link.offer.unit or 0] == before + 1


def test_a_no_that_turns_to_a_yes_goes_to_a_person_since_the_place_is_free():
    link, at = _link(4), record.now()
    answers.decline(link=link.id, by=SARA, at=at)
    answers.accept(link=link.id, by=SARA, at=at)
    case = Case.objects.get(id=link.offer_id)
    assert (case.state, case.reason) == ("held", "answers_differ")


@pytest.mark.parametrize(("first", "then"), [("accept", "decline"), ("decline", "accept")])
def test_two_guardians_who_answer_differently_are_heard_by_a_person(first: str, then: str):
    at, say = record.now(), {"accept": answers.accept, "decline": answers.decline}
    say[first](link=_link(1).id, by=AINO, at=at)
    say[then](link=_link(2).id, by=MIKAEL, at=at)
    case = Case.objects.get(id=_link(1).offer_id)
    assert (case.state, case.reason) == ("held", "answers_differ")
    assert case.deadline is not None


def test_the_other_guardian_is_told_of_an_answer_and_who_gave_it_is_not():
    before = {person: len(messages.inbox(recipient=person)) for person in (1, 2)}
    answers.accept(link=_link(1).id, by=AINO, at=record.now())
    assert len(messages.inbox(recipient=1)) == before[1]
    told, *_ = messages.inbox(recipient=2)
    assert len(messages.inbox(recipient=2)) == before[2] + 1
    assert "Lindstad" not in told.body + told.subject


def test_a_yes_may_be_taken_back_within_a_day_and_not_later():
    link, at = _link(1), record.now()
    answers.accept(link=link.id, by=AINO, at=at)
    answers.undo(link=link.id, by=AINO, at=at + timedelta(hours=23))
    assert Case.objects.get(id=link.offer_id).state == "seen"
    answers.accept(link=link.id, by=AINO, at=at + timedelta(hours=23))
    with pytest.raises(NotOpenError):
        answers.undo(link=link.id, by=AINO, at=at + timedelta(hours=47))


def test_inv_28_an_expired_offer_cannot_be_accepted():
    link, at = _link(1), record.now() + timedelta(days=14)
    with pytest.raises(NotOpenError):
        answers.accept(link=link.id, by=AINO, at=at)
    _let_it_expire()
    assert Case.objects.get(id=link.offer_id).state == "expired"
    with pytest.raises(NotOpenError):
        answers.accept(link=link.id, by=AINO, at=at + timedelta(days=8))


def _let_it_expire() -> None:
    for days in (7, 14):
        clock.tick(by=SYSTEM, at=record.now() + timedelta(days=days))


def test_inv_26_silence_is_asked_once_more_and_is_then_neither_yes_nor_no():
    link, at = _link(1), record.now()
    clock.tick(by=SYSTEM, at=at + timedelta(days=7))
    assert Case.objects.get(id=link.offer_id).state == "offered"
    assert messages.inbox(recipient=1)[0].key.startswith("reminder:")
    clock.tick(by=SYSTEM, at=at + timedelta(days=14))
    case = Case.objects.get(id=link.offer_id)
    assert case.state == "expired"
    assert case.deadline is not None


def test_whoever_is_reminded_late_has_as_long_to_answer():
    link, at = _link(1), record.now() + timedelta(days=14)
    clock.tick(by=SYSTEM, at=at)
    offer = Offer.objects.get(case=link.offer_id)
    assert (offer.case.state, offer.expires_at) == ("offered", at + timedelta(days=7))


def test_inv_09_an_objection_withdraws_the_open_offer_in_the_same_transaction():
    link, at = _link(4), record.now()
    answers.object_to(link=link.id, by=SARA, at=at)
    assert Case.objects.get(id=link.offer_id).state == "objected"
    assert consent.objects(resident=5, purpose="preschool.placement")
    with pytest.raises(NotOpenError):
        answers.accept(link=link.id, by=SARA, at=at)


def test_inv_10_the_basis_is_checked_again_when_the_offer_is_accepted():
    link, at = _link(8), record.now()
    consent.Objection.objects.create(subject=9, purpose="preschool.placement", given_at=at)
    with pytest.raises(NotOpenError):
        answers.accept(link=link.id, by=TESFAY, at=at)


def test_a_second_hand_link_opens_nothing():
    with pytest.raises(NotYoursError):
        answers.accept(link=_link(1).id, by=SARA, at=record.now())


@pytest.mark.parametrize("token", ["", "x", "00000000000000000000000000000000:forged", "ä"])
def test_a_forged_link_is_not_ours(token: str):
    with pytest.raises(NotYoursError):
        answers.follow(token=token)


def test_inv_24_a_step_that_the_table_does_not_know_is_refused_and_changes_nothing():
    case = Case.objects.get(subject=7, service="preschool")
    with pytest.raises(TransitionError):
        cases.step(case=case.id, name="accept", by=SYSTEM, at=record.now())
    assert Case.objects.get(id=case.id).state == "held"


def test_inv_25_the_database_refuses_a_second_open_case():
    case = Case.objects.get(subject=7, service="preschool")
    case.id = uuid4()
    with pytest.raises(IntegrityError, match="one_open_case"), transaction.atomic():
        case.save(force_insert=True)


def test_every_offer_carries_its_reasons_with_source_and_date():
    reasons = _link(1).offer.reasons
    assert {r["because"] for r in reasons} == {"turns_six", "lives_here", "has_no_place_yet", ""}
    assert {r["value"] for r in reasons if not r["because"]} <= {"on record", None}
    born = next(r for r in reasons if r["fact"] == "people.birth_date")
    assert (born["value"], bool(born["source"]), bool(born["since"])) == ("2021-05-05", True, True)


def test_no_unit_holds_more_children_than_places():
    assert fulfil.overfull() == []


def test_every_step_has_an_entry_whose_leaf_commits_to_it():
    link = _link(1)
    answers.accept(link=link.id, by=AINO, at=record.now())
    entries = list(Entry.objects.filter(case=link.offer_id).order_by("id"))
    kinds = [e.kind for e in entries]
    assert kinds[-3:] == ["offers.see", "offers.accept", "fulfil.confirmed"]
    last = entries[-1]
    assert last.body is not None
    assert bytes(last.leaf) == leaf(bytes(last.salt), last.body)


def test_an_offer_that_was_never_sent_is_nobodys_to_read():
    assert not Offer.objects.filter(expires_at=None, case__state="offered").exists()


def test_an_undone_yes_stays_open_for_a_day_even_where_its_time_ran_out():
    link = _link(1)
    assert link.offer.expires_at is not None
    late = link.offer.expires_at - timedelta(hours=1)
    answers.accept(link=link.id, by=AINO, at=late)
    answers.undo(link=link.id, by=AINO, at=late + timedelta(hours=5))
    answers.accept(link=link.id, by=AINO, at=late + timedelta(hours=6))
    assert Case.objects.get(id=link.offer_id).state == "accepted"


def test_only_who_said_yes_may_take_it_back():
    at = record.now()
    answers.accept(link=_link(1).id, by=AINO, at=at)
    with pytest.raises(NotOpenError):
        answers.undo(link=_link(2).id, by=MIKAEL, at=at)


def test_an_expired_offer_waits_for_a_person():
    _let_it_expire()
    assert "expired" in {t.kind for t in viewing.queue().tasks}
