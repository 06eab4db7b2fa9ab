"""What officials do with cases: questions, decisions, many at once, contest, and forgetting."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from offers.soaking import OFFICIAL, SECOND, in_order, resident
from stadi.consent import actions as consent
from stadi.consent.models import Told
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.messages import actions as messages
from stadi.messages.models import Delivery, Message
from stadi.offers.actions import answers, cases, clock, contest, desk, questions, refill, versions
from stadi.offers.domain import (
    Answer,
    NotAllowedError,
    NotOpenError,
    NotYoursError,
    ReasonMissingError,
    TransitionError,
    VersionError,
)
from stadi.offers.models import Case, Note, Offer, Opening, Question, Recipient, Version
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.record.models import Entry
from stadi.site import demo, house
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)
EINO, ELLA, ONNI, SELAM = 3, 5, 7, 9
AINO, SARA, KAISA = (resident(person) for person in (1, 4, 6))


@pytest.fixture(autouse=True)
def _after_a_round(db: None) -> Any:
    del db
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=500, seed=3, today=demo.START.date(), first_id=1000), areas)
    _sql("update people_person set birth_date = null where subject = any(%s)", [ELLA, SELAM])
    demo.run_service("preschool", demo.Stopwatch())
    yield
    in_order()


def _sql(text: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def _case(subject: int) -> Case:
    return Case.objects.filter(service="preschool", subject=subject).order_by("-since")[0]


def _link(person: int) -> UUID:
    return Recipient.objects.get(person=person).id


# ── questions ────────────────────────────────────────────────────────────────────────────────


def test_a_missing_fact_becomes_one_question_and_its_answer_an_offer() -> None:
    case, at = _case(ELLA), record.now()
    assert case.state == "unclear"
    (fact,) = questions.missing(case=case.id, at=at)
    asked = questions.ask(case=case.id, fact=fact.name, by=OFFICIAL, at=at)
    assert questions.ask(case=case.id, fact=fact.name, by=OFFICIAL, at=at) == asked
    assert [q.id for q in questions.open_to(person=4)] == [asked]
    questions.answer(question=asked, value="2021-11-23", by=SARA, at=at + timedelta(hours=1))
    assert _case(ELLA).state == "offered"
    assert questions.open_to(person=4) == []


def test_an_answer_that_makes_the_rule_false_closes_the_case() -> None:
    case, at = _case(ELLA), record.now()
    asked = questions.ask(case=case.id, fact="people.birth_date", by=OFFICIAL, at=at)
    questions.answer(question=asked, value="2019-11-23", by=SARA, at=at + timedelta(hours=1))
    assert (_case(ELLA).state, _case(ELLA).reason) == ("closed", "rule_is_false")


def test_an_answer_is_a_fact_that_only_the_asking_purpose_sees() -> None:
    case, at = _case(ELLA), record.now()
    asked = questions.ask(case=case.id, fact="people.birth_date", by=OFFICIAL, at=at)
    later = at + timedelta(hours=1)
    questions.answer(question=asked, value="2021-11-23", by=SARA, at=later)
    seen = {}
    for service in ("preschool", "sample"):
        purpose = plugin(service).service.purpose
        if service == "sample":
            consent.register(purpose=purpose, by=SYSTEM, at=later)
        with consent.look(
            purpose=purpose, as_of=later.date(), known_at=later, only=[ELLA]
        ) as sight:
            query = f"select birth_date from {sight.schema}.subject"
            (seen[service],) = sight.connection.execute(query.encode()).fetchone() or (None,)
    assert str(seen["preschool"]) == "2021-11-23"
    assert seen["sample"] is None
    assert "2021-11-23" not in str(list(Entry.objects.values_list("body", flat=True)))


def test_what_was_answered_is_known_only_from_then_on_and_a_stop_hides_it() -> None:
    case, at = _case(ELLA), record.now()
    asked = questions.ask(case=case.id, fact="people.birth_date", by=OFFICIAL, at=at)
    later = at + timedelta(hours=1)
    questions.answer(question=asked, value="2021-11-23", by=SARA, at=later)
    purpose = plugin("preschool").service.purpose
    for known, only, wanted in ((at, [ELLA], None), (at, None, None), (later, None, "2021-11-23")):
        with consent.look(purpose=purpose, as_of=at.date(), known_at=known, only=only) as sight:
            query = f"select birth_date::text from {sight.schema}.subject where subject = {ELLA}"
            assert sight.connection.execute(query.encode()).fetchone() == (wanted,)
    consent.object_to(resident=ELLA, purpose=purpose.id, by=SARA, at=later)
    with consent.look(purpose=purpose, as_of=at.date(), known_at=later, only=[ELLA]) as sight:
        query = f"select birth_date, basis from {sight.schema}.subject"
        assert sight.connection.execute(query.encode()).fetchone() == (None, "objected")


@pytest.mark.parametrize("value", ["", "yesterday", "2021-02-30", "2199-01-01", "1450-01-01"])
def test_an_answer_of_the_wrong_kind_is_refused_and_the_question_stays(value: str) -> None:
    case, at = _case(ELLA), record.now()
    asked = questions.ask(case=case.id, fact="people.birth_date", by=OFFICIAL, at=at)
    with pytest.raises(questions.AnswerUnfitError, match="date of birth"):
        questions.answer(question=asked, value=value, by=SARA, at=at)
    assert not Told.objects.exists()
    assert Question.objects.get(id=asked).answered_at is None


def test_a_question_is_answered_by_those_it_was_asked_of_and_once() -> None:
    case, at = _case(ELLA), record.now()
    asked = questions.ask(case=case.id, fact="people.birth_date", by=OFFICIAL, at=at)
    with pytest.raises(NotYoursError):
        questions.answer(question=asked, value="2021-11-23", by=AINO, at=at)
    questions.answer(question=asked, value="2021-11-23", by=SARA, at=at + timedelta(hours=1))
    with pytest.raises(NotOpenError):
        questions.answer(question=asked, value="2020-01-01", by=SARA, at=at + timedelta(hours=2))


def test_a_question_about_a_case_that_was_settled_meanwhile_is_not_open() -> None:
    case, at = _case(ELLA), record.now()
    asked = questions.ask(case=case.id, fact="people.birth_date", by=OFFICIAL, at=at)
    desk.close(case=case.id, reason="The mother called", by=OFFICIAL, at=at)
    assert questions.open_to(person=4) == []
    with pytest.raises(NotOpenError):
        questions.answer(question=asked, value="2021-11-23", by=SARA, at=at)
    assert not Told.objects.exists()


def test_what_is_not_missing_cannot_be_asked() -> None:
    with pytest.raises(questions.NothingToAskError):
        questions.ask(case=_case(ELLA).id, fact="people.municipality", by=OFFICIAL, at=record.now())


# ── decisions ────────────────────────────────────────────────────────────────────────────────


def test_a_held_case_is_offered_by_a_persons_decision_and_its_reason_is_kept() -> None:
    case, at = _case(ONNI), record.now()
    desk.send(case=case.id, reason="Spoken with the mother", by=OFFICIAL, at=at)
    assert _case(ONNI).state == "offered"
    assert Note.objects.get(case=case.id, kind="decision").text == "Spoken with the mother"
    with pytest.raises(NotOpenError):
        answers.accept(link=_link(6), by=KAISA, at=at)  # protected: not through the portal
    by_phone = Answer(link=_link(6), says="accept", by=OFFICIAL, way="phone", reason="She called")
    assert answers.answer_many(answers=[by_phone], at=at) == []
    assert _case(ONNI).state == "accepted"
    assert Offer.objects.get(case=case.id).answered_by == 6


def test_an_official_chooses_among_the_free_places_and_no_other() -> None:
    case, at = _case(ONNI), record.now()
    shown = desk.choices(desk.look_into(cases=[case.id], at=at)[case.id])
    assert len(shown) > 1
    with pytest.raises(NotOpenError):
        desk.send(case=case.id, reason="by hand", by=OFFICIAL, at=at, unit=424_242)
    assert _case(ONNI).state == "held"
    assert fulfil.holding(cases=[case.id])
    desk.send(case=case.id, reason="by hand", by=OFFICIAL, at=at, unit=shown[1][0])
    assert fulfil.holding(cases=[case.id]) == {case.id: shown[1][0]}


@pytest.mark.parametrize("act", [desk.send, desk.close, desk.withdraw])
@pytest.mark.parametrize("reason", ["", "   ", "\0", "x" * 4_001])
def test_nothing_is_decided_without_a_reason_that_can_be_read(act: Any, reason: str) -> None:
    with pytest.raises(ReasonMissingError):
        act(case=_case(ONNI).id, reason=reason, by=OFFICIAL, at=record.now())
    assert _case(ONNI).state == "held"


@pytest.mark.parametrize("act", [desk.send, desk.close, desk.withdraw])
def test_only_an_official_decides(act: Any) -> None:
    with pytest.raises(NotAllowedError):
        act(case=_case(ONNI).id, reason="because", by=KAISA, at=record.now())


def test_an_answer_on_behalf_needs_a_reason_and_another_way_than_the_portal() -> None:
    for way, reason in (("phone", " "), ("portal", "She called")):
        spoken = Answer(link=_link(1), says="accept", by=OFFICIAL, way=way, reason=reason)
        (refused,) = answers.answer_many(answers=[spoken], at=record.now())
        assert isinstance(refused.error, ReasonMissingError)
    assert _case(EINO).state == "offered"


def test_an_official_opens_a_case_for_a_reason_and_for_half_an_hour() -> None:
    case, at = _case(ONNI).id, record.now()
    assert not desk.may_look(case=case, by=OFFICIAL, at=at)
    with pytest.raises(ReasonMissingError):
        desk.open_case(case=case, reason=" ", by=OFFICIAL, at=at)
    desk.open_case(case=case, reason="in my queue", by=OFFICIAL, at=at)
    assert desk.may_look(case=case, by=OFFICIAL, at=at + timedelta(minutes=29))
    assert not desk.may_look(case=case, by=OFFICIAL, at=at + timedelta(minutes=30))
    assert not desk.may_look(case=case, by=SECOND, at=at)
    assert Entry.objects.filter(case=case, kind="offers.opened", actor=20).count() == 1
    unsaid = pytest.raises(IntegrityError, match="a_case_is_opened_for_a_stated_reason")
    with unsaid, transaction.atomic():
        Opening.objects.update(reason="")


def test_a_preview_says_what_would_happen_and_does_nothing() -> None:
    cases = [_case(ONNI).id, _case(EINO).id]
    before = Entry.objects.count()
    done, why = desk.preview(
        act="close", cases=cases, reason="arranged", by=OFFICIAL, at=record.now()
    )
    assert (done, list(why.values())) == (1, [1])
    assert _case(ONNI).state == "held"
    assert Entry.objects.count() == before
    errors = desk.bulk(act="close", cases=cases, reason="arranged", by=OFFICIAL, at=record.now())
    assert list(errors) == [cases[1]]
    assert _case(ONNI).ended == "settled"


# ── a freed place ────────────────────────────────────────────────────────────────────────────


def test_a_freed_place_goes_to_the_child_who_waits_without_one() -> None:
    unit, at = Offer.objects.get(case=_case(EINO).id).unit, record.now()
    # nothing is free but what Eino holds, and Onni waits
    fulfil.release(by={_case(ONNI).id: SYSTEM}, at=at)
    Case.objects.filter(id=_case(ONNI).id).update(reason="no_free_place")
    _sql("update people_contact set safety_ban = false")
    full = {u: 0 for u, n in fulfil.free(term=2027).items() if n > 0}
    taken = fulfil.free(term=2027)
    capacity = dict(_capacity())
    fulfil.set_capacity(
        places={u: capacity[u] - taken[u] for u in full}, term=2027, by=SYSTEM, at=at
    )
    made = plugin("preschool")
    assert refill.refill(plugin=made, by=SYSTEM, at=at) == 0
    answers.decline(link=_link(1), by=AINO, at=at)
    assert refill.refill(plugin=made, by=SYSTEM, at=at) == 1
    assert fulfil.holding(cases=[_case(ONNI).id]) == {_case(ONNI).id: unit}
    assert _case(ONNI).state == "offered"
    assert refill.refill(plugin=made, by=SYSTEM, at=at) == 0


def _capacity() -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("select unit, places from fulfil_capacity where term = 2027")
        return list(cursor.fetchall())


# ── contest ──────────────────────────────────────────────────────────────────────────────────


def test_a_contested_decision_is_looked_at_by_another_official_and_undone() -> None:
    at = record.now()
    answers.accept(link=_link(1), by=AINO, at=at)
    at += timedelta(days=2)
    house.tick(at)
    ids = [d.id for d in fulfil.unsigned(services=["preschool"]) if d.subject == EINO]
    fulfil.sign(decisions=ids, by=OFFICIAL, name="P. A.", title="director", at=at)
    house.tick(at)
    old = _case(EINO)
    assert old.state == "fulfilled"
    contest.contest(link=_link(1), text="Too far", by=AINO, at=at)
    assert fulfil.holding(cases=[old.id])  # frozen: nothing was taken away
    new = contest.correct(case=old.id, reason="Indeed", by=SECOND, at=at + timedelta(hours=1))
    assert Case.objects.get(id=old.id).state == "corrected"
    assert Case.objects.get(id=new).state == "held"
    house.tick(at + timedelta(hours=2))
    assert not fulfil.holding(cases=[old.id])
    decision = fulfil.decision(case=old.id)
    assert decision is None or decision.annulled_at is not None


def test_whoever_decided_cannot_judge_the_contest_of_it() -> None:
    case, at = _case(ONNI), record.now()
    desk.send(case=case.id, reason="by hand", by=OFFICIAL, at=at)
    contest.contest(link=_link(6), text="No", by=KAISA, at=at)
    for act in (contest.uphold, contest.correct):
        with pytest.raises(NotAllowedError):
            act(case=case.id, reason="I was right", by=OFFICIAL, at=at)
    contest.uphold(case=case.id, reason="He was right", by=SECOND, at=at + timedelta(days=3))
    assert _case(ONNI).state == "offered"


def test_the_clock_stands_still_while_a_contest_is_looked_at() -> None:
    case, at = _case(EINO), record.now()
    before = Offer.objects.get(case=case.id).expires_at
    contest.contest(link=_link(1), text="No", by=AINO, at=at)
    for days in (7, 14):
        clock.tick(by=SYSTEM, at=at + timedelta(days=days))
    assert _case(EINO).state == "contested"
    assert fulfil.holding(cases=[case.id])
    contest.uphold(case=case.id, reason="It stands", by=OFFICIAL, at=at + timedelta(days=15))
    assert _case(EINO).state == "offered"
    assert before is not None
    assert Offer.objects.get(case=case.id).expires_at == before + timedelta(days=15)


def test_what_is_too_long_ago_cannot_be_contested() -> None:
    answers.decline(link=_link(1), by=AINO, at=record.now())
    with pytest.raises(NotOpenError):
        contest.contest(link=_link(1), text="No", by=AINO, at=record.now() + timedelta(days=14))


# ── the clock's own guards, whoever calls ────────────────────────────────────────────────────


def _refused(subject: int, name: str, at: Any) -> None:
    before = _case(subject).state
    with pytest.raises(NotOpenError):
        cases.step(case=_case(subject).id, name=name, by=SYSTEM, at=at)
    assert _case(subject).state == before


def test_inv_26_no_offer_ends_before_its_time_or_before_somebody_was_reminded() -> None:
    at = record.now()
    _refused(EINO, "expire", at + timedelta(days=30))  # nobody was reminded
    clock.tick(by=SYSTEM, at=at + timedelta(days=7))
    _refused(EINO, "expire", at + timedelta(days=13))
    cases.step(case=_case(EINO).id, name="expire", by=SYSTEM, at=at + timedelta(days=14))


def test_nothing_is_begun_while_it_may_still_be_taken_back() -> None:
    at = record.now()
    answers.accept(link=_link(1), by=AINO, at=at)
    _refused(EINO, "begin", at + timedelta(hours=23))
    cases.step(case=_case(EINO).id, name="begin", by=SYSTEM, at=at + timedelta(hours=24))


def test_no_task_ends_unanswered_before_the_owner_of_the_service_had_it() -> None:
    at = record.now()
    _refused(ONNI, "lapse", at + timedelta(days=60))
    clock.tick(by=SYSTEM, at=at + timedelta(days=10))
    assert _case(ONNI).level == 1
    _refused(ONNI, "lapse", at + timedelta(days=19))
    cases.step(case=_case(ONNI).id, name="lapse", by=SYSTEM, at=at + timedelta(days=20))
    assert _case(ONNI).ended == "unanswered"


def test_inv_10_nothing_is_begun_after_a_stop_or_without_its_place() -> None:
    at = record.now()
    answers.accept(link=_link(1), by=AINO, at=at)
    later, case = at + timedelta(days=2), _case(EINO).id
    with transaction.atomic():
        _sql(
            "insert into consent_objection (subject, purpose, given_at)"
            " values (%s, 'preschool.placement', %s)",
            EINO,
            at,
        )
        _refused(EINO, "begin", later)
        transaction.set_rollback(True)
    with transaction.atomic():
        fulfil.release(by={case: SYSTEM}, at=at)
        with pytest.raises(fulfil.NoClaimError):
            cases.step(case=case, name="begin", by=SYSTEM, at=later)
        transaction.set_rollback(True)


def test_nothing_is_offered_about_somebody_who_has_left() -> None:
    at = record.now()
    with transaction.atomic():
        cases.must(by={_case(ONNI).id: SYSTEM}, path=("ready", "propose"), at=at)
    later = at + timedelta(days=1)
    people.end(subject=ONNI, on=later.date(), why="moved_away", by=SYSTEM, at=later)
    _refused(ONNI, "offer", later)


# ── versions, contacts, forgetting ───────────────────────────────────────────────────────────


def test_a_case_keeps_the_terms_of_its_version_and_changed_terms_need_another() -> None:
    row = Version.objects.get(service="preschool")
    Version.objects.filter(id=row.id).update(terms={**row.terms, "undo_hours": 1})
    versions.terms.cache_clear()
    answers.accept(link=_link(1), by=AINO, at=record.now())
    clock.tick(by=SYSTEM, at=record.now() + timedelta(hours=2))
    assert _case(EINO).state == "fulfilling"
    with pytest.raises(VersionError, match="another version"):
        versions.keep(plugin("preschool").service)


def test_an_offer_stays_open_for_as_long_as_the_version_of_its_case_promised() -> None:
    row = Version.objects.get(service="preschool")
    Version.objects.filter(id=row.id).update(terms={**row.terms, "open_days": 3})
    versions.terms.cache_clear()
    at = record.now()
    desk.send(case=_case(ONNI).id, reason="by hand", by=OFFICIAL, at=at)
    assert Offer.objects.get(case=_case(ONNI).id).expires_at == at + timedelta(days=3)


def test_an_erased_case_is_counted_and_about_nobody() -> None:
    case, at = _case(EINO).id, record.now()
    answers.decline(link=_link(1), by=AINO, at=at)
    clock.tick(by=SYSTEM, at=at + timedelta(days=399))
    assert Case.objects.get(id=case).state == "declined"
    clock.tick(by=SYSTEM, at=at + timedelta(days=400))
    erased = Case.objects.get(id=case)
    assert (erased.state, erased.ended, erased.subject) == ("erased", "declined", 0)
    assert not Offer.objects.filter(case=case).exists()
    assert not Message.objects.filter(about=case).exists()
    left = Entry.objects.filter(case=case)
    assert {(e.body, e.salt) for e in left} == {(None, None)}
    assert all(len(bytes(e.leaf)) == 32 for e in left)


def test_inv_34_who_was_written_to_often_enough_is_not_written_to_now() -> None:
    case, at = _case(ONNI), record.now()
    _spend_all(6, at)
    with pytest.raises(NotOpenError):
        desk.send(case=case.id, reason="by hand", by=OFFICIAL, at=at)
    assert _case(ONNI).state == "held"


def test_inv_09_after_a_stop_no_notice_of_the_offer_leaves(settings: Any) -> None:
    settings.STADI_SMTP, settings.STADI_URL = "smtp://localhost:1", "https://stadi.example"
    settings.STADI_MAIL_FROM = "city@stadi.example"
    desk.send(case=_case(ONNI).id, reason="by hand", by=OFFICIAL, at=record.now())
    (waiting,) = Delivery.objects.filter(message__about=_case(ONNI).id)
    assert waiting.state == "queued"
    answers.object_to(link=_link(6), by=KAISA, at=record.now())
    waiting.refresh_from_db()
    assert (_case(ONNI).state, waiting.state) == ("objected", "cancelled")


def _spend_all(person: int, at: Any) -> None:
    from stadi.messages.domain import Letter  # noqa: PLC0415 - only here

    for i in range(messages.contacts_left(people=[person], at=at)[person]):
        letter = Letter(recipient=person, key=f"k{i}", subject="s", body="b", link="/fi/")
        messages.send(letters=[letter], by=SYSTEM, at=at)


def test_an_official_who_is_a_resident_too_answers_only_their_own() -> None:
    stranger = Actor(kind="resident", id=20, roles=frozenset({"resident"}))
    with pytest.raises(NotYoursError):
        answers.accept(link=_link(1), by=stranger, at=record.now())


def test_a_case_that_is_not_held_cannot_be_sent() -> None:
    with pytest.raises(TransitionError):
        desk.send(case=_case(EINO).id, reason="x", by=OFFICIAL, at=record.now())
