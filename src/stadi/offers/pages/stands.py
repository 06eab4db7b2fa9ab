"""Where an offer stands for one of its readers, in words, and what they may do about it."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM
from stadi.offers.domain import STEPS, Terms
from stadi.offers.models import Case, Offer, Recipient
from stadi.offers.pages import words

SHOWN = {"offered": "open", "seen": "open", "fulfilling": "accepted", "failed": "held"}
ENDED = ("measured", "closed")  # how these ended is what is shown


def stands(
    recipient: Recipient, now: datetime, promised: Terms, *, placing: bool
) -> dict[str, Any]:
    """Return where the offer stands for this person, and what they may do about it.

    `placing`: what is given is a place in a register.
    """
    offer, case, person = recipient.offer, recipient.offer.case, recipient.person
    state = state_of(offer, now)
    granted = offer.answered_by == SYSTEM.id
    by_other = offer.answered_by not in (None, person, SYSTEM.id)
    tone, said, meaning = words.STATES.get(state, ("", "", ""))
    meant = words.MEANT.get(f"{state}.{_variant(state, offer, promised, placing=placing)}", meaning)
    return {
        "state": state,
        "by_other": by_other,
        "granted": granted,
        "tone": tone,
        "said": _said(state, said, by_other=by_other, granted=granted),
        "meaning": _other_declined(state, by_other=by_other) or (meant and _(meant)),
        "why": _why(state, case, own=case.subject == person),
        "undo_until": _until(offer, now, promised, asked=person),
        "refuse_until": _until(offer, now, promised, asked=SYSTEM.id),
        "contrary": _contrary(offer, now, promised, by_other=by_other),
        "can_contest": _can_contest(case, now, promised),
        "can_tell": _can_tell(recipient, now),
        "decided": _is_decided(case),
    }


def state_of(offer: Offer, now: datetime) -> str:
    """Return the state that a page shows; an offer whose time is over is open no longer."""
    case = offer.case
    if case.state in ENDED:
        return case.ended
    late = offer.expires_at is not None and offer.expires_at <= now
    shown = SHOWN.get(case.state, case.state)
    return "expired" if shown == "open" and late else shown


def _variant(state: str, offer: Offer, promised: Terms, *, placing: bool) -> str:
    """Return what decides which words are right for a state."""
    if state == "expired":
        return promised.silence
    if offer.cents is not None:
        return "money"
    return "place" if placing else "moment" if offer.starts_at else ""


def _said(state: str, said: str, *, by_other: bool, granted: bool) -> str:
    if granted and state == "accepted":
        return _(words.GRANTED)
    if by_other and state in words.BY_OTHER:
        return words.spoken(words.BY_OTHER, state)
    return said and _(said)


def _other_declined(state: str, *, by_other: bool) -> str:
    return _("The other guardian answered.") if by_other and state == "declined" else ""


def _why(state: str, case: Case, *, own: bool) -> str:
    table = words.WITHDRAWN_OWN if own else words.WITHDRAWN
    return words.spoken(table, case.reason) if state == "withdrawn" and case.reason in table else ""


def _is_decided(case: Case) -> bool:
    decision = fulfil.decision(case=case.id) if case.state not in ("offered", "seen") else None
    return decision is not None and decision.signed_at is not None


def _until(offer: Offer, now: datetime, promised: Terms, *, asked: int) -> datetime | None:
    """Return until when a yes that was given by somebody may be taken back."""
    if offer.case.state != "accepted" or offer.answered_by != asked or not offer.answered_at:
        return None
    until = offer.answered_at + promised.regret
    return until if until > now else None


def _contrary(offer: Offer, now: datetime, promised: Terms, *, by_other: bool) -> str:
    """Return the answer by which the reader disagrees with what was said, while they may."""
    state = offer.case.state
    if state == "accepted" and by_other and offer.answered_at:
        return "decline" if now < offer.answered_at + promised.regret else ""
    if state == "declined" and offer.expires_at:
        return "accept" if now < offer.expires_at else ""
    return ""


def _can_contest(case: Case, now: datetime, promised: Terms) -> bool:
    term = case.since + timedelta(days=promised.contest_days)
    return case.state in STEPS["contest"].old and case.sent_at is not None and now < term


def _can_tell(recipient: Recipient, now: datetime) -> bool:
    """Return whether the reader was asked how it was, and has not told yet."""
    asked = recipient.offer.feedback_at
    return asked is not None and asked <= now and not recipient.felt
