"""What a change in the registers means for the cases of those whom it is about."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.engine.sql import OUTCOMES
from stadi.kit.actor import Actor
from stadi.kit.service import Plugin
from stadi.offers.actions.awards import recalculate
from stadi.offers.actions.cases import must
from stadi.offers.actions.finding import Found, find, name_cases, rounds_of
from stadi.offers.actions.looking import and_guardians
from stadi.offers.actions.rounds import (
    assign,
    keep_screening,
    offer,
    propose,
    resting,
    write_cases,
)
from stadi.offers.domain import ASKED, ENDED, LEFT, STEPS, WAITING
from stadi.offers.models import Case, Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the rules say of a few subjects now, and what is needed to propose to those found.

    `seen` is None where nobody is found; `before` is what they said when the round began.
    """

    result: sweep.Sweep
    outcomes: Mapping[int, str]
    seen: sweep.Extract | None
    before: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """How many cases a change opened, moved or ended."""

    opened: int = 0
    held: int = 0
    closed: int = 0
    withdrawn: int = 0


def reconsider(*, plugin: Plugin, subjects: Collection[int], by: Actor, at: datetime) -> Changed:
    """Look at these subjects again and let their cases follow; a second time changes nothing.

    A service that has screened nobody this round waits for its round. An offer whose rule turned
    to no goes to a person, its place still held; whoever left the city is asked nothing more.
    """
    period = plugin.service.period(at.date())
    sweeps = Screening.objects.filter(service=plugin.service.id, round=period)
    first = sweeps.order_by("at").first()
    if first is None or not subjects:
        return Changed()
    look = _look(plugin, subjects, first, at)
    with transaction.atomic():
        return _follow(plugin, look, set(subjects), by, at)


def _look(plugin: Plugin, subjects: Collection[int], first: Screening, at: datetime) -> Look:
    """Look through the wall; apart from the writing, since a purpose sees what is committed."""
    rules, amounts = plugin.service.who, plugin.service.amounts
    with _sight(plugin, subjects, at) as sight:
        result = sweep.run_there(rules, sight, amounts=amounts)
        outcomes = _outcomes(result)
        found = {s for s, outcome in outcomes.items() if outcome in ("yes", "unknown")}
        if not found:
            return Look(result=result, outcomes=outcomes, seen=None, before={})
        seen = sweep.extract(sight)
    seen = and_guardians(plugin, seen, result.of("yes"), at)
    with _sight(plugin, found, first.at) as sight:
        before = _outcomes(sweep.run_there(rules, sight))
    return Look(result=result, outcomes=outcomes, seen=seen, before=before)


def _sight(
    plugin: Plugin, subjects: Collection[int], at: datetime
) -> AbstractContextManager[sweep.Sight]:
    return consent.look(purpose=plugin.service.purpose, as_of=at.date(), known_at=at, only=subjects)


def _outcomes(result: sweep.Sweep) -> dict[int, str]:
    pairs = zip(result.subjects.tolist(), result.outcomes.tolist(), strict=True)
    return {subject: OUTCOMES[outcome] for subject, outcome in pairs}


def _follow(  # noqa: PLR0917 - one change, one line
    plugin: Plugin, look: Look, subjects: set[int], by: Actor, at: datetime
) -> Changed:
    """Let the cases follow what the rules say now, in one transaction."""
    cases = list(
        Case.objects.select_for_update(of=("self",))
        .select_related("screening")
        .filter(service=plugin.service.id, subject__in=subjects)
        .order_by("id")
    )
    gone = subjects - set(look.outcomes)
    withdrawn = _withdraw([c for c in cases if c.subject in gone], by, at)
    period = plugin.service.period(at.date())
    mine = [c for c in cases if c.screening.round == period or c.state not in ENDED]
    now = [c for c in mine if c.subject not in gone]
    held = _hold([c for c in now if look.outcomes[c.subject] == "no"], by, at)
    unclear = {c.subject: c.id for c in now if c.state == "unclear"}
    closing = [c for s, c in unclear.items() if look.outcomes[s] == "no"]
    must(by=dict.fromkeys(closing, by), path=("close",), at=at, reason="rule_is_false")
    cleared = {s: c for s, c in unclear.items() if look.outcomes[s] == "yes"}
    # a case that ended otherwise was answered: asking again would not take the answer for one
    answered = {c.subject for c in now if c.state != "closed" and c.reason != LEFT}
    asked = [s for s, o in look.outcomes.items() if o in ("yes", "unknown") and s not in answered]
    peace = resting(plugin, _rounds(plugin, look, asked), at)
    new = [s for s in asked if s not in peace]
    moved = _moved(look, new, unclear, now)
    found = _open(plugin, look, (new, moved), by, at)
    found += _find(plugin, look, cleared)
    _propose(plugin, found, set(cleared.values()), by, at)
    recalculate(plugin=plugin, result=look.result, by=by, at=at, among=subjects)
    return Changed(opened=len(new), held=held, closed=len(closing), withdrawn=withdrawn)


