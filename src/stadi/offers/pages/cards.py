"""What a page shows of one offer to one of those whom it was made to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from stadi.fulfil import actions as fulfil
from stadi.kit.service import Assign, Plugin
from stadi.offers.actions import reading
from stadi.offers.actions.versions import terms
from stadi.offers.domain import STEPS, Terms
from stadi.offers.models import Case, Offer, Recipient
from stadi.offers.pages import words
from stadi.offers.pages.maps import Drawing, Point, draw
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.twin import actions as twin

SHOWN = {"offered": "open", "seen": "open", "fulfilling": "accepted", "failed": "held"}
ENDED = ("measured", "closed")  # how these ended is what is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that was used: what it was used for, and where it came from."""

    sentence: str
    fact: str
    value: str
    source: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another place that may be chosen; metres only for those who live in the home."""

    unit: int
    name: str
    metres: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One offer as a page shows it; a hidden one says nothing of any place."""

    link: UUID
    id: str
    tag: str
    title: str
    summary: str
    child: str
    unit: str
    is_place: bool
    hidden: bool
    starts: date | None
    metres: int | None
    others: tuple[Other, ...]
    reasons: tuple[Reason, ...]
    purpose: str
    law: str
    service_version: str
    human: str
    state: str
    by_other: bool
    tone: str
    said: str
    meaning: str
    why: str
    expires: date | None
    deadline: date | None
    undo_until: datetime | None
    contrary: str
    can_contest: bool
    decided: bool

    @property
    def apply_url(self) -> str:
        """Return where the ordinary application is, "" where the city names no address."""
        return str(settings.CITY.application_url)

    @property
    def can_undo(self) -> bool:
        """Return whether the reader may take their own yes back now."""
        return self.undo_until is not None


def card(recipient: Recipient, now: datetime) -> Card:
    """Return what a page shows of one offer."""
    offer, case = recipient.offer, recipient.offer.case
    made, language = plugin(case.service), get_language() or "en"
    hidden = people.any_ban([case.subject, recipient.person])
    # what a distance tells of the child's home is only for those who live there
    near = not hidden and people.share_a_home(case.subject, recipient.person)
    units = {} if hidden else twin.names([u for u in (offer.unit, *_ids(offer)) if u])
    child = people.resident(case.subject)
    names = {"child": child.given_name if child else "", "unit": units.get(offer.unit or 0, "")}
    promised = terms(case.service, case.version)
    return Card(
        link=recipient.id,
        id=reading.receipt(case.id),
        tag=made.say("tag", language),
        title=made.say("title" if hidden else "offer_title", language, **names),
        summary=made.say("offer_summary", language, **names),
        child=names["child"],
        unit=names["unit"],
        is_place=offer.unit is not None,
        hidden=hidden,
        starts=fulfil.term_days(int(case.round))[0] if offer.unit else None,
        metres=rounded(offer.metres) if near else None,
        others=_others(offer, units, near=near),
        reasons=tuple(reason(made, leaf, language) for leaf in offer.reasons),
        purpose=made.say("title", language),
        law=made.say("law", language),
        service_version=f"{case.service} {case.version}",
        human=made.say("human", language),
        expires=_day(offer.expires_at),
        deadline=_day(case.deadline),
        **_standing(offer, recipient.person, now, promised),
    )


def _standing(offer: Offer, person: int, now: datetime, promised: Terms) -> dict[str, Any]:
    """Return where the offer stands for this person, and what they may do about it."""
    case, state = offer.case, state_of(offer, now)
    by_other = offer.answered_by not in (None, person)
    tone, said, meaning = words.STATES.get(state, ("", "", ""))
    told_of_other = by_other and state in words.BY_OTHER
    return {
        "state": state,
        "by_other": by_other,
        "tone": tone,
        "said": words.spoken(words.BY_OTHER, state) if told_of_other else said and _(said),
        "meaning": _meaning(state, by_other=by_other) or (meaning and _(meaning)),
        "why": words.spoken(words.WITHDRAWN, case.reason) if _is_told(state, case) else "",
        "undo_until": _undo_until(offer, person, now, promised),
        "contrary": _contrary(offer, now, promised, by_other=by_other),
        "can_contest": _can_contest(case, now, promised),
        "decided": _is_decided(case),
    }


def _meaning(state: str, *, by_other: bool) -> str:
    return _("The other guardian answered.") if by_other and state == "declined" else ""


def _is_told(state: str, case: Case) -> bool:
    return state == "withdrawn" and case.reason in words.WITHDRAWN


def _is_decided(case: Case) -> bool:
    decision = fulfil.decision(case=case.id) if case.state not in ("offered", "seen") else None
    return decision is not None and decision.signed_at is not None


def _undo_until(offer: Offer, person: int, now: datetime, promised: Terms) -> datetime | None:
    if offer.case.state != "accepted" or offer.answered_by != person or not offer.answered_at:
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


def state_of(offer: Offer, now: datetime) -> str:
    """Return the state that a page shows; an offer whose time is over is open no longer."""
    case = offer.case
    if case.state in ENDED:
        return case.ended
    late = offer.expires_at is not None and offer.expires_at <= now
    shown = SHOWN.get(case.state, case.state)
    return "expired" if shown == "open" and late else shown


def _ids(offer: Offer) -> list[int]:
    return [unit for unit, _metres in offer.others]


def _others(offer: Offer, units: Mapping[int, str], *, near: bool) -> tuple[Other, ...]:
    """Return the other places by name; none where places are hidden, since no name is known."""
    return tuple(
        Other(unit=unit, name=units[unit], metres=rounded(metres) if near else None)
        for unit, metres in offer.others
        if unit in units
    )


def drawing(recipient: Recipient, shown: Card) -> Drawing | None:
    """Return the map of an offer's places, for those alone who live in the home on it."""
    offer, case = recipient.offer, recipient.offer.case
    kind = _kind(plugin(case.service))
    if shown.metres is None or not kind:
        return None
    home = people.home_point(case.subject)
    points = {p.id: Point(x=p.x, y=p.y) for p in twin.units(kind=kind)}
    names = [(offer.unit or 0, shown.unit), *((o.unit, o.name) for o in shown.others)]
    places = [(name, points[unit]) for unit, name in names if unit in points]
    if home is None or len(places) < len(names):
        return None
    return draw(home=Point(x=home[0], y=home[1]), places=places)


def _kind(made: Plugin) -> str:
    what = made.service.propose
    return what.kind if isinstance(what, Assign) else ""


def rounded(metres: int | None) -> int | None:
    """Return metres as they are told: to the nearest ten."""
    return None if metres is None else max(10, round(metres, -1))


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def reason(made: Plugin, leaf: Mapping[str, Any], language: str) -> Reason:
    """Return one fact that was used as people read it."""
    fact = next(f for f in made.service.purpose.uses if f.name == leaf["fact"])
    because = leaf["because"]
    return Reason(
        sentence=made.say(f"because.{because}" if because else f"uses.{fact.column}", language),
        fact=fact.label.say(language).capitalize(),
        value=words.value(fact, leaf["value"]),
        source=words.spoken(words.SOURCES, leaf["source"]),
        since=date.fromisoformat(leaf["since"]),
    )
