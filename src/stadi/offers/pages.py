"""What residents and officials see of offers. A GET never acts; every act is a plain POST."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_noop, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.access import ANYONE, OFFICIAL, RESIDENT, open_to
from stadi.messages import actions as messages
from stadi.offers.actions import answers, reading
from stadi.offers.domain import NotOpenError, NotYoursError, TransitionError
from stadi.offers.models import Recipient
from stadi.offers.plugins import plugin, plugins
from stadi.people import actions as people
from stadi.record import actions as record
from stadi.twin import actions as twin

SHOWN = {
    "offered": "open",
    "seen": "open",
    "accepted": "accepted",
    "fulfilling": "accepted",
    "fulfilled": "fulfilled",
    "declined": "declined",
}
REASONS = {
    "a_person_decides": gettext_noop("A person must look before anything is sent."),
    "no_home_point": gettext_noop("The home point is missing from the register."),
    "no_free_place": gettext_noop("No free place was found."),
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


def _notice(request: Any, title: str, body: str, status: int) -> Any:
    context = {"title": title, "body": body, "back_url": reverse("home")}
    return render(request, "offers/notice.html", context, status=status)


def card(recipient: Recipient) -> dict[str, Any]:
    """Return what a page shows of one offer."""
    offer, case = recipient.offer, recipient.offer.case
    made, language = plugin(case.service), get_language() or "en"
    units = twin.names([u for u in (offer.unit, *(o[0] for o in offer.others)) if u])
    child = people.resident(case.subject)
    starts, _end = fulfil.term_days(int(case.round))
    names = {
        "child": child.given_name if child else "",
        "unit": units.get(offer.unit or 0, ""),
    }
    until = answers.undo_until(offer)
    link = {"link": recipient.id}
    return {
        "id": recipient.id.hex[:8],
        "tag": made.say("tag", language),
        "title": made.say("offer_title", language, **names),
        "summary": made.say("offer_summary", language, **names),
        "unit": names["unit"],
        "starts": starts if offer.unit else None,
        "metres": _round(offer.metres),
        "child": names["child"],
        "reasons": [_reason(case.service, r, language) for r in offer.reasons],
        "purpose": made.say("title", language),
        "law": made.service.purpose.basis.law,
        "service_version": f"{case.service} {case.version}",
        "human": made.say("human", language),
        "alternatives": [
            {"unit": units.get(o[0], ""), "metres": _round(o[1])} for o in offer.others
        ],
        "expires": timezone.localtime(offer.expires_at).date() if offer.expires_at else None,
        "state": SHOWN.get(case.state, "closed"),
        "can_undo": case.state == "accepted" and until is not None and until > record.now(),
        "undo_until": until,
        "accept_url": reverse("accept", kwargs=link),
        "decline_url": reverse("decline", kwargs=link),
        "undo_url": reverse("undo", kwargs=link),
        "stop_url": reverse("stop", kwargs=link),
        "url": reverse("offer", kwargs=link),
        "is_place": offer.unit is not None,
        "hidden_place": False,
    }


def _round(metres: int | None) -> int | None:
    return None if metres is None else max(10, round(metres, -1))


def _reason(service: str, leaf: dict[str, Any], language: str) -> dict[str, Any]:
    made = plugin(service)
    facts = {fact.name: fact for fact in made.service.purpose.uses}
    value = leaf["value"]
    if isinstance(value, list):
        value = ", ".join(map(str, value)) or _("none")
    elif facts[leaf["fact"]].type == "date":
        value = date_format(
            date.fromisoformat(value), pgettext("date pattern: day, month and year", "j F Y")
        )
    return {
        "sentence": made.say(f"because.{leaf['because']}", language),
        "fact": facts[leaf["fact"]].label.say(language).capitalize(),
        "value": value,
        "source": _("register of places") if leaf["source"] == "placement" else leaf["source"],
        "since": date.fromisoformat(leaf["since"]),
    }


@open_to(RESIDENT)
def home(request: Any) -> Any:
    """Show what is ready for a resident, what is under way, and who used their data."""
    cards = [card(r) for r in reading.of_person(request.actor.id)]
    now = record.now()
    uses = _uses(request.actor.id, now)
    context = {
        "greeting": _greeting(request.actor_name.split(" ")[0]),
        "ready": [c for c in cards if c["state"] in ("open", "accepted")],
        "progress": [
            {
                "title": c["title"],
                "detail": _("The place is yours.")
                if c["state"] == "fulfilled"
                else _("You said no."),
                "done": c["state"] == "fulfilled",
                "url": c["url"],
            }
            for c in cards
            if c["state"] in ("fulfilled", "declined")
        ],
        "uses": uses,
        "messages_unread": messages.unread(recipient=request.actor.id),
    }
    return render(request, "offers/home.html", context)


def _greeting(name: str) -> str:
    hour = timezone.localtime(record.now()).hour
    if hour < 11:  # noqa: PLR2004 - mornings end at eleven in Finland
        return _("Good morning, %(name)s.") % {"name": name}
    if hour < 18:  # noqa: PLR2004 - and evenings begin at six
        return _("Good day, %(name)s.") % {"name": name}
    return _("Good evening, %(name)s.") % {"name": name}


def _uses(person: int, now: Any) -> list[dict[str, Any]]:
    language = get_language() or "en"
    by_purpose = {p.service.purpose.id: p for p in plugins().values()}
    found = []
    for purpose, _as_of, when in consent.looks(at=now)[:5]:
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
    if request.method == "GET":
        return render(request, "offers/offer.html", {"offer": card(recipient)})
    return redirect(reverse("offer", kwargs={"link": link}))


@open_to(RESIDENT)
@require_POST
@_honest
def accept(request: Any, link: UUID) -> Any:
    """Say yes with one tap."""
    now = record.now()
    answers.see(link=link, by=request.actor, at=now)
    answers.accept(link=link, by=request.actor, at=now)
    return redirect(reverse("receipt", kwargs={"link": link}))


@open_to(RESIDENT)
@_honest
def decline(request: Any, link: UUID) -> Any:
    """Say not for us: a GET asks, a POST answers."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    if request.method != "POST":
        return render(request, "offers/decline.html", {"offer": card(recipient)})
    now = record.now()
    answers.see(link=link, by=request.actor, at=now)
    answers.decline(link=link, by=request.actor, at=now)
    return redirect(reverse("home"))