def _rounds(plugin: Plugin, look: Look, subjects: Collection[int]) -> dict[int, str]:
    return rounds_of(plugin, look.seen, subjects) if look.seen is not None else {}


def _find(plugin: Plugin, look: Look, cases: dict[int, UUID]) -> list[Found]:
    return find(plugin, look.seen, cases) if look.seen is not None else []


def _withdraw(cases: Sequence[Case], by: Actor, at: datetime) -> int:
    """Withdraw the cases of those who died or moved away, and free their places."""
    going = {c.id: by for c in cases if c.state in STEPS["withdraw"].old}
    must(by=going, path=("withdraw",), at=at, reason=LEFT)
    return len(going)


def _hold(cases: Sequence[Case], by: Actor, at: datetime) -> int:
    """Hand what is under way to a person; the place stays held until the person decides."""
    going = {c.id: by for c in cases if c.state in (*WAITING, *ASKED)}
    must(by=going, path=("hold",), at=at, reason="late_change")
    return len(going)


def _moved(
    look: Look, new: Sequence[int], unclear: Mapping[int, UUID], cases: Sequence[Case]
) -> dict[str, int]:
    """Return by how much the round's counts change: nobody is lost and nobody counted twice."""
    moved = Counter[str]()
    closed = {c.subject for c in cases if c.state == "closed"}
    left = {c.subject for c in cases if c.reason == LEFT}
    for subject in new:
        before = "no" if subject in closed else look.before.get(subject)
        if before is None or subject in left:
            moved["screened"] += 1
        else:
            moved[before] -= 1
        moved[look.outcomes[subject]] += 1
    for subject in unclear:
        if look.outcomes[subject] in ("yes", "no"):
            moved["unknown"] -= 1
            moved[look.outcomes[subject]] += 1
    return {name: change for name, change in moved.items() if change}


def _open(  # noqa: PLR0917 - one change, one line
    plugin: Plugin,
    look: Look,
    late: tuple[Sequence[int], dict[str, int]],
    by: Actor,
    at: datetime,
) -> list[Found]:
    """Open cases for those whom the change made entitled or unclear."""
    new, moved = late
    if not moved and not new:
        return []
    screening = keep_screening(plugin, look.result, moved, at)
    yes = [s for s in new if look.outcomes[s] == "yes"]
    found = _find(plugin, look, name_cases(yes))
    unclear = _rounds(plugin, look, [s for s in new if look.outcomes[s] == "unknown"])
    write_cases(plugin, screening, found, unclear, by)
    return found


def _propose(  # noqa: PLR0917 - one change, one line
    plugin: Plugin, found: Sequence[Found], waiting: Collection[UUID], by: Actor, at: datetime
) -> None:
    """Propose a free place to each, and offer it; `waiting` were unclear until now."""
    if not found:
        return
    for reason in {f.held for f in found if f.held}:
        guarded = {f.case: by for f in found if f.held == reason and f.case in waiting}
        must(by=guarded, path=("hold",), at=at, reason=reason)
    places = assign(plugin=plugin, found=found, at=at)
    ready = propose(plugin=plugin, found=found, places=places, by=by, at=at)
    offer(cases=[f.case for f in ready], by=by, at=at)
