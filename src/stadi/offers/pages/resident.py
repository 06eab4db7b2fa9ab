"""What residents see: their page, an offer with its reasons, the receipt, the decision."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Decision
from stadi.kit.access import ANYONE, MANAGER, OFFICIAL, RESIDENT, open_to
from stadi.messages import actions as messages
from stadi.offers.actions import answers, reading, self_check, viewing
from stadi.offers.actions.plans import money
from stadi.offers.domain import NotYoursError
from stadi.offers.models import Recipient
from stadi.offers.pages.asked import asked_of
from stadi.offers.pages.cards import Card, card, drawing
from stadi.offers.pages.feeling import felt_words
from stadi.offers.pages.frames import honest
from stadi.offers.pages.worked import working
from stadi.offers.plugins import plugin, plugins
from stadi.people import actions as people

READY = ("open", "accepted")
CHECKS = 3  # own checks in the list of uses, so that they do not crowd out the city's
SHOWN = 10  # looks, one for each purpose and day


@open_to(RESIDENT, OFFICIAL, MANAGER)
def home(request: Any) -> Any:
    """Show what is ready for a resident, what is under way, and who used their data."""
    if RESIDENT not in request.actor.roles:
        return redirect(reverse("staff" if OFFICIAL in request.actor.roles else "reach"))
    now, person = request.time.now, request.actor.id
    cards = [card(r, now) for r in reading.of_person(person)]
    context = {
        "greeting": _greeting(request.actor_name.split(" ")[0], now),
        "questions": asked_of(person),
        "ready": [c for c in cards if c.state in READY],
        "open": sum(c.state == "open" for c in cards),
        "progress": [c for c in cards if c.state not in READY],
        "uses": _uses(person, now),
        "messages_unread": messages.unread(recipient=person),
    }
    return render(request, "offers/home.html", context)


def _greeting(name: str, now: datetime) -> str:
    hour = timezone.localtime(now).hour
    if hour < 11:  # noqa: PLR2004 - mornings end at eleven in Finland
        return _("Good morning, %(name)s.") % {"name": name}
    if hour < 18:  # noqa: PLR2004 - and evenings begin at six
        return _("Good day, %(name)s.") % {"name": name}
    return _("Good evening, %(name)s.") % {"name": name}


def _uses(person: int, now: datetime) -> list[dict[str, Any]]:
    language = get_language() or "en"
    by_purpose = {p.service.purpose.id: p for p in plugins().values()}
    found, days = list[dict[str, Any]](), set[tuple[str, object]]()
    for purpose, when in consent.looks(person=person, at=now):
        made, day = by_purpose.get(purpose), timezone.localtime(when).date()
        if (purpose, day) in days or len(found) == SHOWN:
            continue
        days.add((purpose, day))
        if made and not consent.objects(resident=person, purpose=purpose):
            labels = [f.label.say(language) for f in made.service.purpose.uses]
            facts = ", ".join(dict.fromkeys(labels))
            found.append({"purpose": made.say("title", language), "facts": facts, "when": when})
    return sorted([*found, *_checks(person, now)], key=lambda use: use["when"], reverse=True)


def _checks(person: int, now: datetime) -> list[dict[str, Any]]:
    """Return the latest times when the person, or a guardian of theirs, checked every service."""
    return [
        {
            "purpose": _("What am I entitled to?"),
            "facts": _("you looked yourself") if by == person else _("a guardian looked"),
            "when": when,
        }
        for by, when in consent.checks(person=person, at=now, most=CHECKS)
    ]


@open_to(ANYONE)
@honest
def link(request: Any, token: str) -> Any:
    """Show what a signed link leads to: nothing personal before sign-in."""
    recipient = answers.follow(token=token)
    target = reverse("offer", kwargs={"link": recipient})
    if RESIDENT in request.actor.roles:
        return redirect(target)
    return render(
        request, "offers/link.html", {"sign_in_url": f"{reverse('sign-in')}?next={target}"}
    )


@open_to(RESIDENT)
@honest
def show(request: Any, link: UUID) -> Any:
    """Show one offer with its reasons, its other places and what may be done about it."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    shown, case = card(recipient, request.time.now), recipient.offer.case
    made, language = plugin(case.service), get_language() or "en"
    context = {
        "offer": shown,
        "map": drawing(recipient, shown) if shown.state == "open" else None,
        "working": None if shown.hidden else working(made, recipient.offer, language),
        "sender": _sender(case.id),
        "paid": None if shown.hidden else _paid(recipient, request.time.now, language),
        "felt": felt_words(),
        "shared": self_check.shared(case=case.id, person=request.actor.id),
    }
    return render(request, "offers/offer.html", {**context, **_said(case.id, request)})


def _paid(recipient: Recipient, now: datetime, language: str) -> dict[str, Any] | None:
    """Return what is paid a month, and since when, where it is not what was offered."""
    offer, case = recipient.offer, recipient.offer.case
    if offer.cents is None:
        return None
    award = fulfil.awarded(service=case.service, at=now, among=[case.subject]).get(case.subject)
    if award is None or award.case != case.id or award.cents == offer.cents:
        return None
    return {"amount": money(award.cents, language), "since": award.since}


def _sender(case: UUID) -> dict[str, Any] | None:
    """Return the official who decided that the offer is made, and when; None where a rule did."""
    found = viewing.sender(case=case)
    who = people.resident(found[0]) if found else None
    if found is None or who is None:
        return None
    return {"name": f"{who.given_name} {who.family_name}", "at": timezone.localtime(found[1])}


def _said(case: UUID, request: Any) -> dict[str, Any]:
    """Return what was written in the case: by the reader, in reply, and on a smaller amount."""
    return {
        "contests": viewing.contests(case=case, person=request.actor.id),
        "verdicts": viewing.verdicts(case=case),
        "lowerings": viewing.lowerings(case=case),
    }


@open_to(RESIDENT)
@honest
def receipt(request: Any, link: UUID) -> Any:
    """Show the receipt of an answer that stands."""
    shown = _card(link, request)
    if shown.state not in ("accepted", "declined", "fulfilled"):
        return redirect(reverse("offer", kwargs={"link": link}))
    return render(request, "offers/receipt.html", {"offer": shown})


def _card(link: UUID, request: Any) -> Card:
    return card(answers.for_person(link=link, person=request.actor.id), request.time.now)


@open_to(RESIDENT)
@honest
def decision(request: Any, link: UUID) -> Any:
    """Show a signed decision as a page."""
    found = _signed(link, request)
    return HttpResponse(fulfil.decision_html(decision=found, language=get_language() or "en"))


@open_to(RESIDENT)
@honest
def decision_pdf(request: Any, link: UUID) -> Any:
    """Give a signed decision as a file."""
    found = _signed(link, request)
    return pdf(fulfil.decision_pdf(decision=found, language=get_language() or "en"), found.number)


def pdf(document: bytes, number: str) -> HttpResponse:
    """Return a document as a file that a browser may show or keep."""
    headers = {"Content-Disposition": f'inline; filename="{number}.pdf"'}
    return HttpResponse(document, content_type="application/pdf", headers=headers)


def _signed(link: UUID, request: Any) -> Decision:
    """Return the signed decision for one whom it was made for; a protected place is not told."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    found = fulfil.decision(case=recipient.offer_id)
    theirs = found is not None and request.actor.id in found.recipients
    hidden = people.any_ban([recipient.offer.case.subject, recipient.person])
    if found is None or found.signed_at is None or not theirs or hidden:
        message = "there is no decision to show here"
        raise NotYoursError(message)
    return found
