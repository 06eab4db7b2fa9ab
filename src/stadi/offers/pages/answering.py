"""How residents answer: a plain POST each. A GET never acts: it asks, or shows the offer."""

from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse

from stadi.kit.access import RESIDENT, open_to
from stadi.offers.actions import answers
from stadi.offers.actions import contest as contests
from stadi.offers.domain import NotOpenError, ReasonMissingError
from stadi.offers.pages import words
from stadi.offers.pages.cards import Card, card
from stadi.offers.pages.frames import acting, honest


def _to(name: str, link: UUID) -> Any:
    return redirect(reverse(name, kwargs={"link": link}))


def _shown(request: Any, link: UUID) -> Card:
    return card(answers.for_person(link=link, person=request.actor.id), request.time.now)


@open_to(RESIDENT)
@acting
@honest
def accept(request: Any, link: UUID) -> Any:
    """Say yes with one tap; after another's no it says that the reader does not agree."""
    answers.accept(link=link, by=request.actor, at=request.time.now)
    return _to("receipt", link)


@open_to(RESIDENT)
@acting
@honest
def choose(request: Any, link: UUID) -> Any:
    """Say yes to another place that was shown."""
    unit = request.POST.get("unit", "")
    if not unit.isdecimal() or len(unit) > 18:  # noqa: PLR2004 - digits of a bigint
        message = "this place is not among those that were shown"
        raise NotOpenError(message)
    answers.choose(link=link, unit=int(unit), by=request.actor, at=request.time.now)
    return _to("receipt", link)


@open_to(RESIDENT)
@acting
@honest
def ask(request: Any, link: UUID) -> Any:
    """Ask a person to take contact; the place stays held meanwhile."""
    answers.ask(link=link, by=request.actor, at=request.time.now)
    return _to("offer", link)


@open_to(RESIDENT)
@honest
def decline(request: Any, link: UUID) -> Any:
    """Say not for us: a GET asks, a POST answers."""
    shown = _shown(request, link)
    if request.method != "POST":
        if shown.state != "open":
            return _to("offer", link)
        return render(request, "offers/decline.html", {"offer": shown})
    answers.decline(link=link, by=request.actor, at=request.time.now)
    return _to("receipt", link)


@open_to(RESIDENT)
@honest
def stop(request: Any, link: UUID) -> Any:
    """Stop the service for the subject: a GET asks, a POST is an objection, in force at once."""
    shown = _shown(request, link)
    if request.method != "POST":
        return render(request, "offers/stop.html", {"offer": shown})
    answers.object_to(link=link, by=request.actor, at=request.time.now)
    return redirect(reverse("home"))


@open_to(RESIDENT)
@acting
@honest
def undo(request: Any, link: UUID) -> Any:
    """Take a yes back within the regret time."""
    answers.undo(link=link, by=request.actor, at=request.time.now)
    return redirect(reverse("home"))


@open_to(RESIDENT)
@honest
def contest(request: Any, link: UUID) -> Any:
    """Say that something is not right: a GET asks what, a POST says it."""
    shown, text, error = _shown(request, link), request.POST.get("text", ""), ""
    if request.method == "POST":
        try:
            contests.contest(link=link, text=text, by=request.actor, at=request.time.now)
            return _to("offer", link)
        except ReasonMissingError as wrong:
            error = words.refused(wrong)
    elif not shown.can_contest:
        return _to("offer", link)
    context = {"offer": shown, "text": text, "error": error}
    return render(request, "offers/contest.html", context, status=400 if error else 200)
