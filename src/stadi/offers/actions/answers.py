"""Answers to offers, one being a batch of one; each follows the life of its case and its guards."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db import connection, transaction

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.ids import listed
from stadi.offers.actions.cases import must, standing, take
from stadi.offers.actions.letters import ABOUT_OFFER, LINK
from stadi.offers.domain import (
    Answer,
    Errors,
    NotOpenError,
    NotYoursError,
    ReasonMissingError,
    Refused,
    Standing,
    TransitionError,
)
from stadi.offers.models import Note, Offer, Recipient
from stadi.offers.plugins import plugin
from stadi.record.domain import News
from stadi.twin import actions as twin

SAYS = ("accept", "choose", "decline", "ask", "object")
# what an answer says -> the states in which it was said before, and saying it changes nothing
SAID = {
    "accept": ("accepted", "fulfilling", "fulfilled", "measured"),
    "decline": ("declined",),
    "ask": ("held",),
}
# what an answer says -> the state in which it contradicts another answer
CONTRARY = {"accept": "declined", "decline": "accepted"}
PATHS = {"choose": ("counter", "agree")}  # others are the step of their name
NOWHERE = (0, UUID(int=0))
BEHIND = "select id, person, offer_id from offers_recipient where id = any(%s::uuid[])"


def follow(*, token: str) -> UUID:
    """Return the recipient id that a signed link carries; a forged one is not ours."""
    try:
        return UUID(LINK.unsign(token))
    except (signing.BadSignature, ValueError) as error:
        message = "this link is not ours"
        raise NotYoursError(message) from error


def for_person(*, link: UUID, person: int) -> Recipient:
    """Return the offer behind a link for the person it was sent to, and for nobody else."""
    found = Recipient.objects.select_related("offer__case").filter(id=link, person=person).first()
    if found is None:
        message = "this offer was made to somebody else"
        raise NotYoursError(message)
    return found


@transaction.atomic
def answer_many(*, answers: Sequence[Answer], at: datetime) -> list[Refused]:
    """Give answers in their order, and return those that were refused and changed nothing.

    Answers about one subject can hang on each other, so each is given after the one before.
    """
    behind = _behind([answer.link for answer in answers])
    left, refused = list(answers), list[Refused]()
    while left:
        cases = standing({case for _, case in behind.values()})
        now, left = _in_turn(left, behind, cases)
        refused += _give(now, behind, cases, at)
    return refused


def _behind(links: Collection[UUID]) -> dict[UUID, tuple[int, UUID]]:
    """Return the person and the case behind each link."""
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, [listed(links)])
        return {link: (person, case) for link, person, case in cursor.fetchall()}


def _in_turn(
    answers: Sequence[Answer],
    behind: Mapping[UUID, tuple[int, UUID]],
    cases: Mapping[UUID, Standing],
) -> tuple[list[Answer], list[Answer]]:
    """Return the first answer about each subject, and those that must wait for it."""
    now, later, subjects = list[Answer](), list[Answer](), set[int]()
    for answer in answers:
        found = cases.get(behind[answer.link][1]) if answer.link in behind else None
        (later if found and found.subject in subjects else now).append(answer)
        if found:
            subjects.add(found.subject)
    return now, later


def _give(
    answers: Sequence[Answer],
    behind: Mapping[UUID, tuple[int, UUID]],
    cases: Mapping[UUID, Standing],
    at: datetime,
) -> list[Refused]:
    """Give answers about different subjects, those alike together."""
    refused, alike = list[Refused](), dict[tuple[str, ...], dict[UUID, Answer]]()
    for answer in answers:
        person, case = behind.get(answer.link, NOWHERE)
        if error := _unfit(answer, person, cases.get(case)):
            refused.append(Refused(answer=answer, error=error))
        elif way := _way(answer, person, cases[case]):
            alike.setdefault(way, {})[case] = _for(answer, person)
    for way, theirs in alike.items():
        errors = _take(way, theirs, cases, at)
        refused += [Refused(answer=theirs[case], error=_told(e)) for case, e in errors.items()]
    return refused


def _told(error: StadiError) -> StadiError:
    """Return an error as whoever answers may hear it: not where the case stands."""
    closed = isinstance(error, TransitionError)
    return NotOpenError("this offer is no longer open") if closed else error


def _unfit(answer: Answer, person: int, case: Standing | None) -> StadiError | None:
    """Return why this answer may not be given by whoever gives it."""
    if case is None or (answer.by.kind != "official" and answer.by.id != person):
        return NotYoursError("this offer was made to somebody else")
    if answer.says not in SAYS:
        return NotOpenError(f"nobody can say {answer.says!r}; one can {', '.join(SAYS)}")
    if answer.by.kind == "official":
        silent = not answer.reason.strip() or answer.way == "portal"
        return ReasonMissingError("say how and why the answer reached you") if silent else None
    return None


def _for(answer: Answer, person: int) -> Answer:
    """Return an official's answer as one on behalf of the recipient."""
    if answer.by.kind != "official":
        return answer
    return replace(answer, by=replace(answer.by, on_behalf_of=person))


