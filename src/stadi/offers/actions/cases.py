"""Steps of cases: the only way a state changes, with its guards, transition, entry and effects."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.ids import listed
from stadi.offers.actions.effects import EFFECTS
from stadi.offers.actions.guards import GUARDS
from stadi.offers.actions.letters import tell
from stadi.offers.actions.versions import terms
from stadi.offers.domain import (
    ENDS,
    NO_PLACE,
    STEPS,
    WITH_A_PERSON,
    By,
    Cases,
    Errors,
    NotAllowedError,
    Standing,
    Step,
    TransitionError,
)
from stadi.record import actions as record
from stadi.record.domain import News

STAND = """
    select c.id, c.service, c.version, c.subject, c.round, c.term, c.state, c.before, c.reason,
      c.level, c.assignee, c.since, c.deadline, c.sent_at, o.unit, o.starts_at, o.expires_at,
      o.answered_at, o.answered_by, o.reminded_at
    from offers_case c left join offers_offer o on o.case_id = c.id
    where c.id = any(%s::uuid[]) and c.state <> 'erased' order by c.id for update of c"""
MOVE = """
    with who as (
      select * from unnest(%(cases)s::uuid[], %(actors)s::bigint[], %(kinds)s::text[],
        %(waits)s::interval[]) as who(id, actor, kind, wait)
    ), old as (
      select c.id, c.state, coalesce(nullif(%(to)s, ''), c.before) as new, actor, kind, wait
      from who join offers_case c on c.id = who.id order by c.id for update of c
    ), moved as (
      update offers_case c
      set state = old.new, since = %(at)s, reason = %(reason)s, level = 0,
        deadline = case when old.new = any(%(tasks)s) then %(at)s + old.wait end,
        before = case when %(to)s = 'contested' then old.state else '' end,
        ended = case when %(ended)s = 'keep' then c.ended
          when old.new <> all(%(ends)s) then ''
          when %(ended)s <> '' then %(ended)s else old.new end,
        subject = case when %(to)s = 'erased' then 0 else c.subject end,
        sent_at = case when %(to)s = 'offered' then %(at)s else c.sent_at end
      from old where c.id = old.id
    )
    insert into offers_transition (case_id, old, new, at, actor, actor_kind, name)
    select id, coalesce(path.old, state), coalesce(nullif(path.new, ''), old.new), %(at)s,
      actor, kind, path.name
    from old, unnest(%(olds)s::text[], %(news)s::text[], %(names)s::text[])
      with ordinality as path(old, new, name, n)
    order by id, n"""
NAMES = tuple(name for name in Standing.__dataclass_fields__ if name != "terms")


def standing(cases: Collection[UUID]) -> dict[UUID, Standing]:
    """Return where cases stand; nobody else moves them until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(STAND, [listed(cases)])
        rows = cursor.fetchall()
    return {
        row[0]: Standing(**dict(zip(NAMES, row, strict=True)), terms=terms(row[1], row[2]))
        for row in rows
    }


def take(
    *, by: By, path: Sequence[str], at: datetime, reason: str = "", known: Cases | None = None
) -> Errors:
    """Take the steps of a path with many cases, each `by` its actor; return those refused and why.

    A refused case stays exactly where it was. Within the caller's transaction; `known` is where
    the cases stand, if it asked in the same one.
    """
    if not by:
        return {}
    steps, cases = _steps(path), standing(by) if known is None else known
    errors = _refused(steps, cases, by, at)
    going = {case: actor for case, actor in by.items() if case not in errors}
    if not going:
        return errors
    there = {case: cases[case] for case in going}
    waits = [_wait(there[case], steps[-1], reason) for case in going]
    _move(steps, waits, going, at, reason)
    _tell(going, path, at, reason)
    for step in steps:
        for effect in step.effects:
            EFFECTS[effect](there, going, at)
        if step.tells:
            tell(what=step.tells, cases=_sent(there), at=at, but=going)
    return errors


def _sent(cases: Cases) -> list[UUID]:
    """Return the cases in which something was offered: nobody else heard of theirs."""
    return [case for case, c in cases.items() if c.sent_at is not None]


def must(*, by: By, path: Sequence[str], at: datetime, reason: str = "") -> None:
    """Take the steps with all cases, or raise why one may not; the error ends the transaction."""
    for error in take(by=by, path=path, at=at, reason=reason).values():
        raise error


@transaction.atomic
def step(*, case: UUID, name: str, by: Actor, at: datetime, reason: str = "") -> None:
    """Take one step with one case, or raise and leave everything as it was."""
    must(by={case: by}, path=(name,), at=at, reason=reason)


def _steps(path: Sequence[str]) -> list[Step]:
    steps = [STEPS[name] for name in path]
    for one, then in pairwise(steps):
        if one.new not in then.old:
            message = f"a case that is {one.new} cannot {then.name}"
            raise TransitionError(message)
    return steps


def _refused(steps: Sequence[Step], cases: Cases, by: By, at: datetime) -> Errors:
    """Return which cases may not go this way; the first reason found is the one that is told."""
    first, errors = steps[0], Errors()
    for case, actor in by.items():
        if (error := _misplaced(first, cases.get(case))) or (error := _stranger(steps, actor)):
            errors[case] = error
    for guard in dict.fromkeys(name for step in steps for name in step.guards):
        fit = {case: cases[case] for case in by if case not in errors}
        errors |= GUARDS[guard](fit, by, at) if fit else {}
    return errors


def _misplaced(step: Step, case: Standing | None) -> StadiError | None:
    if case is None:
        return TransitionError(f"the case is not known: it cannot {step.name}")
    if case.state in step.old:
        return None
    return TransitionError(f"a case that is {case.state} cannot {step.name}")


def _stranger(steps: Sequence[Step], actor: Actor) -> StadiError | None:
    for step in steps:
        if actor.kind not in step.who:
            return NotAllowedError(f"a {actor.kind} may not {step.name} a case")
    return None


def _wait(case: Standing, step: Step, reason: str) -> timedelta | None:
    """Return how long the case may wait for a person; None where nobody follows it up."""
    if step.name == "expire" and case.terms.silence == "lapse":
        return None
    if reason == NO_PLACE and case.terms.wait_days:
        return timedelta(days=case.terms.wait_days)
    return case.terms.queue


def _move(  # noqa: PLR0917 - one statement, one line
    steps: Sequence[Step], waits: Sequence[timedelta | None], by: By, at: datetime, reason: str
) -> None:
    values: dict[str, Any] = {
        "cases": listed(by),
        "actors": [actor.id for actor in by.values()],
        "kinds": [actor.kind for actor in by.values()],
        "waits": list(waits),
        "tasks": list(WITH_A_PERSON),
        "to": steps[-1].new,
        "ended": steps[-1].ended,
        "ends": list(ENDS),
        "olds": [None, *(step.new for step in steps[:-1])],
        "news": [step.new for step in steps],
        "names": [step.name for step in steps],
        "at": at,
        "reason": reason,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)


def _tell(by: By, path: Sequence[str], at: datetime, reason: str) -> None:
    """Write the entries of the steps of a path."""
    body = {"reason": reason} if reason else {}
    news = [
        News(kind=f"offers.{name}", case=case, by=actor, body=body)
        for name in path
        for case, actor in by.items()
    ]
    record.write_many(news, by=SYSTEM, at=at)
