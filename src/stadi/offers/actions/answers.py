"""Answers to offers, one being a batch of one; and what happens when time passes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.db import connection, transaction

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.kit.service import Service
from stadi.offers.actions.cases import listed, step, step_many
from stadi.offers.actions.letters import ABOUT_OFFER, LINK
from stadi.offers.domain import ASKED, Answer, Asked, NotOpenError, NotYoursError, Refused
from stadi.offers.models import Case, Offer, Recipient
from stadi.offers.plugins import plugin, plugins
from stadi.people import actions as people
from stadi.people.domain import Batch
from stadi.record.domain import News

# what an answer says -> the states in which it was said before, and saying it changes nothing
SAID = {"accept": ("accepted", "fulfilling", "fulfilled"), "decline": ("declined",)}
ASKING = """
    select r.id, r.person, c.id, c.service, c.subject, c.state, o.unit, o.expires_at
    from offers_recipient r
    join offers_offer o on o.case_id = r.offer_id join offers_case c on c.id = o.case_id
    where r.id = any(%s::uuid[]) order by c.id for update of c, o"""

# a case that moved while its row was waited for is left alone: PostgreSQL asks `where` again
DUE = """
    select c.id, c.subject, c.round, o.unit
    from offers_case c join offers_offer o on o.case_id = c.id
    where c.service = %s and c.state = any(%s) and {time} <= %s
    order by c.id for update of c, o"""
Due = tuple[UUID, int, str, int | None]


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
    left, refused = list(answers), list[Refused]()
    while left:
        asked = _asked([answer.link for answer in left])
        now, left = _in_turn(left, asked)
        refused += _give(now, asked, at)
    return refused


def _in_turn(
    answers: Sequence[Answer], asked: Mapping[UUID, Asked]
) -> tuple[list[Answer], list[Answer]]:
    """Return the first answer about each subject, and those that must wait for it."""
    now, later, subjects = list[Answer](), list[Answer](), set[int]()
    for answer in answers:
        found = asked.get(answer.link)
        (later if found and found.subject in subjects else now).append(answer)
        if found:
            subjects.add(found.subject)
    return now, later


def _asked(links: Collection[UUID]) -> dict[UUID, Asked]:
    """Return the offers behind links, nobody else answering them until the transaction ends."""
    names = ("person", "case", "service", "subject", "state", "unit", "expires_at")
    with connection.cursor() as cursor:
        cursor.execute(ASKING, [listed(links)])
        return {
            link: Asked(**dict(zip(names, row, strict=True))) for link, *row in cursor.fetchall()
        }


def _give(answers: Sequence[Answer], asked: Mapping[UUID, Asked], at: datetime) -> list[Refused]:
    """Give answers about different subjects."""
    refused = [Refused(answer=a, error=e) for a in answers if (e := _not_theirs(a, asked))]
    turned_away = {id(r.answer) for r in refused}
    theirs = [(a, asked[a.link]) for a in answers if id(a) not in turned_away]
    for answer, offer in theirs:
        if answer.says == "object":
            _object(offer, answer.by, at)
    new = [(a, o) for a, o in theirs if a.says != "object" and o.state not in SAID[a.says]]
    errors = _lost([o for a, o in new if a.says == "accept"]) | _closed([o for _, o in new], at)
    _take([(a, o) for a, o in new if o.case not in errors], at)
    refused += [Refused(answer=a, error=errors[o.case]) for a, o in new if o.case in errors]
    return refused


def _not_theirs(answer: Answer, asked: Mapping[UUID, Asked]) -> StadiError | None:
    offer = asked.get(answer.link)
    if offer is not None and offer.person == answer.by.id:
        return None
    return NotYoursError("this offer was made to somebody else")


def _object(offer: Asked, by: Actor, at: datetime) -> None:
    purpose = plugin(offer.service).service.purpose.id
    consent.object_to(resident=offer.subject, purpose=purpose, by=by, at=at)


def _closed(offers: Sequence[Asked], at: datetime) -> dict[UUID, StadiError]:
    """Return why these offers may not be answered now, those that may be left out."""
    banned = people.banned({p for o in offers for p in (o.subject, o.person)}) if offers else set()
    stopped = set()
    for service in {o.service for o in offers}:
        subjects = [o.subject for o in offers if o.service == service]
        purpose = plugin(service).service.purpose.id
        stopped |= {(service, s) for s in consent.objecting(residents=subjects, purpose=purpose)}
    errors: dict[UUID, StadiError] = {}
    for o in offers:
        late = o.expires_at is None or o.expires_at <= at
        if o.state not in ASKED or late or {o.subject, o.person} & banned:
            errors[o.case] = NotOpenError("this offer is no longer open")
        elif (o.service, o.subject) in stopped:
            errors[o.case] = NotOpenError("this service was stopped for this person")
    return errors


def _lost(offers: Sequence[Asked]) -> dict[UUID, StadiError]:
    """Return the offers of a place that is no longer held."""
    placing = {o.case for o in offers if o.unit is not None}
    lost = placing - set(fulfil.holding(cases=placing)) if placing else set()
    return {case: fulfil.NoClaimError("this place is no longer held") for case in lost}


def _take(open_: Sequence[tuple[Answer, Asked]], at: datetime) -> None:
    """Take the steps of answers that may be given, seen first, and what follows from them."""
    said: dict[str, dict[UUID, Actor]] = {"accept": {}, "decline": {}}
    fresh: dict[str, dict[UUID, Actor]] = {"accept": {}, "decline": {}}
    for answer, offer in open_:
        said[answer.says][offer.case] = answer.by
        if offer.state == "offered":
            fresh[answer.says][offer.case] = answer.by
    for name, by in said.items():
        step_many(by=fresh[name], path=("see", name), at=at)
        step_many(by={c: a for c, a in by.items() if c not in fresh[name]}, path=(name,), at=at)
    _note({o.case: a.by for a, o in open_}, at)
    units = {o.case for _, o in open_ if o.unit is not None}
    if placing := {case: by for case, by in said["accept"].items() if case in units}:
        fulfil.confirm(by=placing, at=at)
    if said["decline"]:
        fulfil.release(by=said["decline"], at=at)


def _note(by: Mapping[UUID, Actor], at: datetime) -> None:
    """Note when and by whom offers were answered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update offers_offer o set answered_at = %s, answered_by = who.actor"
            " from unnest(%s::uuid[], %s::bigint[]) as who(id, actor) where o.case_id = who.id",
            [at, listed(by), [actor.id for actor in by.values()]],
        )


