"""What residents and officials see of offers. A GET never acts; every act is a plain POST."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_noop, pgettext
from django.utils.translation import gettext as _

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.access import ANYONE, MANAGER, OFFICIAL, RESIDENT, open_to
from stadi.kit.rule import Fact
from stadi.messages import actions as messages
from stadi.offers.actions import answers, reading
from stadi.offers.domain import ON_RECORD, NotOpenError, NotYoursError, TransitionError
from stadi.offers.models import Offer, Recipient
from stadi.offers.plugins import plugin, plugins
from stadi.people import actions as people
from stadi.twin import actions as twin

SOURCES = {
    "placement": gettext_noop("register of places"),
    "demo city (invented)": gettext_noop("demo city (invented)"),
}
ANSWERS = {
    "fulfilled": gettext_noop("The place is yours."),
    "declined": gettext_noop("You said no."),
    "expired": gettext_noop("The time ran out. A person will contact you."),
    "objected": gettext_noop("The service was stopped. We no longer look at these facts for it."),
    "withdrawn": gettext_noop("The city took this back."),
    "held": gettext_noop("A person is looking at this again."),
}
SHOWN = {"offered": "open", "seen": "open", "fulfilling": "accepted"}  # others as they are
REASONS = {
    "a_person_decides": gettext_noop("A person must look before anything is sent."),
    "no_home_point": gettext_noop("The home point is missing from the register."),
    "no_free_place": gettext_noop("No free place was found."),
    "late_change": gettext_noop("The register changed after the offer was sent."),
    "place_lost": gettext_noop("The place is no longer held: find another."),
    "no_answer": gettext_noop("No answer came in time: ask how the family would like it."),
    "": gettext_noop("A fact is missing from the register."),
}


def _honest(view: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what cannot be answered into a page of words, never into a traceback."""

    @wraps(view)
    def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except NotYoursError:
            return _notice(
                request,
                _("We cannot show this"),
                _("The link is not complete, or the offer was made to somebody else."),
                404,
            )
        except (NotOpenError, TransitionError):
            return _notice(
                request,
                _("This offer is no longer open"),
                _("It was answered, or its time ran out. The ordinary application stays open."),
                409,
            )

    return answer


