"""What an official does with a case: open it for a reason, decide it, and many at once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Assignment, Placed
from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.kit.service import Plugin
from stadi.offers.actions.cases import must, standing
from stadi.offers.actions.contest import written
from stadi.offers.actions.finding import Found, find
from stadi.offers.actions.looking import look_at
from stadi.offers.actions.rounds import assign, offer, propose_places
from stadi.offers.domain import STAFF, NotAllowedError, NotOpenError, TransitionError
from stadi.offers.models import Case, Note, Opening
from stadi.offers.plugins import plugin
from stadi.record import actions as record
from stadi.record.domain import News

LOOKING = timedelta(minutes=30)  # how long a stated reason lets an official look at a case
LONGEST_ACT = timedelta(minutes=30)  # what took longer was a pause


@transaction.atomic
def open_case(*, case: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Note that an official opens a case, and why; without it nobody looks."""
    theirs_to_decide(case, by)
    words = written(reason)
    Opening.objects.create(case=Case.objects.get(id=case), official=by.id, at=at, reason=words)
    record.write(News(kind="offers.opened", case=case, body={"reason": words}), by=by, at=at)


def may_look(*, case: UUID, by: Actor, at: datetime) -> bool:
    """Return whether this official opened the case for a reason not long ago, and still may."""
    recent = Opening.objects.filter(case=case, official=by.id, at__gt=at - LOOKING, at__lte=at)
    return recent.exists() and not belongs_to_another(case, by)


def officials_only(by: Actor) -> None:
    """Raise unless an official acts."""
    if by.kind not in STAFF:
        message = "only an official may do this"
        raise NotAllowedError(message)


def belongs_to_another(case: UUID, by: Actor) -> bool:
    """Return whether a case waits for a professional of its own, who is somebody else.

    Once it is late, anybody may have it; what is contested needs another than whoever decided.
    """
    waiting = Case.objects.filter(id=case, level=0).exclude(state="contested")
    return waiting.exclude(assignee=None).exclude(assignee=by.id).exists()


def theirs_to_decide(case: UUID, by: Actor) -> None:
    """Raise unless an official acts, and one whose case it is."""
    officials_only(by)
    if belongs_to_another(case, by):
        message = "this case waits for its own professional: until the deadline it is theirs alone"
        raise NotAllowedError(message)


def spend(*, case: UUID, by: Actor, spent: timedelta) -> None:
    """Note how long an official had the case open before acting; a pause is not work."""
    last = Opening.objects.filter(case=case, official=by.id, spent=None).order_by("-at").first()
    if last is not None:
        last.spent = min(max(spent, timedelta(0)), LONGEST_ACT)
        last.save(update_fields=["spent"])


@transaction.atomic
def note(*, case: UUID, text: str, by: Actor, at: datetime) -> None:
    """Write a note into a case."""
    theirs_to_decide(case, by)
    Note.objects.create(case_id=case, by=by.id, at=at, kind="note", text=written(text))
    record.write(News(kind="offers.noted", case=case), by=by, at=at)