def _one(says: str, link: UUID, by: Actor, at: datetime) -> None:
    for refused in answer_many(answers=[Answer(link=link, says=says, by=by)], at=at):
        raise refused.error


@transaction.atomic
def see(*, link: UUID, by: Actor, at: datetime) -> None:
    """Note that a recipient has seen the offer; only the first look counts."""
    case = Case.objects.select_for_update().get(id=for_person(link=link, person=by.id).offer_id)
    if case.state == "offered":
        step(case=case.id, name="see", by=by, at=at)


def see_opened(news: News, by: Actor, at: datetime) -> None:
    """Note that the offer behind an opened message was seen; other messages pass by."""
    about, _, link = str(news.body["key"]).partition(":")
    if about == ABOUT_OFFER:
        see(link=UUID(link), by=by, at=at)


def accept(*, link: UUID, by: Actor, at: datetime) -> None:
    """Say yes: the place is claimed for good once the regret time has passed.

    Saying it twice changes nothing; an offer that has ended cannot be accepted.
    """
    _one("accept", link, by, at)


def decline(*, link: UUID, by: Actor, at: datetime) -> None:
    """Say not for us: the place is freed; the ordinary application stays open."""
    _one("decline", link, by, at)


def object_to(*, link: UUID, by: Actor, at: datetime) -> None:
    """Stop the service for the subject of an offer, at once."""
    _one("object", link, by, at)


def undo_until(offer: Offer) -> datetime | None:
    """Return until when an accepted offer may be regretted."""
    if offer.answered_at is None:
        return None
    hours = plugin(offer.case.service).service.offer.undo_hours
    return offer.answered_at + timedelta(hours=hours)


@transaction.atomic
def undo(*, link: UUID, by: Actor, at: datetime) -> None:
    """Take one's own yes back within the regret time: the offer is open again.

    It stays open for as long as the regret time even where its own time has run out meanwhile.
    """
    found = for_person(link=link, person=by.id)
    case = Case.objects.select_for_update().get(id=found.offer_id)
    offer = Offer.objects.select_related("case").get(case=case)
    until = undo_until(offer)
    own = offer.answered_by == by.id
    if case.state != "accepted" or not own or until is None or until <= at:
        message = "this answer can no longer be taken back"
        raise NotOpenError(message)
    step(case=case.id, name="undo", by=by, at=at)
    fulfil.soften(case=case.id, by=by, at=at)
    again = at + timedelta(hours=plugin(case.service).service.offer.undo_hours)
    offer.expires_at = max(offer.expires_at or again, again)
    offer.answered_at = offer.answered_by = None
    offer.save()


def fulfil_due(*, by: Actor, at: datetime) -> int:
    """Fulfil every accepted offer whose regret time has passed; return how many."""
    return sum(_fulfil(made.service, by, at) for made in plugins().values())


def expire_due(*, by: Actor, at: datetime) -> int:
    """End every offer whose time ran out and free its place; a person follows it up."""
    return sum(_expire(made.service, by, at) for made in plugins().values())


def _due(time: str, service: str, states: Sequence[str], until: datetime) -> list[Due]:
    """Return the cases whose `time` has come, nobody else moving them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(DUE.format(time=time), [service, list(states), until])
        return list(cursor.fetchall())


@transaction.atomic
def _fulfil(service: Service, by: Actor, at: datetime) -> int:
    answered = at - timedelta(hours=service.offer.undo_hours)
    due = _due("o.answered_at", service.id, ["accepted"], answered)
    units = fulfil.holding(cases=[case for case, _, _, unit in due if unit is not None])
    lost = {case: by for case, _, _, unit in due if unit is not None and case not in units}
    until = at + timedelta(days=service.oversight.queue_days)
    step_many(by=lost, path=("hold",), at=at, reason="place_lost", deadline=until)
    kept = {case: by for case, *_ in due if case not in lost}
    fulfil.confirm(by=dict.fromkeys(units, by), at=at)
    _place([(s, int(round_), units[case]) for case, s, round_, _ in due if case in units], by, at)
    step_many(by=kept, path=("begin", "fulfil"), at=at)
    return len(kept)


def _place(placed: Sequence[tuple[int, int, int]], by: Actor, at: datetime) -> None:
    if not placed:
        return
    batch = Batch.of("people_placement", ("subject", "term", "unit"), placed)
    people.load(batches=[batch], true_since=at.date(), source="stadi.offers", by=by, at=at)


@transaction.atomic
def _expire(service: Service, by: Actor, at: datetime) -> int:
    late = {case: by for case, *_ in _due("o.expires_at", service.id, ASKED, at)}
    until = at + timedelta(days=service.oversight.queue_days)
    step_many(by=late, path=("expire",), at=at, reason="no_answer", deadline=until)
    fulfil.release(by=late, at=at)
    return len(late)
