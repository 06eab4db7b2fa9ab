"""The life of a case: its table, its guards, random lives against a slow reference, and its end."""

import random
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offers.life import DRAWN, Reference, steps
from offers.soaking import (
    SOAK,
    a_day,
    guardians_at_once,
    in_order,
    kills,
    resident,
    small_city,
    stops_at_once,
)
from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Claim
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.offers.actions import answers, cases, clock
from stadi.offers.actions.guards import GUARDS
from stadi.offers.domain import (
    ENDED,
    STATES,
    STEPS,
    Answer,
    NotAllowedError,
    TransitionError,
)
from stadi.offers.models import Case, Offer, Recipient, Transition
from stadi.record import actions as record
from stadi.site import house

pytestmark = pytest.mark.django_db


# ── the table ────────────────────────────────────────────────────────────────────────────────


def test_inv_24_the_machines_table_is_the_drawing() -> None:
    wanted = {
        (old, name, new)
        for old, leads in DRAWN.items()
        for name, new in leads.items()
        if name != "screen"
    }
    assert steps(STEPS.values()) == wanted


def test_every_state_can_be_reached_and_left_until_it_is_erased() -> None:
    assert set(STATES) == set(DRAWN) - {""}
    reached, waiting = set[str](), ["candidate", "unclear", "held"]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += [new for new in DRAWN[state].values() if new and isinstance(new, str)]
    assert reached == set(STATES)
    assert [state for state in STATES if not DRAWN[state]] == ["erased"]


def test_inv_26_no_step_of_the_clock_is_a_no_and_one_is_a_yes_where_a_law_says_so() -> None:
    clocks = [step for step in STEPS.values() if "system" in step.who]
    assert not [s.name for s in clocks if s.new in {"declined", "countered"}]
    (granting,) = [step for step in clocks if step.new == "accepted"]
    assert (granting.name, granting.who) == ("grant", ("system",))
    assert "granting" in granting.guards


def test_inv_24_the_database_refuses_a_state_that_is_in_no_table(city: dict[str, Any]) -> None:
    del city
    with pytest.raises(IntegrityError, match="case_is_in_a_known_state"), transaction.atomic():
        Case.objects.filter(service="preschool").update(state="sanctioned")


@pytest.mark.parametrize("name", sorted(STEPS))
def test_inv_24_a_step_from_anywhere_else_is_refused(city: dict[str, Any], name: str) -> None:
    del city
    step = STEPS[name]
    for state in sorted(set(STATES) - set(step.old) - {"erased"}):
        case = _any_case()
        _put(case, state)
        by = Actor(kind=step.who[0], id=20)
        with pytest.raises(TransitionError, match=f"is {state} cannot {name}"):
            cases.step(case=case, name=name, by=by, at=record.now())


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_by_somebody_who_may_not_take_it_is_refused(city: dict[str, Any], name: str) -> None:
    del city
    step = STEPS[name]
    strangers = {"system", "resident", "official", "manager", "guest"} - set(step.who)
    for kind in sorted(strangers):
        case = _any_case()
        _put(case, step.old[0])
        with pytest.raises(NotAllowedError, match=f"a {kind} may not {name}"):
            cases.step(case=case, name=name, by=Actor(kind=kind, id=1), at=record.now())


def _any_case() -> Any:
    return Case.objects.filter(service="preschool", sent_at__isnull=False).order_by("id")[0].id


def _put(case: Any, state: str) -> None:
    ended = state if state in ENDED else ""
    Case.objects.filter(id=case).update(
        state=state, ended=ended, deadline=record.now(), before="seen"
    )


# ── random lives against the slow reference ──────────────────────────────────────────────────

SAYINGS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["accept", "decline", "choose", "ask", "undo"]),
        st.sampled_from([0, 1, 13, 25, 200]),
        st.integers(0, 3),
    ),
    max_size=6,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sayings=SAYINGS)
def test_inv_24_answers_lead_where_the_slow_reference_says(
    city: dict[str, Any], sayings: list[tuple[int, str, int, int]]
) -> None:
    del city
    with transaction.atomic():
        link = _two_guardians()
        slow, at = _reference(link), record.now()
        for who, says, hours, which in sayings:
            at += timedelta(hours=hours)
            person = [*slow.people, 999_999][min(who, len(slow.people))]
            unit = [*slow.others, 424_242][min(which, len(slow.others))]
            _say(link, person, says, unit, at)
            expected = slow.say(person, says, at, unit)
            case = Case.objects.get(id=link.offer_id)
            assert case.state == expected, (sayings, says)
            if case.state in ("accepted", "offered", "seen"):
                assert fulfil.holding(cases=[case.id]) == {case.id: slow.place}
        transaction.set_rollback(True)


