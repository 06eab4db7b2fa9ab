"""What a page shows of one offer to one of those whom it was made to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from stadi.fulfil import actions as fulfil
from stadi.kit.service import INFORMING, Assign, Choice, Place, Plugin
from stadi.offers.actions import reading
from stadi.offers.actions.plans import money
from stadi.offers.actions.versions import terms
from stadi.offers.domain import ASKED
from stadi.offers.models import Recipient
from stadi.offers.pages.maps import Drawing, Point, draw
from stadi.offers.pages.stands import stands
from stadi.offers.pages.told import Reason, reason
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.twin import actions as twin
from stadi.twin.domain import Place as Unit

SHARING = ("open", "held")  # as long as nothing is settled, what one shares of oneself helps


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that may be chosen: where, when it takes place, how many hours of a week it takes.

    Metres only for those who live in the home.
    """

    unit: int
    name: str
    metres: int | None
    moment: datetime | None
    hours: int | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One offer as a page shows it; a hidden one says nothing of any place.

    `own`: it is about the reader. `choosing`: one of what is shown is taken, none is proposed.
    """

    link: UUID
    id: str
    tag: str
    title: str
    summary: str
    child: str
    own: bool
    unit: str
    hidden: bool
    tells: bool
    choosing: bool
    starts: date | None
    moment: datetime | None
    metres: int | None
    hours: int | None
    amount: str
    about_money: bool
    others: tuple[Option, ...]
    reasons: tuple[Reason, ...]
    purpose: str
    law: str
    service_version: str
    human: str
    silence: str
    state: str
    by_other: bool
    granted: bool
    tone: str
    said: str
    meaning: str
    why: str
    expires: date | None
    deadline: date | None
    undo_until: datetime | None
    refuse_until: datetime | None
    contrary: str
    can_contest: bool
    can_tell: bool
    questions: int
    decided: bool

    @property
    def apply_url(self) -> str:
        """Return where the ordinary application is, "" where the city names no address."""
        return str(settings.CITY.application_url)

    @property
    def can_undo(self) -> bool:
        """Return whether the reader may take their own yes back now."""
        return self.undo_until is not None

    @property
    def can_check(self) -> bool:
        """Return whether the reader may answer questions for themselves, and share the answers."""
        return self.questions > 0 and self.state in SHARING

    @property
    def held_until(self) -> date | None:
        """Return until when a place is held for the reader, None where none is."""
        return self.expires if self.unit and not self.tells else None

    @property
    def granted_on(self) -> date | None:
        """Return when silence becomes a yes, None where it never does."""
        return self.expires if self.silence == "grant" and self.state == "open" else None


def card(recipient: Recipient, now: datetime) -> Card:
    """Return what a page shows of one offer."""
    offer, case = recipient.offer, recipient.offer.case
    made, language = plugin(case.service), get_language() or "en"
    promised = terms(case.service, case.version)
    hidden = people.any_ban([case.subject, recipient.person])
    options = {} if hidden else _options(recipient, made)
    unit = options.get(offer.unit or 0)
    child = people.resident(case.subject)
    amount = "" if hidden else money(offer.cents, language)
    names = {"child": child.given_name if child else "", "unit": unit.name if unit else ""}
    placing = any(isinstance(step, Place) for step in made.service.fulfil)
    return Card(
        link=recipient.id,
        id=reading.receipt(case.id),
        tag=made.say("tag", language),
        title=made.say("title" if hidden else "offer_title", language, amount=amount, **names),
        summary=made.say("offer_summary", language, **names),
        child=names["child"],
        own=case.subject == recipient.person,
        unit=names["unit"],
        hidden=hidden,
        tells=promised.level in INFORMING,
        choosing=promised.choosing,
        starts=fulfil.term_days(case.term)[0] if offer.unit and placing else None,
        moment=None if hidden else offer.starts_at,
        metres=unit.metres if unit else None,
        hours=unit.hours if unit else None,
        amount=amount,
        about_money=offer.cents is not None,
        others=_others(recipient, options),
        reasons=tuple(reason(made, leaf, language) for leaf in offer.reasons),
        purpose=made.say("title", language),
        law=made.say("law", language),
        service_version=f"{case.service} {case.version}",
        human=made.say("human", language),
        silence=promised.silence,
        expires=_day(offer.expires_at),
        deadline=_day(case.deadline),
        questions=made.service.offer.self_check,
        **stands(recipient, now, promised, placing=placing),
    )


def _others(recipient: Recipient, options: Mapping[int, Option]) -> tuple[Option, ...]:
    """Return what may be chosen instead, as long as it may: what is free now, and known."""
    offer, case = recipient.offer, recipient.offer.case
    shown = [options[other] for other, _m in offer.others if other in options]
    if not shown or case.state not in ASKED:
        return tuple(shown)
    free = fulfil.free(term=case.term)
    return tuple(option for option in shown if free.get(option.unit, 0) > 0)


def _options(recipient: Recipient, made: Plugin) -> dict[int, Option]:
    """Return what is offered and what may be chosen instead, by unit."""
    offer, case = recipient.offer, recipient.offer.case
    metres = {u: m for u, m in ((offer.unit, offer.metres), *offer.others) if u is not None}
    if not metres:
        return {}
    # what a distance tells of the child's home is only for those who live there
    near = people.share_a_home(case.subject, recipient.person)
    names, moments = twin.names(metres), twin.starts(metres)
    # of the rest only what takes up a part of the week has something to tell
    more = _units(made) if isinstance(made.service.propose, Choice) else {}
    return {
        unit: Option(
            unit=unit,
            name=names[unit],
            metres=rounded(walk) if near else None,
            moment=moments.get(unit),
            hours=more[unit].hours if unit in more else None,
            language=more[unit].language if unit in more else "",
        )
        for unit, walk in metres.items()
        if unit in names
    }


def _units(made: Plugin) -> Mapping[int, Unit]:
    what = made.service.propose
    kind = what.kind if isinstance(what, Assign | Choice) else ""
    return {unit.id: unit for unit in twin.units(kind=kind)} if kind else {}


def drawing(recipient: Recipient, shown: Card) -> Drawing | None:
    """Return the map of an offer's places, for those alone who live in the home on it."""
    walks = [shown.metres, *(other.metres for other in shown.others)]
    if not any(walks):
        return None
    home, units = people.home_point(recipient.offer.case.subject), _units(_made(recipient))
    first = [(recipient.offer.unit, shown.unit)] if recipient.offer.unit else []
    names = [*first, *((o.unit, o.name) for o in shown.others)]
    places = [(name, Point(x=units[u].x, y=units[u].y)) for u, name in names if u in units]
    if home is None or len(places) < len(names):
        return None
    return draw(home=Point(x=home[0], y=home[1]), places=places)


def _made(recipient: Recipient) -> Plugin:
    return plugin(recipient.offer.case.service)


def rounded(metres: int | None) -> int | None:
    """Return metres as they are told: to the nearest ten; none stand for a home nobody knows."""
    return max(10, round(metres, -1)) if metres else None


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None