@open_to(RESIDENT)
@require_POST
@_honest
def stop(request: Any, link: UUID) -> Any:
    """Stop the service for the subject: an objection, in force at once."""
    answers.object_to(link=link, by=request.actor, at=record.now())
    return _notice(
        request,
        _("The service is stopped"),
        _("We no longer look at these facts for it. The ordinary application stays open."),
        200,
    )


@open_to(RESIDENT)
@require_POST
@_honest
def undo(request: Any, link: UUID) -> Any:
    """Take a yes back within the regret time."""
    answers.undo(link=link, by=request.actor, at=record.now())
    return redirect(reverse("home"))


@open_to(RESIDENT)
@_honest
def receipt(request: Any, link: UUID) -> Any:
    """Show the receipt of an answer."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    if recipient.offer.answered_at is None:
        return redirect(reverse("offer", kwargs={"link": link}))
    context = {"offer": card(recipient), "receipt": reading.receipt(recipient.offer_id)}
    return render(request, "offers/receipt.html", context)


@open_to(OFFICIAL)
def staff(request: Any) -> Any:
    """Show the official what waits for a person."""
    now, language = record.now(), get_language() or "en"
    tasks = reading.tasks()
    rows = [
        {
            "case": t.case.hex[:8],
            "service": plugin(t.service).say("title", language),
            "subject_label": _("Resident %(number)s") % {"number": t.subject},
            "reason": _(REASONS[t.reason]),
            "since": timezone.localtime(t.since).date(),
            "deadline": timezone.localtime(t.deadline).date() if t.deadline else None,
            "age_days": (now - t.since).days,
            "facts": "",
            "state": t.state,
        }
        for t in tasks
    ]
    held = [r for r in rows if r["state"] == "held"]
    unclear = [r for r in rows if r["state"] == "unclear"]
    counts = {"held": len(held), "unclear": len(unclear)}
    return render(
        request, "offers/staff.html", {"held": held, "unclear": unclear, "counts": counts}
    )
