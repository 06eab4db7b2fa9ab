"""Questions to residents: the list of those that wait, and one field that fits the fact."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from stadi.kit.access import RESIDENT, open_to
from stadi.offers.actions import questions
from stadi.offers.domain import NotOpenError, NotYoursError
from stadi.offers.models import Question
from stadi.offers.pages import words
from stadi.offers.pages.frames import notice
from stadi.offers.plugins import plugin
from stadi.people import actions as people


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question as a page shows it; a protected child's name is not in it.

    `own`: it is about whoever reads it.
    """

    id: UUID
    fact: str
    type: str
    unit: str
    fit: str
    child: str
    own: bool
    service: str
    why: str


def asked_of(person: int) -> list[Asked]:
    """Return the questions that wait for a person."""
    return [_asked(question, person) for question in questions.open_to(person=person)]


def _asked(question: Question, person: int) -> Asked:
    case, language = question.case, get_language() or "en"
    made = plugin(case.service)
    fact = questions.fact_of(made, question.fact)
    child = people.resident(case.subject)
    hidden = people.any_ban([case.subject, person])
    return Asked(
        id=question.id,
        fact=fact.label.say(language),
        type=fact.type,
        unit=fact.unit,
        fit=words.fit(fact),
        own=case.subject == person,
        child=child.given_name if child and not hidden else "",
        service=made.say("title", language),
        why=made.say("law", language),
    )


@open_to(RESIDENT)
def question(request: Any, question: UUID) -> Any:
    """Ask one question with one field: a GET asks, a POST answers."""
    shown = {asked.id: asked for asked in asked_of(request.actor.id)}.get(question)
    given = request.POST.get("value", "")
    try:
        if request.method == "POST" and shown is not None:
            by, at = request.actor, request.time.now
            value = words.plain(given, shown.unit)
            questions.answer(question=question, value=value, by=by, at=at)
            return redirect(reverse("home"))
    except questions.AnswerUnfitError:
        return _page(request, shown, given, shown.fit if shown else "")
    except (NotYoursError, NotOpenError):
        shown = None
    if shown is None:
        body = _("It was answered, it is settled, or it was asked of somebody else. Thank you.")
        return notice(request, _("This question is not open"), body, 404)
    return _page(request, shown, "", "")


def _page(request: Any, shown: Asked | None, given: str, error: str) -> Any:
    context = {"question": shown, "given": given, "error": error, "today": request.time.now}
    return render(request, "offers/question.html", context, status=400 if error else 200)
