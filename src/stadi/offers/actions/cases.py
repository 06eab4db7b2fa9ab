"""Steps of cases: the only way a state changes; each is one transaction with its record."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.offers.domain import ENDED, STEPS, TransitionError
from stadi.offers.models import Case, Transition
from stadi.offers.plugins import plugins
from stadi.record import actions as record
from stadi.record.domain import News


@transaction.atomic
def step(*, case: UUID, name: str, by: Actor, at: datetime, reason: str = "") -> Case:
    """Take one step with one case, or raise TransitionError and leave everything as it was."""
    row = Case.objects.select_for_update().get(id=case)
    if row.state not in STEPS[name].old:
        message = f"a case that is {row.state} cannot {name}"
        raise TransitionError(message)
    old, row.state, row.since = row.state, STEPS[name].new, at
    row.reason = reason
    row.save(update_fields=["state", "since", "reason"])
    Transition.objects.create(case=row, old=old, new=row.state, at=at, actor=by.id)
    record.write(News(kind=f"offers.{name}", case=case), by=by, at=at)
    return row


@transaction.atomic
def step_many(*, cases: Sequence[UUID], name: str, by: Actor, at: datetime) -> None:
    """Take one step with many cases, all or none."""
    states = Case.objects.select_for_update().filter(id__in=cases)
    old = dict(states.values_list("id", "state"))
    strays = [s for s in old.values() if s not in STEPS[name].old]
    if strays or len(old) != len(set(cases)):
        message = f"{len(strays)} cases cannot {name}: they are {sorted(set(strays))}"
        raise TransitionError(message)
    Case.objects.filter(id__in=cases).update(state=STEPS[name].new, since=at)
    write_steps([(case, old[case], STEPS[name].new) for case in cases], name=name, by=by, at=at)


def write_steps(
    steps: Sequence[tuple[UUID, str, str]], *, name: str, by: Actor, at: datetime
) -> None:
    """Write steps and their leaves by COPY, in the caller's transaction."""
    with (
        connection.cursor() as cursor,
        cursor.copy("copy offers_transition (case_id, old, new, at, actor) from stdin") as rows,
    ):
        for case, old, new in steps:
            rows.write_row((case, old, new, at, by.id))
    news = [News(kind=f"offers.{name}", case=case) for case, _, _ in steps]
    record.write_many(news, by=by, at=at)


def withdraw_objected(news: News, by: Actor, at: datetime) -> None:
    """Withdraw a resident's open cases of a purpose that was just objected to."""
    ids = [p.service.id for p in plugins().values() if p.service.purpose.id == news.body["purpose"]]
    open_cases = (
        Case.objects.select_for_update()
        .filter(service__in=ids, subject=int(str(news.body["resident"])))
        .exclude(state__in=ENDED)
    )
    for case in open_cases:
        name = "object" if case.state in STEPS["object"].old else "withdraw"
        if case.state in STEPS[name].old:
            step(case=case.id, name=name, by=by, at=at, reason="objection")
            fulfil.release(case=case.id, by=by, at=at)
