"""The rows of sagas: written down, claimed when due, moved on, turned round and ended.

One row holds a whole saga, and a cursor in it says how many steps stand. So a saga can be at one
place only, whoever runs it, how often, and wherever the last run was cut off.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from stadi.fulfil import words
from stadi.fulfil.domain import Plan
from stadi.fulfil.steps import STEPS, Job
from stadi.kit.ids import listed
from stadi.kit.service import Fulfilment
from stadi.record import actions as record

COLUMNS = """"case", service, purpose, subject, term, unit, cents, recipients, steps, content,
    state, why, error, standing, attempts, due_at, begun_at"""
# A case that was undone may be begun anew; one that goes on, or is finished, is left as it is.
BEGIN = f"""
    insert into fulfil_saga as s ({COLUMNS})
    select distinct on ("case") {COLUMNS} from plans order by "case"
    on conflict ("case") do update
    set service = excluded.service, purpose = excluded.purpose, subject = excluded.subject,
      term = excluded.term, unit = excluded.unit, cents = excluded.cents,
      recipients = excluded.recipients, steps = excluded.steps, content = excluded.content,
      state = 'doing', why = '', error = '',
      standing = 0, attempts = 0, due_at = excluded.due_at, begun_at = excluded.begun_at,
      ended_at = null
    where s.state = 'undone' returning s."case\""""
SEEN = """
    select "case", purpose, subject, term, unit, cents, state, why, error, attempts,
      case when state = 'doing' then steps -> standing
        when standing > 0 then steps -> (standing - 1) end ::text as step
    from fulfil_saga"""
OF = f"""{SEEN} where "case" = any(%(cases)s::uuid[]) order by "case" for update"""
WAITING = (
    f"""{SEEN} where state = 'doing' and due_at is null order by "case" for update skip locked"""
)
# Whoever is undone goes first. What another run holds is left to it.
CLAIM = f"""
    {SEEN} where state in ('doing', 'undoing') and due_at <= %(at)s
      and (%(only)s::uuid[] is null or "case" = any(%(only)s::uuid[]))
    order by state desc, step, "case" limit %(size)s for update skip locked"""
MOVE = """
    update fulfil_saga set standing = standing + %(steps)s, attempts = 0, due_at = %(at)s
    where "case" = any(%(cases)s::uuid[]) returning "case\""""
WAIT = """
    update fulfil_saga set due_at = null where "case" = any(%(cases)s::uuid[]) returning "case\""""
WAKE = """
    update fulfil_saga set due_at = %(at)s
    where "case" = any(%(cases)s::uuid[]) and state = 'doing' returning "case\""""
AGAIN = """
    update fulfil_saga set attempts = %(attempts)s, due_at = %(at)s
    where "case" = any(%(cases)s::uuid[]) returning "case\""""
# The step under way may have left something; undoing what was not done does nothing.
TURN = """
    update fulfil_saga set state = 'undoing', why = %(why)s, error = %(error)s, attempts = 0,
      standing = least(standing + 1, jsonb_array_length(steps)), due_at = %(at)s, ended_at = null
    where "case" = any(%(cases)s::uuid[]) and state in ('doing', 'finished') returning "case\""""
END = """
    update fulfil_saga set state = %(state)s, content = null, due_at = null, ended_at = %(at)s
    where "case" = any(%(cases)s::uuid[]) returning "case\""""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saga:
    """A saga that is due, nobody else's until the transaction ends.

    `step` is the one to do, or to undo, and None where none is left.
    """

    case: UUID
    purpose: str
    subject: int
    term: int
    unit: int | None
    cents: int | None
    state: str
    why: str
    error: str
    attempts: int
    step: str | None

    @property
    def kind(self) -> str:
        """The name of the step."""
        return str(json.loads(self.step)["kind"]) if self.step else "end"

    @property
    def meant(self) -> Fulfilment:
        """The step as the service said it."""
        said = json.loads(self.step or "{}")
        return STEPS[said.pop("kind")].of(**said)

    @property
    def job(self) -> Job:
        """The saga as a step sees it."""
        return Job(
            case=self.case, subject=self.subject, term=self.term, unit=self.unit, cents=self.cents
        )


def begin(plans: Sequence[Plan], at: datetime) -> set[UUID]:
    """Write down what must be done; return the cases that were not under way already."""
    labels = _keep_labels()
    with connection.cursor() as cursor:
        cursor.execute("create temp table plans (like fulfil_saga) on commit drop")
        with (
            connection.wrap_database_errors,
            cursor.copy(f"copy plans ({COLUMNS}) from stdin") as rows,
        ):
            for plan in plans:
                rows.write_row(_row(plan, labels, at))
        cursor.execute(BEGIN)
        begun = {row[0] for row in cursor.fetchall()}
        cursor.execute("drop table plans")
    return begun


def _keep_labels() -> str:
    """Keep the labels as they are today, and return by which digest they are found."""
    kept = words.labels(settings.CITY.name)
    digest = hashlib.sha256(kept.encode()).hexdigest()
    record.keep({digest: kept})
    return digest


def _row(plan: Plan, labels: str, at: datetime) -> tuple[object, ...]:
    said = words.content(plan.decision, labels) if plan.decision else None
    return (
        *(plan.case, plan.service, plan.purpose, plan.subject, plan.term, plan.unit),
        *(
            plan.cents,
            list(plan.recipients),
            _kept(plan.steps),
            said,
            "doing",
            "",
            "",
            0,
            0,
            at,
            at,
        ),
    )


@cache
def _kept(steps: tuple[Fulfilment, ...]) -> str:
    """Return steps as they are kept: each with its kind, and what the service says of it."""
    kinds = {kind.of: name for name, kind in STEPS.items()}
    return json.dumps([{"kind": kinds[type(step)], **asdict(step)} for step in steps])


def claim(*, at: datetime, size: int, only: Collection[UUID] | None) -> list[Saga]:
    """Return sagas that are due, alike ones side by side, nobody else moving them meanwhile."""
    cases = None if only is None else listed(only)
    return _read(CLAIM, {"at": at, "only": cases, "size": size})


def of(cases: Collection[UUID]) -> list[Saga]:
    """Return the sagas of these cases, due or not, nobody else moving them meanwhile."""
    return _read(OF, {"cases": listed(cases)})


def waiting() -> list[Saga]:
    """Return the sagas that wait for a person, nobody else moving them meanwhile."""
    return _read(WAITING, {})


def _read(statement: str, values: dict[str, Any]) -> list[Saga]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description]
        found = [dict[str, Any](zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [Saga(**row) for row in found]


def update(statement: str, cases: Collection[UUID], **values: Any) -> set[UUID]:
    """Run one of the statements above for these cases, and return those that it changed."""
    if not cases:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(statement, {"cases": listed(cases), **values})
        return {row[0] for row in cursor.fetchall()}