def _way(answer: Answer, person: int, case: Standing) -> tuple[str, ...]:
    """Return the steps that an answer means here; none where it was said before."""
    if case.state in SAID.get(answer.says, ()):
        return ()
    if case.state == CONTRARY.get(answer.says):
        if case.answered_by == SYSTEM.id and answer.says == "decline":
            return ("oppose",)
        own = case.answered_by == person
        # a yes is taken back by undo, which opens the offer again
        return ("disagree",) if answer.says == "accept" or not own else ("decline",)
    seen = ("see",) if case.state == "offered" and answer.says != "object" else ()
    return (*seen, *PATHS.get(answer.says, (answer.says,)))


def _take(
    way: tuple[str, ...],
    theirs: Mapping[UUID, Answer],
    cases: Mapping[UUID, Standing],
    at: datetime,
) -> Errors:
    """Take the steps of answers that are alike, and note what was said by another way."""
    by = {case: answer.by for case, answer in theirs.items()}
    if way == ("object",):
        for case, actor in by.items():
            purpose = plugin(cases[case].service).service.purpose.id
            consent.object_to(resident=cases[case].subject, purpose=purpose, by=actor, at=at)
        errors = Errors()
    elif "counter" in way:
        errors = _choose(way, theirs, at)
    else:
        errors = take(by=by, path=way, at=at, reason=_reason(way), known=cases)
    spoken = {c: a for c, a in theirs.items() if c not in errors and a.reason}
    Note.objects.bulk_create(
        Note(case_id=case, by=a.by.id, at=at, kind=a.way, text=a.reason)
        for case, a in spoken.items()
    )
    return errors


def _reason(way: tuple[str, ...]) -> str:
    return {"disagree": "answers_differ", "ask": "asked_for_a_person"}.get(way[-1], "")


def _choose(way: tuple[str, ...], theirs: Mapping[UUID, Answer], at: datetime) -> Errors:
    """Take another place, one by one: whether it is free depends on who chose before."""
    errors = Errors()
    for case, answer in theirs.items():
        try:
            with transaction.atomic():
                must(by={case: answer.by}, path=way[:-1], at=at)
                _swap(case, answer, at)
                must(by={case: answer.by}, path=way[-1:], at=at)
        except StadiError as error:
            errors[case] = error
    return errors


def _swap(case: UUID, answer: Answer, at: datetime) -> None:
    """Hold the chosen place instead of the proposed one; only what was shown can be chosen."""
    offer = Offer.objects.select_related("case").get(case=case)
    shown = dict(offer.others)
    if answer.unit is None or answer.unit not in shown:
        message = "this place is not among those that were shown"
        raise NotOpenError(message)
    fulfil.release(by={case: answer.by}, at=at)
    fulfil.hold(wanted={case: answer.unit}, term=offer.case.term, by=answer.by, at=at)
    left = [o for o in offer.others if o[0] != answer.unit]
    offer.others = [[offer.unit, offer.metres], *left] if offer.unit is not None else left
    offer.unit, offer.metres = answer.unit, shown[answer.unit]
    offer.starts_at = twin.starts([answer.unit]).get(answer.unit)
    offer.save(update_fields=["others", "unit", "metres", "starts_at"])


def _one(answer: Answer, at: datetime) -> None:
    for refused in answer_many(answers=[answer], at=at):
        raise refused.error


@transaction.atomic
def see(*, link: UUID, by: Actor, at: datetime) -> None:
    """Note that a recipient has seen the offer; only the first look counts."""
    take(by={for_person(link=link, person=by.id).offer_id: by}, path=("see",), at=at)


def see_opened(batch: Sequence[News], by: Actor, at: datetime) -> None:
    """Note that the offer behind an opened message was seen; other messages pass by."""
    for news in batch:
        about, link, *_ = str(news.body["key"]).split(":")
        # the letter of an offer that another one took the place of stays in the inbox
        if about == ABOUT_OFFER and Recipient.objects.filter(id=link).exists():
            see(link=UUID(link), by=news.by or by, at=at)


def accept(*, link: UUID, by: Actor, at: datetime) -> None:
    """Say yes: the place is claimed for good once the regret time has passed.

    Saying it twice changes nothing; an offer that has ended cannot be accepted.
    """
    _one(Answer(link=link, says="accept", by=by), at)


def choose(*, link: UUID, unit: int, by: Actor, at: datetime) -> None:
    """Say yes to another place that was shown beside the proposed one."""
    _one(Answer(link=link, says="choose", by=by, unit=unit), at)


def decline(*, link: UUID, by: Actor, at: datetime) -> None:
    """Say not for us: the place is freed; the ordinary application stays open."""
    _one(Answer(link=link, says="decline", by=by), at)


def ask(*, link: UUID, by: Actor, at: datetime) -> None:
    """Ask a person: the place stays held until somebody has talked with you."""
    _one(Answer(link=link, says="ask", by=by), at)


def object_to(*, link: UUID, by: Actor, at: datetime) -> None:
    """Stop the service for the subject of an offer, at once."""
    _one(Answer(link=link, says="object", by=by), at)


@transaction.atomic
def undo(*, link: UUID, by: Actor, at: datetime) -> None:
    """Take one's own yes back within the regret time: the offer is open again.

    It stays open for as long as the regret time even where its own time has run out meanwhile.
    """
    must(by={for_person(link=link, person=by.id).offer_id: by}, path=("undo",), at=at)
