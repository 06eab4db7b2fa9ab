"""What each step of fulfilment does, and how it is undone: a new step is one more line of STEPS.

Both are asked of many cases at once, within the caller's transaction, and asking twice changes
nothing. What raises has changed nothing either: the caller takes it back.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from stadi.fulfil.claims import held
from stadi.kit.actor import Actor
from stadi.kit.ids import listed
from stadi.kit.service import Decide, Fulfilment, Notify, Pay, Place
from stadi.people import actions as people
from stadi.people.domain import Batch

SOURCE = "stadi.fulfil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One case that a step is asked to do, or to undo."""

    case: UUID
    subject: int
    term: int
    unit: int | None
    cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Which cases wait for a person, and which cannot be done however often it is tried, and why.

    All others are done.
    """

    waiting: frozenset[UUID] = frozenset()
    refused: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of step; `undo` returns the cases of which there was anything to undo."""

    of: type[Fulfilment]
    do: Callable[[Any, Sequence[Job], Actor, datetime], Outcome]
    undo: Callable[[Sequence[Job], Actor, datetime], Collection[UUID]]


def place(_step: Fulfilment, jobs: Sequence[Job], by: Actor, at: datetime) -> Outcome:
    """Write places into the register: only those still held, and never over another place."""
    claims = held([job.case for job in jobs])
    refused = {job.case: "place_lost" for job in jobs if claims.get(job.case) != job.unit}
    for term, group in _by_term(jobs):
        known = people.placed(children=[j.subject for j in group], term=term, day=at.date())
        elsewhere = [j.case for j in group if known.get(j.subject, (j.unit,))[0] != j.unit]
        refused |= dict.fromkeys(elsewhere, "placed_elsewhere")
    rows = [(j.subject, j.term, j.unit) for j in jobs if j.case not in refused]
    _load(("subject", "term", "unit"), rows, by, at)
    return Outcome(refused=refused)


def unplace(jobs: Sequence[Job], by: Actor, at: datetime) -> Collection[UUID]:
    """Take out of the register what `place` wrote: it was never true; what others wrote stays."""
    ours, rows = [], []
    for term, group in _by_term(jobs):
        known = people.placed(children=[j.subject for j in group], term=term, day=at.date())
        for job in group:
            unit, source, since = known.get(job.subject, (None, "", None))
            if (unit, source) == (job.unit, SOURCE):
                ours.append(job.case)
                rows.append((job.subject, term, since, True))
    _load(("subject", "term", "true_since", "gone"), rows, by, at)
    return ours


def _by_term(jobs: Sequence[Job]) -> Iterable[tuple[int, list[Job]]]:
    ordered = sorted(jobs, key=lambda job: job.term)
    return [(term, list(group)) for term, group in groupby(ordered, lambda job: job.term)]


def _load(
    columns: Sequence[str], rows: Sequence[Sequence[object]], by: Actor, at: datetime
) -> None:
    if rows:
        batch = Batch.of("people_placement", columns, rows)
        people.load(batches=[batch], true_since=at.date(), source=SOURCE, by=by, at=at)


DECIDE = """
    insert into fulfil_decision
      (id, "case", service, subject, recipients, signer, content, digest, made_at)
    select gen_random_uuid(), "case", service, subject, recipients, %(signer)s, content,
      encode(sha256(convert_to(content, 'UTF8')), 'hex'), %(at)s
    from fulfil_saga where "case" = any(%(cases)s::uuid[]) and content is not null"""
SIGNED = """
    select "case", signed_at from fulfil_decision
    where annulled_at is null and "case" = any(%(cases)s::uuid[])"""
# the words now stand in the decision, and are kept once
MOVED = 'update fulfil_saga set content = null where "case" = any(%(cases)s::uuid[])'


def decide(step: Decide, jobs: Sequence[Job], _by: Actor, at: datetime) -> Outcome:
    """Make decisions of their words; one is done when it is signed."""
    cases = [job.case for job in jobs]
    values: dict[str, Any] = {"cases": listed(cases), "signer": step.signer, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, values)
        cursor.execute(MOVED, values)
        cursor.execute(SIGNED, values)
        signed = dict(cursor.fetchall())
    return Outcome(
        waiting=frozenset(case for case in cases if case in signed and signed[case] is None),
        refused={case: "no_decision" for case in cases if case not in signed},
    )


def annul(jobs: Sequence[Job], _by: Actor, at: datetime) -> Collection[UUID]:
    """Annul decisions: they are kept, and say that they are not in force."""
    return _ended("fulfil_decision", "annulled_at", jobs, at)


TELL = """
    insert into fulfil_notice (unit, "case", told_at)
    select unit, "case", %(at)s from fulfil_saga
    where "case" = any(%(cases)s::uuid[]) and unit is not null on conflict do nothing"""


def tell(_step: Fulfilment, jobs: Sequence[Job], _by: Actor, at: datetime) -> Outcome:
    """Tell units whom to expect."""
    with connection.cursor() as cursor:
        cursor.execute(TELL, {"cases": listed(job.case for job in jobs), "at": at})
    return Outcome()


def untell(jobs: Sequence[Job], _by: Actor, at: datetime) -> Collection[UUID]:
    """Tell units not to expect them after all."""
    return _ended("fulfil_notice", "untold_at", jobs, at)


def _ended(table: str, column: str, jobs: Sequence[Job], at: datetime) -> Collection[UUID]:
    """Write into the rows in force that they ended now; return whose there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'update {table} set {column} = %s where {column} is null and "case" = any(%s::uuid[])'
            ' returning "case"',
            [at, listed(job.case for job in jobs)],
        )
        return {row[0] for row in cursor.fetchall()}


PAY = """
    insert into fulfil_award ("case", service, subject, cents, since)
    select "case", service, subject, cents, %(since)s from fulfil_saga
    where "case" = any(%(cases)s::uuid[]) and cents > 0 on conflict do nothing"""
UNPAY = """
    update fulfil_award set until = greatest(since, %(until)s), review_cents = null,
      review_by = null
    where until is null and "case" = any(%(cases)s::uuid[]) returning "case\""""


def next_month(day: date) -> date:
    """Return the first day of the month after a day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def pay(_step: Fulfilment, jobs: Sequence[Job], _by: Actor, at: datetime) -> Outcome:
    """Pay from the next month on; whoever is being paid by the service already is left alone."""
    with connection.cursor() as cursor:
        cases = listed(job.case for job in jobs)
        cursor.execute(PAY, {"cases": cases, "since": next_month(at.date())})
    return Outcome(refused={job.case: "no_amount" for job in jobs if not job.cents})


def unpay(jobs: Sequence[Job], _by: Actor, at: datetime) -> Collection[UUID]:
    """Pay no more from the next month on; what was paid stays paid."""
    with connection.cursor() as cursor:
        cases = listed(job.case for job in jobs)
        cursor.execute(UNPAY, {"cases": cases, "until": next_month(at.date())})
        return {row[0] for row in cursor.fetchall()}


STEPS: dict[str, Kind] = {
    "place": Kind(of=Place, do=place, undo=unplace),
    "decide": Kind(of=Decide, do=decide, undo=annul),
    "pay": Kind(of=Pay, do=pay, undo=unpay),
    "notify": Kind(of=Notify, do=tell, undo=untell),
}
