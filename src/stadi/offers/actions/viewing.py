"""What an official may read of cases: the queue, one case with its timeline, its facts."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count

from stadi.engine.explain import explain
from stadi.fulfil import actions as fulfil
from stadi.kit.rule import Relation
from stadi.messages import actions as messages
from stadi.offers.actions.finding import find
from stadi.offers.actions.looking import look_at
from stadi.offers.domain import WITH_A_PERSON
from stadi.offers.models import Case, Note, Offer, Opening, Question, Recipient, Transition
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.record import actions as record

PAGE = 50  # rows
# entries of the record that no step, note or opening tells
TOLD = ("fulfil.", "offers.escalated", "offers.reopened")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One row of the queue; whom it is about is not in it."""

    case: UUID
    service: str
    kind: str
    reason: str
    level: int
    since: datetime
    deadline: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One page of the queue, the nearest deadline first, and what the whole of it is made of."""

    tasks: tuple[Task, ...]
    page: int
    pages: int
    total: int
    counts: Counter[tuple[str, str, str]]
    """How many tasks there are of each kind, service and reason, whatever is shown."""


def queue(*, kind: str = "", service: str = "", reason: str | None = None, page: int = 1) -> Queue:
    """Return one page of what waits for a person; empty words and None show everything."""
    waiting = Case.objects.filter(state__in=WITH_A_PERSON)
    grouped = waiting.order_by().values_list("state", "service", "reason").annotate(n=Count("id"))
    counts = Counter({(s, v, r): n for s, v, r, n in grouped})
    wanted = {"state": kind or None, "service": service or None, "reason": reason}
    shown = {name: value for name, value in wanted.items() if value is not None}
    total = sum(n for key, n in counts.items() if _fits(key, (kind, service, reason)))
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    rows = waiting.filter(**shown).order_by("deadline", "id")[(page - 1) * PAGE : page * PAGE]
    return Queue(
        tasks=tuple(_task(row) for row in rows), page=page, pages=pages, total=total, counts=counts
    )


def _fits(key: tuple[str, str, str], wanted: tuple[str, str, str | None]) -> bool:
    kind, service, reason = wanted
    said = (kind or key[0], service or key[1], key[2] if reason is None else reason)
    return key == said


def _task(row: Case) -> Task:
    return Task(
        case=row.id,
        service=row.service,
        kind=row.state,
        reason=row.reason,
        level=row.level,
        since=row.since,
        deadline=row.deadline,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a case: `what` names it, `text` is what somebody wrote."""

    at: datetime
    what: str
    by: int
    by_kind: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One case as an official sees it, after opening it for a reason."""

    case: Case
    offer: Offer | None
    recipients: tuple[Recipient, ...]
    held: int | None
    questions: tuple[Question, ...]
    events: tuple[Event, ...]


def known(case: UUID) -> bool:
    """Return whether there is such a case, and it is not erased."""
    return Case.objects.filter(id=case).exclude(state="erased").exists()


def story(*, case: UUID) -> Story:
    """Return everything that is kept about a case, what happened first at the top."""
    row = Case.objects.get(id=case)
    recipients = tuple(Recipient.objects.filter(offer=case).order_by("person"))
    return Story(
        case=row,
        offer=Offer.objects.filter(case=case).first(),
        recipients=recipients,
        held=fulfil.holding(cases=[case]).get(case),
        questions=tuple(Question.objects.filter(case=case).order_by("asked_at")),
        events=tuple(sorted(_events(case, recipients), key=lambda event: event.at)),
    )


def _events(case: UUID, recipients: Sequence[Recipient]) -> list[Event]:
    steps = [
        Event(at=t.at, what=f"step.{t.name}", by=t.actor, by_kind=t.actor_kind)
        for t in Transition.objects.filter(case=case).order_by("id")
    ]
    notes = [
        Event(at=n.at, what=f"note.{n.kind}", by=n.by, by_kind=_writer(n.kind), text=n.text)
        for n in Note.objects.filter(case=case).order_by("id")
    ]
    openings = [
        Event(at=o.at, what="opened", by=o.official, by_kind="official", text=o.reason)
        for o in Opening.objects.filter(case=case).order_by("id")
    ]
    entries = [
        Event(at=e.at, what=e.kind, by=e.actor, by_kind=e.actor_kind)
        for e in record.about(case=case)
        if e.kind.startswith(TOLD)
    ]
    return [*openings, *steps, *notes, *entries, *_messages(case, recipients)]


def _writer(kind: str) -> str:
    return "resident" if kind == "contest" else "official"


def _messages(case: UUID, recipients: Sequence[Recipient]) -> list[Event]:
    """Return what was sent in a case: the subject alone, since the body is the reader's."""
    asked = Question.objects.filter(case=case).values_list("people", flat=True)
    people_ = {r.person for r in recipients}.union(*asked)
    return [
        Event(at=m.sent_at, what="sent", by=m.recipient, by_kind="resident", text=m.subject)
        for person in sorted(people_)
        for m in messages.inbox(recipient=person)
        if m.about == case
    ]


def facts(*, case: UUID, at: datetime) -> list[dict[str, Any]]:
    """Return what the purpose sees now of a case's subject, a fact each, as an offer keeps it.

    A missing fact has the value None; nobody who is no longer in the registers has any.
    """
    row = Case.objects.get(id=case)
    made = plugin(row.service)
    seen = look_at(plugin=made, subjects=[row.subject], at=at)
    found = next(iter(find(made, seen, {row.subject: case})), None)
    if found is None:
        return []
    told = []
    for reason in explain(made.service.who, found.person, as_of=at.date()).reasons:
        for fact, value in reason.leaves:
            source, since = _origin(row.subject, fact.relation, at)
            leaf = {"because": reason.because, "fact": fact.name, "value": value}
            told.append(leaf | {"source": source, "since": since})
    read: list[dict[str, Any]] = json.loads(json.dumps(told, default=date.isoformat))
    return read


def _origin(subject: int, relation: Relation, at: datetime) -> tuple[str, date]:
    lineages = people.lineages(subjects=[subject], register=relation.table, at=at)
    # no row at all: what is known is that there was none on this day
    return lineages.get(subject, (relation.name, at.date()))


def verdicts(*, case: UUID) -> list[Note]:
    """Return what other officials wrote when a case was contested."""
    return list(Note.objects.filter(case=case, kind="verdict").order_by("id"))


def contests(*, case: UUID, person: int) -> list[Note]:
    """Return what this person wrote when they contested a case."""
    return list(Note.objects.filter(case=case, kind="contest", by=person).order_by("id"))