def _two_guardians() -> Recipient:
    return Recipient.objects.select_related("offer__case").get(person=1)


def _reference(link: Recipient) -> Reference:
    offer = link.offer
    people = Recipient.objects.filter(offer=offer).order_by("person")
    assert offer.expires_at is not None
    return Reference(
        state=offer.case.state,
        expires=offer.expires_at,
        place=int(offer.unit or 0),
        others=[int(unit) for unit, _ in offer.others],
        people=list(people.values_list("person", flat=True)),
        free=dict(fulfil.free(term=2027)),
    )


def _say(link: Recipient, person: int, says: str, unit: int, at: datetime) -> None:
    theirs = Recipient.objects.filter(offer=link.offer, person=person).first() or link
    # what the guards refuse must change nothing, which the states tell
    with suppress(StadiError):
        if says == "undo":
            answers.undo(link=theirs.id, by=resident(person), at=at)
        elif says == "choose":
            answers.choose(link=theirs.id, unit=unit, by=resident(person), at=at)
        else:
            {"accept": answers.accept, "decline": answers.decline, "ask": answers.ask}[says](
                link=theirs.id, by=resident(person), at=at
            )


# ── whole lives ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(1, 2 + SOAK // 100))
def test_inv_24_every_case_ends_in_bounded_time_whatever_people_do(seed: int) -> None:
    small_city()
    rng = random.Random(seed)  # noqa: S311 - a test repeats itself
    for day in range(75):
        if day < 10:
            a_day(rng)
        house.advance(timedelta(days=1))
        if day % 15 == 0:
            in_order()
    in_order()
    going_on = Case.objects.exclude(state__in=ENDED)
    assert not going_on.exists(), list(going_on.values_list("state", "reason"))
    house.advance(timedelta(days=1))
    ended = _lives()
    assert clock.tick(by=SYSTEM, at=record.now()) == dict.fromkeys(clock.ACTS, 0)
    assert _lives() == ended


def _lives() -> int:
    return Transition.objects.count()


def test_inv_25_no_answer_however_often_and_in_whatever_order_takes_two_places(
    city: dict[str, Any],
) -> None:
    del city
    at, link = record.now(), _two_guardians()
    rng = random.Random(4)  # noqa: S311 - a test repeats itself
    links = list(Recipient.objects.filter(offer=link.offer))
    given = [
        Answer(link=r.id, says=rng.choice(["accept", "decline", "ask"]), by=resident(r.person))
        for r in links * 20
    ]
    answers.answer_many(answers=given, at=at)
    held = Claim.objects.filter(case=link.offer_id).exclude(hold="released")
    assert held.count() <= 1
    assert Offer.objects.filter(case=link.offer_id).count() == 1


# ── kills and races ──────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_inv_25_a_kill_between_any_two_steps_loses_and_doubles_nothing() -> None:
    small_city()
    kills(SOAK or 8, random.Random(3))  # noqa: S311 - a test repeats itself
    for _ in range(75):
        house.advance(timedelta(days=1))
    in_order()
    assert not Case.objects.exclude(state__in=ENDED).exists()


@pytest.mark.django_db(transaction=True)
def test_inv_25_two_guardians_who_answer_at_the_same_instant_have_one_end() -> None:
    small_city()
    ends = guardians_at_once(10 * SOAK or 40, random.Random(4))  # noqa: S311 - a test repeats itself
    assert set(ends) == {"accepted", "declined", "held"}


@pytest.mark.django_db(transaction=True)
def test_inv_09_a_stop_that_races_offer_acceptance_and_fulfilment_ends_in_a_stop() -> None:
    small_city()
    ends = stops_at_once(12)
    assert set(ends) <= {"objected", "withdrawn", "declined"}


def test_the_page_about_the_life_of_a_case_tells_every_step_and_guard_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/life-of-a-case.md").read_text("utf-8")
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in page.splitlines()]
    told = {row[0].strip("`"): row for row in rows if row[0].strip("`") in {*STEPS, *GUARDS}}
    assert set(told) == {*STEPS, *GUARDS}
    for step in STEPS.values():
        _, old, new, who, guards, effects, letter = told[step.name]
        assert old == ", ".join(step.old)
        assert new.split(" (")[0] == (step.new or "where it stood before")
        assert who == ", ".join(step.who)
        assert [guards, effects, letter] == [
            ", ".join(step.guards) or "–",
            ", ".join(step.effects) or "–",
            step.tells or "–",
        ]