def _acting(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a page act on a POST only; whoever comes by a link sees the offer instead."""

    @wraps(view)
    def act(request: Any, link: UUID) -> Any:
        if request.method == "POST":
            return view(request, link)
        return redirect(reverse("offer", kwargs={"link": link}))

    return act


def _notice(request: Any, title: str, body: str, status: int) -> Any:
    context = {"title": title, "body": body, "back_url": reverse("home")}
    return render(request, "offers/notice.html", context, status=status)


def card(recipient: Recipient, now: datetime) -> dict[str, Any]:
    """Return what a page shows of one offer."""
    offer, case = recipient.offer, recipient.offer.case
    made, language = plugin(case.service), get_language() or "en"
    units = twin.names([u for u in (offer.unit, *(o[0] for o in offer.others)) if u])
    child = people.resident(case.subject)
    starts, _end = fulfil.term_days(int(case.round))
    hidden = people.any_ban([case.subject, recipient.person])
    # what a distance tells of the child's home is only for those who live there
    near = not hidden and people.share_a_home(case.subject, recipient.person)
    names = {
        "child": child.given_name if child else "",
        "unit": "" if hidden else units.get(offer.unit or 0, ""),
    }
    until = answers.undo_until(offer)
    link = {"link": recipient.id}
    return {
        "id": reading.receipt(case.id),
        "tag": made.say("tag", language),
        "title": made.say("title" if hidden else "offer_title", language, **names),
        "summary": made.say("offer_summary", language, **names),
        "unit": names["unit"],
        "starts": starts if offer.unit else None,
        "metres": _round(offer.metres) if near else None,
        "child": names["child"],
        "reasons": [_reason(case.service, r, language) for r in offer.reasons],
        "purpose": made.say("title", language),
        "law": made.say("law", language),
        "service_version": f"{case.service} {case.version}",
        "human": made.say("human", language),
        "by_other": offer.answered_by not in (None, recipient.person),
        "alternatives": [
            {"unit": units.get(unit, ""), "metres": _round(metres) if near else None}
            for unit, metres in offer.others
            if not hidden
        ],
        "expires": timezone.localtime(offer.expires_at).date() if offer.expires_at else None,
        "state": _state(offer, now),
        "can_undo": (
            case.state == "accepted"
            and offer.answered_by == recipient.person
            and until is not None
            and until > now
        ),
        "undo_until": until,
        "accept_url": reverse("accept", kwargs=link),
        "decline_url": reverse("decline", kwargs=link),
        "undo_url": reverse("undo", kwargs=link),
        "stop_url": reverse("stop", kwargs=link),
        "url": reverse("offer", kwargs=link),
        "is_place": offer.unit is not None,
        "hidden_place": hidden,
    }


def _state(offer: Offer, now: datetime) -> str:
    """Return the state that a page shows; an offer whose time is over is open no longer."""
    late = offer.expires_at is not None and offer.expires_at <= now
    shown = SHOWN.get(offer.case.state, offer.case.state)
    return "expired" if shown == "open" and late else shown


def _round(metres: int | None) -> int | None:
    return None if metres is None else max(10, round(metres, -1))


def _reason(service: str, leaf: dict[str, Any], language: str) -> dict[str, Any]:
    made = plugin(service)
    fact = next(f for f in made.service.purpose.uses if f.name == leaf["fact"])
    return {
        "sentence": made.say(f"because.{leaf['because']}", language)
        if leaf["because"]
        else made.say(f"uses.{fact.column}", language),
        "fact": fact.label.say(language).capitalize(),
        "value": _value(fact, leaf["value"]),
        "source": _source(leaf["source"]),
        "since": date.fromisoformat(leaf["since"]),
    }


def _source(name: str) -> str:
    words = SOURCES.get(name, name)
    return _(words)


def _value(fact: Fact, value: Any) -> str:
    if value is None or value == []:
        return _("none")
    if value == ON_RECORD:
        return _("on record")
    if fact.type == "date":
        pattern = pgettext("date pattern: day, month and year", "j F Y")
        return date_format(date.fromisoformat(value), pattern)
    if value == settings.CITY.municipality:
        return str(settings.CITY.name)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@open_to(RESIDENT, OFFICIAL, MANAGER)
def home(request: Any) -> Any:
    """Show what is ready for a resident, what is under way, and who used their data."""
    if RESIDENT not in request.actor.roles:
        return redirect(reverse("staff" if OFFICIAL in request.actor.roles else "reach"))
    now = request.time.now
    cards = [card(r, now) for r in reading.of_person(request.actor.id)]
    context = {
        "greeting": _greeting(request.actor_name.split(" ")[0], now),
        "ready": [c for c in cards if c["state"] in ("open", "accepted")],
        "progress": [
            {
                "title": c["title"],
                "detail": _answer(c),
                "done": c["state"] == "fulfilled",
                "url": c["url"],
            }
            for c in cards
            if c["state"] in ANSWERS
        ],
        "uses": _uses(request.actor.id, now),
        "messages_unread": messages.unread(recipient=request.actor.id),
    }
    return render(request, "offers/home.html", context)


def _answer(shown: dict[str, Any]) -> str:
    if shown["by_other"] and shown["state"] == "declined":
        return _("The other guardian answered.")
    words = ANSWERS[shown["state"]]
    return _(words)


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
    found = []
    for purpose, when in consent.looks(person=person, at=now)[:10]:
        made = by_purpose.get(purpose)
        if made and not consent.objects(resident=person, purpose=purpose):
            labels = [f.label.say(language) for f in made.service.purpose.uses]
            facts = ", ".join(dict.fromkeys(labels))
            found.append({"purpose": made.say("title", language), "facts": facts, "when": when})
    return found


@open_to(ANYONE)
@_honest
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
@_honest
def show(request: Any, link: UUID) -> Any:
    """Show one offer with its reasons."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    return render(request, "offers/offer.html", {"offer": card(recipient, request.time.now)})


@open_to(RESIDENT)
@_acting
@_honest
def accept(request: Any, link: UUID) -> Any:
    """Say yes with one tap."""
    answers.accept(link=link, by=request.actor, at=request.time.now)
    return redirect(reverse("receipt", kwargs={"link": link}))


@open_to(RESIDENT)
@_honest
def decline(request: Any, link: UUID) -> Any:
    """Say not for us: a GET asks, a POST answers."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    if request.method != "POST":
        shown = card(recipient, request.time.now)
        if shown["state"] != "open":
            return redirect(shown["url"])
        return render(request, "offers/decline.html", {"offer": shown})
    answers.decline(link=link, by=request.actor, at=request.time.now)
    return redirect(reverse("home"))


@open_to(RESIDENT)
@_honest
def stop(request: Any, link: UUID) -> Any:
    """Stop the service for the subject: a GET asks, a POST is an objection, in force at once."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    if request.method != "POST":
        return render(request, "offers/stop.html", {"offer": card(recipient, request.time.now)})
    answers.object_to(link=link, by=request.actor, at=request.time.now)
    return redirect(reverse("home"))


@open_to(RESIDENT)
@_acting
@_honest
def undo(request: Any, link: UUID) -> Any:
    """Take a yes back within the regret time."""
    answers.undo(link=link, by=request.actor, at=request.time.now)
    return redirect(reverse("home"))


@open_to(RESIDENT)
@_honest
def receipt(request: Any, link: UUID) -> Any:
    """Show the receipt of an answer."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    if recipient.offer.answered_at is None:
        return redirect(reverse("offer", kwargs={"link": link}))
    context = {
        "offer": card(recipient, request.time.now),
        "receipt": reading.receipt(recipient.offer_id),
    }
    return render(request, "offers/receipt.html", context)


@open_to(OFFICIAL)
def staff(request: Any) -> Any:
    """Show the official what waits for a person."""
    now, language = request.time.now, get_language() or "en"
    tasks = reading.tasks()
    rows = [
        {
            "case": reading.receipt(t.case),
            "service": plugin(t.service).say("title", language),
            "subject_label": _("Resident %(number)s") % {"number": t.subject},
            "reason": _(REASONS[t.reason]),
            "since": timezone.localtime(t.since).date(),
            "deadline": timezone.localtime(t.deadline).date() if t.deadline else None,
            "age_days": (now - t.since).days,
            "state": t.state,
        }
        for t in tasks
    ]
    groups = {
        name: [r for r in rows if r["state"] == name] for name in ("held", "unclear", "expired")
    }
    counts = {name: len(found) for name, found in groups.items()}
    return render(request, "offers/staff.html", {**groups, "counts": counts})
