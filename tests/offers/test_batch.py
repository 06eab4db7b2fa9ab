"""Answers given in a batch are the same as answers given one by one."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from stadi.consent.models import Objection
from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Claim
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.messages.models import Message
from stadi.offers.actions import answers, cases, clock
from stadi.offers.domain import ASKED, Answer, NotOpenError, NotYoursError, TransitionError
from stadi.offers.models import Case, Offer, Recipient, Transition
from stadi.offers.plugins import plugins
from stadi.people.models import Placement
from stadi.record import actions as record
from stadi.record.domain import News
from stadi.record.models import Entry
from stadi.site import house

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
OFFICIAL = Actor(kind="official", id=20, roles=frozenset({"official"}))
ONE = {"accept": answers.accept, "decline": answers.decline, "object": answers.object_to}


def _mixture(seed: int) -> list[Answer]:
    """Return answers of all kinds: twice, of both guardians, by strangers, to ended offers."""
    rng = random.Random(seed)  # noqa: S311 - a test repeats itself
    links = list(Recipient.objects.order_by("offer__case__subject", "person"))
    given = []
    for link in links:
        who = rng.choice([link.person] * 9 + [999_999])
        by = Actor(kind="resident", id=who, roles=frozenset({"resident"}))
        times = rng.choice([0, 1, 1, 2])
        given += [Answer(link=link.id, says=rng.choice(sorted(ONE)), by=by) for _ in range(times)]
    rng.shuffle(given)
    return given


def _spoil(seed: int) -> None:
    """Let some offers be late, some stopped, some without their place."""
    rng = random.Random(seed)  # noqa: S311 - a test repeats itself
    open_ = list(Case.objects.filter(state__in=ASKED, service="preschool").order_by("subject"))
    late, stopped, lost = (rng.sample(open_, 2) for _ in range(3))
    Offer.objects.filter(case__in=late).update(expires_at=record.now() - timedelta(days=1))
    Claim.objects.filter(case__in=[c.id for c in lost]).update(hold="released")
    for case in stopped:
        Objection.objects.get_or_create(
            subject=case.subject,
            purpose="preschool.placement",
            lifted_at=None,
            defaults={"given_at": record.now()},
        )


def _world() -> dict[str, Counter[Any]]:
    """Return everything that answers write, order and salts aside."""
    offers = Offer.objects.values_list("case", "expires_at", "answered_at", "answered_by")
    # a batch says once how many letters it sent, and the letters are compared themselves
    told = Entry.objects.exclude(kind="messages.sent")
    entries = told.values_list("kind", "actor_kind", "actor", "case", "at", "body")
    return {
        "cases": Counter(Case.objects.values_list("id", "state", "reason", "since", "deadline")),
        "steps": Counter(Transition.objects.values_list("case", "old", "new", "at", "actor")),
        "claims": Counter(Claim.objects.values_list("case", "unit", "hold")),
        "offers": Counter(offers),
        "letters": Counter(Message.objects.values_list("recipient", "key", "subject", "about")),
        "objections": Counter(Objection.objects.values_list("subject", "purpose", "given_at")),
        "entries": Counter((*rest, str(sorted(body.items()))) for *rest, body in entries),
    }


def _one_by_one(given: list[Answer], at: Any) -> list[tuple[Answer, type[StadiError]]]:
    refused = []
    for answer in given:
        try:
            ONE[answer.says](link=answer.link, by=answer.by, at=at)
        except StadiError as error:
            refused.append((answer, type(error)))
    return refused


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_ends_as_the_same_answers_given_one_by_one(seed: int):
    _spoil(seed)
    given, at = _mixture(seed), record.now()
    before = _world()
    point = transaction.savepoint()
    alone = _one_by_one(given, at)
    one_by_one = _world()
    transaction.savepoint_rollback(point)
    assert _world() == before
    refused = answers.answer_many(answers=given, at=at)
    batch = _world()
    assert batch == one_by_one != before
    assert Counter((id(r.answer), type(r.error)) for r in refused) == Counter(
        (id(answer), error) for answer, error in alone
    )
    assert {error for _, error in alone} >= {NotYoursError, NotOpenError}


def test_a_batch_asks_the_database_as_often_for_many_as_for_a_few(
    django_assert_max_num_queries: Any,
):
    open_ = Recipient.objects.filter(offer__case__state="offered")
    links = open_.filter(offer__case__service="preschool").order_by("offer", "person")
    first = {link.offer_id: link for link in links}
    given = [
        Answer(link=link.id, says="accept", by=Actor(kind="resident", id=link.person))
        for link in first.values()
    ]
    assert len(given) >= 4
    with django_assert_max_num_queries(40):
        assert answers.answer_many(answers=given, at=record.now()) == []


def test_many_accepted_offers_are_fulfilled_in_one_go(django_assert_max_num_queries: Any):
    given = [
        Answer(link=link.id, says="accept", by=Actor(kind="resident", id=link.person))
        for link in Recipient.objects.filter(offer__case__state__in=ASKED)
    ]
    at = record.now()
    answers.answer_many(answers=given, at=at)
    due = list(Case.objects.filter(state="accepted", service="preschool"))
    assert len(due) >= 4
    later = at + timedelta(days=2)
    # some dozens a service, however many cases
    with django_assert_max_num_queries(75 * len(plugins())):
        house.tick(later)
    waiting = [d.id for d in fulfil.unsigned(services=["preschool"])]
    fulfil.sign(decisions=waiting, by=OFFICIAL, name="P. A.", title="director", at=later)
    with django_assert_max_num_queries(60 * len(plugins())):
        house.tick(later)
    placed = set(Placement.objects.values_list("subject", flat=True))
    assert {c.subject for c in due} <= placed
    steps = Transition.objects.filter(case=due[0].id).order_by("id").values_list("old", "new")
    assert list(steps)[-2:] == [("accepted", "fulfilling"), ("fulfilling", "fulfilled")]
    letters = Message.objects.filter(about=due[0].id, key__startswith="fulfilled:")
    assert letters.count() == Recipient.objects.filter(offer=due[0].id).count()


def test_inv_27_a_yes_whose_place_is_gone_goes_to_a_person_and_stops_nobody_else():
    offered = Case.objects.filter(state__in=ASKED, service="preschool").order_by("subject")
    lost, kept = offered[:2]
    for case in (lost, kept):
        link = Recipient.objects.filter(offer=case.id).first()
        assert link
        answers.accept(link=link.id, by=Actor(kind="resident", id=link.person), at=record.now())
    Claim.objects.filter(case=lost.id).update(hold="released")
    clock.tick(by=SYSTEM, at=record.now() + timedelta(days=2))
    lost.refresh_from_db()
    kept.refresh_from_db()
    assert (lost.state, lost.reason) == ("held", "place_lost")
    assert lost.deadline is not None
    assert kept.state == "fulfilling"
    assert not Placement.objects.filter(subject=lost.subject).exists()


def test_inv_24_one_stray_case_stops_the_step_of_all():
    offered = Case.objects.filter(state="offered").values_list("id", flat=True)[:3]
    held = Case.objects.filter(state="held").values_list("id", flat=True)[:1]
    by = dict.fromkeys([*offered, *held], SYSTEM)
    by = {case: Actor(kind="resident", id=1) for case in by}
    with pytest.raises(TransitionError, match="held cannot see"), transaction.atomic():
        cases.must(by=by, path=("see",), at=record.now())
    assert not Transition.objects.filter(case__in=by, new="seen").exists()
    assert not Entry.objects.filter(case__in=by, kind="offers.see").exists()


def test_inv_24_a_path_whose_steps_do_not_follow_each_other_is_refused():
    case = Case.objects.filter(state="offered").values_list("id", flat=True)[0]
    with pytest.raises(TransitionError, match="seen cannot begin"):
        cases.must(by={case: SYSTEM}, path=("see", "begin"), at=record.now())


def test_each_entry_of_a_batch_names_who_did_it_and_is_heard():
    heard = []
    record.listen("tests.heard", lambda batch, by, at: heard.append((batch, by.id, at)))
    one = Actor(kind="resident", id=1)
    at = record.now()
    batch = [News(kind="tests.heard", by=one), News(kind="tests.heard")]
    record.write_many(batch, by=SYSTEM, at=at)
    actors = Entry.objects.filter(kind="tests.heard").values_list("actor_kind", "actor")
    assert sorted(actors) == [("resident", 1), ("system", 0)]
    assert heard == [(batch, 0, at)]
