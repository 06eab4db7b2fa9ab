"""Money that may be too much by the facts of today: the list, and what a case tells of its own."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Award
from stadi.kit.access import MANAGER, OFFICIAL, open_to
from stadi.offers.actions import reading, viewing
from stadi.offers.actions.plans import money
from stadi.offers.models import Case
from stadi.offers.pages import told
from stadi.offers.plugins import plugin

Leaves = Sequence[Mapping[str, Any]]


@open_to(OFFICIAL, MANAGER)
def amounts(request: Any) -> Any:
    """Show the awards that wait for a person, the most urgent first; nobody's name is in it."""
    waiting = fulfil.to_review()
    context = {
        "awards": [_row(award, request.time.now) for award in waiting[: viewing.PAGE]],
        "more": max(0, len(waiting) - viewing.PAGE),
    }
    return render(request, "offers/amounts.html", context)


def _row(award: Award, now: datetime) -> dict[str, Any]:
    return {
        "case": award.case,
        "number": reading.receipt(award.case),
        "service": plugin(award.service).say("title", get_language() or "en"),
        "late": award.review_by is not None and award.review_by < now,
        **_amounts(award),
    }


def _amounts(award: Award) -> dict[str, Any]:
    """Return what is paid, what the facts of today come to ("" where they do not tell), by when."""
    language = get_language() or "en"
    return {
        "old": money(award.cents, language),
        "new": money(award.review_cents, language),
        "nothing": award.review_cents == 0,
        "deadline": _day(award.review_by),
    }


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def award_of(case: Case) -> Award | None:
    """Return the award of a case that waits for a person."""
    return next((award for award in fulfil.to_review() if award.case == case.id), None)


def reviewed(award: Award, before: Leaves, now: Leaves) -> dict[str, Any]:
    """Return an award that waits, with the facts that are not what they were when it was made."""
    return {**_amounts(award), "id": award.id, "changes": _changes(award, before, now)}


def _changes(award: Award, before: Leaves, now: Leaves) -> list[tuple[str, str, str]]:
    """Return the name of each fact that changed, what it was and what it is."""
    language = get_language() or "en"
    facts = {fact.name: fact for fact in plugin(award.service).service.purpose.uses}
    was = {leaf["fact"]: leaf["value"] for leaf in before}
    found = {}
    for leaf in now:
        fact = facts[leaf["fact"]]
        if fact.name in was and was[fact.name] != leaf["value"]:
            sides = told.value(fact, was[fact.name]), told.value(fact, leaf["value"])
            found[fact.name] = (fact.label.say(language).capitalize(), *sides)
    return [change for change in found.values() if change[1] != change[2]]
