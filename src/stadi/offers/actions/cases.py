"""Steps of cases: the only way a state changes, with its transition and its entry."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.domain import ENDED, STEPS, Step, TransitionError
from stadi.offers.models import Case
from stadi.offers.plugins import plugins
from stadi.record import actions as record
from stadi.record.domain import News

MOVE = """
    with old as (
      select c.id, c.state, who.actor
      from unnest(%(cases)s::uuid[], %(actors)s::bigint[]) as who(id, actor)
      join offers_case c on c.id = who.id order by c.id for update of c
    ), fit as (
      select * from old where state = any(%(from)s)
    ), moved as (
      update offers_case c
      set state = %(to)s, since = %(at)s, reason = %(reason)s, deadline = %(deadline)s
      from fit where c.id = fit.id
    ), written as (
      insert into offers_transition (case_id, old, new, at, actor)
      select id, coalesce(path.old, state), path.new, %(at)s, actor
      from fit, unnest(%(olds)s::text[], %(news)s::text[]) with ordinality as path(old, new, n)
      order by id, n
    )
    select state, count(*) from old group by state"""


def listed(ids: Iterable[UUID]) -> str:
    """Return ids as one array literal: the driver quotes a list of them one by one."""
    return "{" + ",".join(map(str, ids)) + "}"


@transaction.atomic
def step(*, case: UUID, name: str, by: Actor, at: datetime, reason: str = "") -> None:
    """Take one step with one case, or raise TransitionError and leave everything as it was."""
    step_many(by={case: by}, path=(name,), at=at, reason=reason)


def step_many(
    *,
    by: Mapping[UUID, Actor],
    path: Sequence[str],
    at: datetime,
    reason: str = "",
    deadline: datetime | None = None,
) -> None:
    """Take the steps of a path with many cases, all or none, each `by` its actor.

    Within the caller's transaction, which an error ends.
    """
    if not by:
        return
    steps = [STEPS[name] for name in path]
    for one, then in pairwise(steps):
        if one.new not in then.old:
            message = f"a case that is {one.new} cannot {then.name}"
            raise TransitionError(message)
    values: dict[str, Any] = {
        "cases": listed(by),
        "actors": [actor.id for actor in by.values()],
        "from": list(steps[0].old),
        "to": steps[-1].new,
        "olds": [None, *(step.new for step in steps[:-1])],
        "news": [step.new for step in steps],
        "at": at,
        "reason": reason,
        "deadline": deadline,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)
        _all_moved(dict(cursor.fetchall()), steps[0], len(by))
    tell(by, path, at)


def _all_moved(states: Mapping[str, int], step: Step, wanted: int) -> None:
    if strays := sorted(state for state in states if state not in step.old):
        message = f"a case that is {' or '.join(strays)} cannot {step.name}"
        raise TransitionError(message)
    if missing := wanted - sum(states.values()):
        message = f"{missing} of {wanted} cases are not known: none could {step.name}"
        raise TransitionError(message)


def tell(by: Mapping[UUID, Actor], path: Sequence[str], at: datetime) -> None:
    """Write the entries of the steps of a path, within the caller's transaction."""
    news = [
        News(kind=f"offers.{name}", case=case, by=actor)
        for name in path
        for case, actor in by.items()
    ]
    record.write_many(news, by=SYSTEM, at=at)


def withdraw_objected(news: News, by: Actor, at: datetime) -> None:
    """Withdraw a resident's open cases of a purpose that was just objected to."""
    ids = [p.service.id for p in plugins().values() if p.service.purpose.id == news.body["purpose"]]
    open_cases = (
        Case.objects.select_for_update()
        .filter(service__in=ids, subject=int(str(news.body["resident"])))
        .exclude(state__in=ENDED)
        .order_by("id")
    )
    for case in open_cases:
        name = "object" if case.state in STEPS["object"].old else "withdraw"
        if case.state in STEPS[name].old:
            step(case=case.id, name=name, by=by, at=at, reason="objection")
            fulfil.release(by={case.id: by}, at=at)
