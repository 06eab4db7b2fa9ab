"""The desk's list of facts that residents say are wrong, and one of them to decide."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stadi.consent import corrections
from stadi.consent.domain import (
    OPEN,
    Correction,
    DecidedAlreadyError,
    NotForYouError,
    WordsUnfitError,
)
from stadi.kit.access import OFFICIAL, open_to
from stadi.kit.errors import StadiError
from stadi.kit.rule import Fact
from stadi.kit.service import Plugin
from stadi.offers.actions import checking, correcting
from stadi.offers.actions.questions import AnswerUnfitError
from stadi.offers.pages import words
from stadi.offers.pages.check import choices, label, said, unfit
from stadi.offers.pages.desk import shown_by
from stadi.offers.pages.told import value
from stadi.people import actions as people


@open_to(OFFICIAL)
def waiting(request: Any) -> Any:
    """Show the requests that wait, the oldest first; nobody's name is in it."""
    rows = [
        {"id": one.id, "fact": label(one), "at": timezone.localtime(one.asked_at)}
        for one in corrections.waiting()
    ]
    return render(request, "offers/corrections.html", {"rows": rows, "told": shown_by(request)})


@open_to(OFFICIAL)
def decide(request: Any, correction: UUID) -> Any:
    """Show one request, which is noted; a POST corrects the fact or refuses it with a reason."""
    found = corrections.open_for(correction=correction, by=request.actor, at=request.time.now)
    if found is None:
        raise Http404
    if request.method != "POST":
        return _page(request, found, "")
    held = correcting.fact_of(found.fact)
    reason = request.POST.get("reason", "")
    written = words.plain(request.POST.get("value", ""), held[1].unit if held else "")
    doing = {"correction": correction, "by": request.actor, "at": request.time.now}
    try:
        if request.POST.get("act") == "refuse":
            correcting.refuse(**doing, reason=reason)
        else:
            correcting.correct(**doing, value=written, reason=reason)
    except StadiError as error:
        return _page(request, found, _refused(error, found))
    request.session["told"] = _("Decided. Whoever asked was told.")
    return redirect(reverse("corrections"))


def _refused(error: StadiError, found: Correction) -> str:
    if isinstance(error, DecidedAlreadyError):
        return _("Somebody has decided this already.")
    if isinstance(error, NotForYouError):
        return _("You have a part in this: another official decides it.")
    if isinstance(error, correcting.NothingNewError):
        return _("The register says this already: write what is right, or refuse the request.")
    held = correcting.fact_of(found.fact)
    if held is not None and isinstance(error, AnswerUnfitError | WordsUnfitError):
        return unfit(error, held[1])
    return words.refused(error)


def _page(request: Any, found: Correction, error: str) -> Any:
    held = correcting.fact_of(found.fact)
    subject = people.resident(found.subject)
    context = {
        "correction": found,
        "fact": held and held[1],
        "label": label(found),
        "name": f"{subject.given_name} {subject.family_name}" if subject else "",
        "by_guardian": found.subject != found.asked_by,
        "banned": people.any_ban([found.subject, found.asked_by]),
        "at": timezone.localtime(found.asked_at),
        "said": said(held[1], found.said) if held else found.said,
        "choices": choices(held[1]) if held else [],
        "writes": held is not None and correcting.writes(held[1]),
        "now": _now(held, found, request),
        "given": request.POST.get("value", words.field(found.said, held[1].unit if held else "")),
        "reason": request.POST.get("reason", ""),
        "is_open": found.state == OPEN,
        "error": error,
    }
    return render(request, "offers/correction.html", context, status=409 if error else 200)


def _now(held: tuple[Plugin, Fact] | None, found: Correction, request: Any) -> dict[str, Any]:
    """Return what the register says now, by a look of a service that uses the fact."""
    if held is None:
        return {}
    made, fact = held
    try:
        told = checking.told_of(plugin=made, fact=fact, subject=found.subject, at=request.time.now)
    except checking.NobodyError:
        return {}
    return {
        "value": value(fact, told.value) if told.known else _("not known"),
        "source": words.spoken(words.SOURCES, told.source),
        "since": told.since,
    }
