"""What an official may read of cases: the queue, one case with its timeline, its facts."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Case as Where
from django.db.models import Count, Value, When

from stadi.engine.explain import explain
from stadi.fulfil import actions as fulfil
from stadi.kit.rule import Relation
from stadi.messages import actions as messages
from stadi.offers.actions.finding import find
from stadi.offers.actions.looking import look_at
from stadi.offers.domain import STAFF, WITH_A_PERSON
from stadi.offers.models import Case, Note, Offer, Opening, Question, Recipient, Transition
from stadi.offers.plugins import plugin, plugins
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
    assignee: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One page of the queue, the nearest deadline first, and what the whole of it is made of.

    `by_area`: the tasks of the areas that need it most come first instead.
    """

    tasks: tuple[Task, ...]
    page: int
    pages: int
    total: int
    by_area: bool
    counts: Counter[tuple[str, str, str]]
    """How many tasks there are of each kind, service and reason, whatever is shown."""


def queue(
    *,
    kind: str = "",
    service: str = "",
    reason: str | None = None,
    assignee: int | None = None,
    page: int = 1,
) -> Queue:
    """Return one page of what waits for a person; empty words and None show everything."""
    waiting = Case.objects.filter(state__in=WITH_A_PERSON)
    grouped = waiting.order_by().values_list("state", "service", "reason").annotate(n=Count("id"))
    counts = Counter({(s, v, r): n for s, v, r, n in grouped})
    texts = {"state": kind or None, "service": service or None, "reason": reason}
    wanted: dict[str, Any] = {**texts, "assignee": assignee}
    shown = waiting.filter(**{name: v for name, v in wanted.items() if v is not None})
    total = shown.count()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    by_area = _is_by_area(service)
    order = (_need(service), "since", "id") if by_area and total else ("deadline", "id")
    rows = shown.order_by(*order)[(page - 1) * PAGE : page * PAGE]
    return Queue(
        tasks=tuple(_task(row) for row in rows),
        page=page,
        pages=pages,
        total=total,
        by_area=by_area,
        counts=counts,
    )


def _is_by_area(service: str) -> bool:
    """Return whether a service gives its scarce hands to areas, not to persons."""
    return service in plugins() and plugin(service).service.oversight.by_area is not None


def _need(service: str) -> Where:
    """Return the place of a task in the order of its area's need: waiting tasks per resident.

    A task of no known area has the need of all areas together: unknown is neither much nor little.
    """
    waiting = Case.objects.filter(state__in=WITH_A_PERSON, service=service)
    tasks = dict(waiting.order_by().values_list("place").annotate(n=Count("id")))
    counted = people.count_by_area()
    living = {area: counted[area] for area in tasks if counted.get(area)}
    together = sum(tasks[area] for area in living) / max(1, sum(living.values()))
    need = {area: n / living[area] if area in living else together for area, n in tasks.items()}
    order = sorted(set(need.values()), reverse=True)
    turns = [When(place=area, then=Value(order.index(need[area]))) for area in need]
    return Where(*turns, default=Value(0))


def _task(row: Case) -> Task:
    return Task(
        case=row.id,
        service=row.service,
        kind=row.state,
        reason=row.reason,
        level=row.level,
        since=row.since,
        deadline=row.deadline,
        assignee=row.assignee,
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
    return "resident" if kind in ("contest", "self_check") else "official"


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


def lowerings(*, case: UUID) -> list[Note]:
    """Return why officials let a smaller amount follow in a case."""
    return list(Note.objects.filter(case=case, kind="lowered").order_by("id"))


def sender(*, case: UUID) -> tuple[int, datetime] | None:
    """Return the official who decided that the latest offer is made, and when; None for a rule."""
    sent = Transition.objects.filter(case=case, name="offer").order_by("-id").first()
    return (sent.actor, sent.at) if sent and sent.actor_kind in STAFF else None
