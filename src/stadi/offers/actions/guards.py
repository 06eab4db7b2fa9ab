"""What must hold before a step: each guard looks at many cases and returns those it refuses."""

from collections.abc import Callable
from datetime import datetime, timedelta

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM
from stadi.kit.service import INFORMING
from stadi.offers.domain import (
    ASKED,
    HIGHEST,
    By,
    Cases,
    Errors,
    NotAllowedError,
    NotOpenError,
    Standing,
    TellingError,
)
from stadi.offers.models import Note, Transition
from stadi.offers.plugins import plugin
from stadi.people import actions as people

DECIDING = ("hold", "ready", "close", "withdraw", "uphold", "correct")


def _open(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse an offer that was answered, or whose time is over."""
    del by
    return {
        case: NotOpenError("this offer is no longer open")
        for case, c in cases.items()
        if c.state not in ASKED or c.expires_at is None or c.expires_at <= at
    }


def _answerable(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse a contrary answer once the offer's time, or the time for regret, is over."""
    del by
    return {
        case: NotOpenError("this offer is no longer open")
        for case, c in cases.items()
        if at >= _until(c)
    }


def _until(case: Standing) -> datetime:
    if case.state == "accepted" and case.answered_at is not None:
        return case.answered_at + case.terms.regret
    return case.expires_at or case.since


def _offering(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse a yes to what only tells of something: one applies for it in the ordinary way."""
    del by, at
    return {
        case: TellingError("this service only tells: apply in the ordinary way")
        for case, c in cases.items()
        if c.terms.level in INFORMING
    }


def _chosen(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse a yes to everything that is shown at once: one of it is chosen."""
    del by, at
    return {
        case: NotOpenError("choose one of what is shown")
        for case, c in cases.items()
        if c.terms.choosing and c.unit is None
    }


def _granting(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to take silence for a yes: below L3 never, at L3 not before the time is over."""
    del by
    errors = Errors()
    for case, c in cases.items():
        over = c.reminded_at is not None and c.expires_at is not None and at >= c.expires_at
        if c.terms.silence != "grant":
            errors[case] = NotAllowedError("no law takes silence for a yes here")
        elif c.terms.level != "L4" and not over:
            errors[case] = NotOpenError("the offer is open, or nobody was reminded of it yet")
    return errors


def _granted(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to oppose what somebody said yes to, or too late."""
    del by
    return {
        case: NotOpenError("this can no longer be refused")
        for case, c in cases.items()
        if c.answered_by != SYSTEM.id or at >= _until(c)
    }


def _safe(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse an answer in the portal where somebody is protected: a person arranges it."""
    del at
    told = {c: a for c, a in by.items() if c in cases and a.kind == "resident"}
    banned = people.banned({p for c, a in told.items() for p in (cases[c].subject, a.id)})
    return {
        case: NotOpenError("this offer is no longer open")
        for case, actor in told.items()
        if {cases[case].subject, actor.id} & banned
    }


def _basis(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse where the service was stopped: looked up now, whatever was known before."""
    del by, at
    errors = Errors()
    for service in {c.service for c in cases.values()}:
        theirs = {case: c.subject for case, c in cases.items() if c.service == service}
        purpose = plugin(service).service.purpose.id
        stopped = consent.objecting(residents=list(theirs.values()), purpose=purpose)
        for case, subject in theirs.items():
            if subject in stopped:
                errors[case] = NotOpenError("this service was stopped for this person")
    return errors


def _here(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse about somebody who died or moved away."""
    del by
    subjects = {case: c.subject for case, c in cases.items()}
    here = people.living_here(subjects=subjects.values(), day=at.date())
    return {
        case: NotOpenError("no longer in the register of residents")
        for case, subject in subjects.items()
        if subject not in here
    }


def _placed(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse where the place is no longer held; what is no place needs none."""
    del by, at
    placing = [case for case, c in cases.items() if c.unit is not None]
    lost = set(placing) - set(fulfil.holding(cases=placing)) if placing else set()
    return {case: fulfil.NoClaimError("this place is no longer held") for case in lost}


def _regrets(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to take back an answer of somebody else, or too late."""
    return {
        case: NotOpenError("this answer can no longer be taken back")
        for case, c in cases.items()
        if c.answered_by != by[case].id or at >= _until(c)
    }


def _regretted(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to begin while the answer may still be taken back."""
    del by
    return {
        case: NotOpenError("the time for a change of mind still runs")
        for case, c in cases.items()
        if at < _until(c)
    }


def _reminded(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to end an offer that runs, or of which nobody was reminded: silence is asked first."""
    del by
    return {
        case: NotOpenError("the offer is open, or nobody was reminded of it yet")
        for case, c in cases.items()
        if c.reminded_at is None or c.expires_at is None or at < c.expires_at
    }


def _highest(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to end a task unanswered before the owner of the service had it too."""
    del by
    return {
        case: NotOpenError("this task can still be answered")
        for case, c in cases.items()
        if c.level < HIGHEST or c.deadline is None or at < c.deadline
    }


def _in_term(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse to contest what is longer ago than the service allows, or was never offered."""
    del by
    return {
        case: NotOpenError("the time to contest this is over")
        for case, c in cases.items()
        if c.sent_at is None or at >= c.since + timedelta(days=c.terms.contest_days)
    }


def _another(cases: Cases, by: By, at: datetime) -> Errors:
    """Refuse an official who had a hand in what is contested."""
    del at
    hands = Transition.objects.filter(
        case__in=list(cases), actor_kind="official", name__in=DECIDING
    )
    notes = Note.objects.filter(case__in=list(cases), kind="decision")
    decided = {*hands.values_list("case", "actor"), *notes.values_list("case", "by")}
    return {
        case: NotAllowedError("another official must decide what this one decided before")
        for case in cases
        if (case, by[case].id) in decided
    }


GUARDS: dict[str, Callable[[Cases, By, datetime], Errors]] = {
    "open": _open,
    "answerable": _answerable,
    "offering": _offering,
    "chosen": _chosen,
    "granting": _granting,
    "granted": _granted,
    "safe": _safe,
    "basis": _basis,
    "here": _here,
    "placed": _placed,
    "regrets": _regrets,
    "regretted": _regretted,
    "reminded": _reminded,
    "highest": _highest,
    "in_term": _in_term,
    "another": _another,
}
