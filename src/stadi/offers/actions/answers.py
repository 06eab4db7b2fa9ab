"""Answers to offers: see, accept, decline, object, undo; and what happens when time passes."""

from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.db import transaction

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.offers.actions.cases import step
from stadi.offers.actions.rounds import ABOUT_OFFER, LINK
from stadi.offers.domain import ASKED, NotOpenError, NotYoursError
from stadi.offers.models import Case, Offer, Recipient
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.record.domain import News


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


def _ask(link: UUID, by: Actor) -> tuple[Recipient, Case]:
    """Return the offer behind a link and its case, locked."""
    recipient = for_person(link=link, person=by.id)
    return recipient, Case.objects.select_for_update().get(id=recipient.offer_id)


def _answer(  # noqa: PLR0917 - one answer, one line
    recipient: Recipient, case: Case, name: str, by: Actor, at: datetime
) -> Offer:
    """Take the step of an answer, seen first, if the offer may be answered now."""
    offer = Offer.objects.get(case=case)
    late = offer.expires_at is None or offer.expires_at <= at
    if case.state not in ASKED or late or people.any_ban([case.subject, recipient.person]):
        message = "this offer is no longer open"
        raise NotOpenError(message)
    purpose = plugin(case.service).service.purpose.id
    if consent.objects(resident=case.subject, purpose=purpose):
        message = "this service was stopped for this person"
        raise NotOpenError(message)
    if case.state == "offered":
        step(case=case.id, name="see", by=by, at=at)
    step(case=case.id, name=name, by=by, at=at)
    offer.answered_at, offer.answered_by = at, by.id
    offer.save()
    return offer


@transaction.atomic
def see(*, link: UUID, by: Actor, at: datetime) -> None:
    """Note that a recipient has seen the offer; only the first look counts."""
    _, case = _ask(link, by)
    if case.state == "offered":
        step(case=case.id, name="see", by=by, at=at)


def see_opened(news: News, by: Actor, at: datetime) -> None:
    """Note that the offer behind an opened message was seen; other messages pass by."""
    about, _, link = str(news.body["key"]).partition(":")
    if about == ABOUT_OFFER:
        see(link=UUID(link), by=by, at=at)


@transaction.atomic
def accept(*, link: UUID, by: Actor, at: datetime) -> None:
    """Say yes: the place is claimed for good once the regret time has passed.

    Saying it twice changes nothing; an offer that has ended cannot be accepted.
    """
    recipient, case = _ask(link, by)
    if case.state in ("accepted", "fulfilling", "fulfilled"):
        return
    offer = _answer(recipient, case, "accept", by, at)
    if offer.unit is not None:
        fulfil.confirm(case=case.id, by=by, at=at)


@transaction.atomic
def decline(*, link: UUID, by: Actor, at: datetime) -> None:
    """Say not for us: the place is freed; the ordinary application stays open."""
    recipient, case = _ask(link, by)
    if case.state == "declined":
        return
    _answer(recipient, case, "decline", by, at)
    fulfil.release(case=case.id, by=by, at=at)


@transaction.atomic
def object_to(*, link: UUID, by: Actor, at: datetime) -> None:
    """Stop the service for the subject of an offer, at once."""
    case = for_person(link=link, person=by.id).offer.case
    purpose = plugin(case.service).service.purpose.id
    consent.object_to(resident=case.subject, purpose=purpose, by=by, at=at)


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
    _, case = _ask(link, by)
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
    accepted = Case.objects.filter(state="accepted").values_list("id", flat=True)
    return sum(_fulfil(case, by, at) for case in list(accepted))


@transaction.atomic
def _fulfil(waiting: UUID, by: Actor, at: datetime) -> bool:
    """Fulfil one case; one that moved meanwhile is left alone."""
    locked = Case.objects.select_for_update().get(id=waiting)
    offer = Offer.objects.select_related("case").get(case=locked)
    until = undo_until(offer)
    if locked.state != "accepted" or until is None or until > at:
        return False
    case = step(case=waiting, name="begin", by=by, at=at)
    if offer.unit is not None:
        unit = fulfil.confirm(case=case.id, by=by, at=at)
        people.place(child=case.subject, unit=unit, term=int(case.round), by=by, at=at)
    step(case=case.id, name="fulfil", by=by, at=at)
    return True


def expire_due(*, by: Actor, at: datetime) -> int:
    """End every offer whose time ran out and free its place; a person follows it up."""
    late = Offer.objects.filter(case__state__in=ASKED, expires_at__lte=at)
    return sum(_expire(case, by, at) for case in list(late.values_list("case", flat=True)))


@transaction.atomic
def _expire(late: UUID, by: Actor, at: datetime) -> bool:
    """End one offer; one that moved meanwhile is left alone."""
    case = Case.objects.select_for_update().get(id=late)
    if case.state not in ASKED:
        return False
    step(case=late, name="expire", by=by, at=at, reason="no_answer")
    fulfil.release(case=late, by=by, at=at)
    days = plugin(case.service).service.oversight.queue_days
    Case.objects.filter(id=late).update(deadline=at + timedelta(days=days))
    return True