@transaction.atomic
def close(*, case: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Settle a case in another way than by an offer, and say how; its place goes free."""
    _decide(case, reason, by, at)
    must(by={case: by}, path=("close",), at=at, reason="settled")


@transaction.atomic
def withdraw(*, case: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Take an offer back, with an apology to those who have it."""
    _decide(case, reason, by, at)
    held = standing([case]).get(case)
    if held is not None and (held.sent_at is None or held.state == "contested"):
        message = "there is no proposal to take back: close the case, or decide what is contested"
        raise NotOpenError(message)
    must(by={case: by}, path=("withdraw",), at=at, reason="by_the_city")


@transaction.atomic
def take_up(*, case: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Take up an offer that nobody answered: from now on it waits for what a person decides."""
    _decide(case, reason, by, at)
    must(by={case: by}, path=("hold",), at=at, reason="no_answer")


def _decide(case: UUID, reason: str, by: Actor, at: datetime) -> None:
    theirs_to_decide(case, by)
    Note.objects.create(case_id=case, by=by.id, at=at, kind="decision", text=written(reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What an official decides, why and when."""

    reason: str
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What is known of a held case before it is offered by a person's decision."""

    plugin: Plugin
    found: Found
    places: Assignment | None


def look_into(*, cases: Collection[UUID], at: datetime) -> dict[UUID, Ready]:
    """Look at who held cases are about; not within a transaction, whose writes no purpose sees."""
    ready: dict[UUID, Ready] = {}
    rows = list(Case.objects.filter(id__in=list(cases), state="held").order_by("id"))
    for service in sorted({row.service for row in rows}):
        made, theirs = plugin(service), {r.subject: r.id for r in rows if r.service == service}
        seen = look_at(plugin=made, subjects=theirs, at=at)
        for found in find(made, seen, theirs):
            places = assign(plugin=made, found=[found], at=at)
            ready[found.case] = Ready(plugin=made, found=found, places=places)
    return ready


def choices(ready: Ready) -> list[tuple[int, int]]:
    """Return (unit, metres) of the free places for a held case, the best first."""
    best = ready.places.placed.get(ready.found.subject) if ready.places else None
    return [(best.unit, best.metres), *best.others] if best else []


def send(*, case: UUID, reason: str, by: Actor, at: datetime, unit: int | None = None) -> None:
    """Offer a held case, by this official's decision: the best free place, or the one named."""
    ready = look_into(cases=[case], at=at)
    with transaction.atomic():
        _send(case, ready.get(case), Word(reason=reason, by=by, at=at), unit)


def _send(case: UUID, ready: Ready | None, word: Word, unit: int | None = None) -> None:
    by, at = word.by, word.at
    _decide(case, word.reason, by, at)
    if ready is None or standing([case])[case].state != "held":
        message = "only a held case about somebody who lives here can be offered by a person"
        raise TransitionError(message)
    if not ready.found.recipients:
        message = "nobody is on record who could answer: arrange it with the family, and close it"
        raise NotOpenError(message)
    fulfil.release(by={case: by}, at=at)
    placed = None if ready.places is None else _chosen(ready, unit)
    # the person has looked: what a rule would have held goes out by their decision
    going = [replace(ready.found, held="")]
    propose_places(plugin=ready.plugin, found=going, placed=placed, by=by, at=at)
    if not offer(cases=[case], by=by, at=at):
        message = "it may not be sent now: the service was stopped, or enough was sent this month"
        raise NotOpenError(message)


def _chosen(ready: Ready, unit: int | None) -> dict[int, Placed]:
    """Return the best free place, or the one that the official chose of those shown."""
    shown, subject = dict(choices(ready)), ready.found.subject
    if not shown or ready.places is None:
        message = "no free place is left: raise a unit's capacity, or close the case"
        raise fulfil.FullError(message)
    best = ready.places.placed[subject]
    wanted = best.unit if unit is None else unit
    if wanted not in shown:
        message = "this place is not among those that are free"
        raise NotOpenError(message)
    others = tuple((u, m) for u, m in shown.items() if u != wanted)
    return {subject: replace(best, unit=wanted, metres=shown[wanted], others=others)}


ONE_BY_ONE = {"close": close, "withdraw": withdraw}
BULK = ("send", *ONE_BY_ONE)


def bulk(
    *, act: str, cases: Sequence[UUID], reason: str, by: Actor, at: datetime
) -> dict[UUID, StadiError]:
    """Do the same with many cases, each on its own; return those refused and why."""
    return _each(act, cases, _ready(act, cases, at), Word(reason=reason, by=by, at=at))


def preview(
    *, act: str, cases: Sequence[UUID], reason: str, by: Actor, at: datetime
) -> tuple[int, Counter[str]]:
    """Return how many would be done, and why others would not: tried for real, then taken back."""
    ready = _ready(act, cases, at)
    with transaction.atomic():
        errors = _each(act, cases, ready, Word(reason=reason, by=by, at=at))
        transaction.set_rollback(True)
    return len(cases) - len(errors), Counter(str(error) for error in errors.values())


def _ready(act: str, cases: Sequence[UUID], at: datetime) -> dict[UUID, Ready]:
    return look_into(cases=cases, at=at) if act == "send" else {}


def _each(
    act: str, cases: Sequence[UUID], ready: Mapping[UUID, Ready], word: Word
) -> dict[UUID, StadiError]:
    errors: dict[UUID, StadiError] = {}
    for case in cases:
        try:
            with transaction.atomic():
                if act == "send":
                    _send(case, ready.get(case), word)
                else:
                    ONE_BY_ONE[act](case=case, reason=word.reason, by=word.by, at=word.at)
        except StadiError as error:
            errors[case] = error
    return errors
