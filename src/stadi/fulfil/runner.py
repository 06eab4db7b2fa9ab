"""Runs what is due, forwards or back, each batch one transaction; what fails is tried again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from stadi.consent import actions as consent
from stadi.fulfil import sagas
from stadi.fulfil.sagas import Saga
from stadi.fulfil.steps import STEPS
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.record import actions as record
from stadi.record.domain import News

SIZE = 2_000
# how long to wait after the first failure, the second and so on; an undo goes on at the longest
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
TRIES = len(PAUSES) + 1
ENDED = {"failed": "failed", "stopped": "stopped", "asked": "undone"}
# Less than the second after which PostgreSQL looks for deadlocks: a run gives way, no resident.
PATIENCE = "500ms"

Counts = Counter[str]
Work = Callable[[Sequence[Saga], Actor, datetime], Counts]


class BusyError(StadiError):
    """Somebody else holds what a run needs: it gives way, and goes on the next time."""


def run(by: Actor, at: datetime) -> Counts:
    """Run what is due until nothing is left that can be had, and return what became of it."""
    counts = Counts()
    try:
        _wait_no_longer(by, at)
        while moved := _batch(by, at, only=None):
            counts += moved
    except BusyError:
        counts["busy"] += 1
    return counts


def undo(by: Mapping[UUID, Actor], at: datetime) -> None:
    """Undo cases now, in the caller's transaction; what fails is left for later runs."""
    found = sagas.of(by)
    objected = _objected(found)
    for why, cases in (("stopped", objected), ("asked", {s.case for s in found} - objected)):
        turn({case: by[case] for case in cases}, why, at)
    while found and _batch(SYSTEM, at, only=by):
        pass


@transaction.atomic
def _batch(by: Actor, at: datetime, only: Collection[UUID] | None) -> Counts:
    """Move one batch by one step each; nothing moved means that nothing is due."""
    if only is None:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('lock_timeout', %s, true)", [PATIENCE])
    counts = Counts()
    claimed = sagas.claim(at=at, size=SIZE, only=only)
    for _, alike in groupby(claimed, key=lambda saga: (saga.state, saga.step)):
        counts += _move(list(alike), by, at)
    return counts


def _move(alike: Sequence[Saga], by: Actor, at: datetime) -> Counts:
    first = alike[0]
    if first.step is None:
        return _try(_finish if first.state == "doing" else _end, alike, by, at)
    if first.state == "undoing":
        return _try(_undo, alike, by, at)
    objected = _objected(alike)
    turn(dict.fromkeys(objected, by), "stopped", at)
    rest = [saga for saga in alike if saga.case not in objected]
    return Counts(turned=len(objected)) + _try(_do, rest, by, at)


@transaction.atomic
def _wait_no_longer(by: Actor, at: datetime) -> None:
    """Turn round who stopped the service while a person was waited for."""
    turn(dict.fromkeys(_objected(sagas.waiting()), by), "stopped", at)


def _objected(alike: Sequence[Saga]) -> set[UUID]:
    """Return the cases whose subject has stopped the service by now."""
    found = set()
    for purpose in {saga.purpose for saga in alike}:
        theirs = [saga for saga in alike if saga.purpose == purpose]
        who = consent.objecting(residents=[saga.subject for saga in theirs], purpose=purpose)
        found |= {saga.case for saga in theirs if saga.subject in who}
    return found


def _try(work: Work, alike: Sequence[Saga], by: Actor, at: datetime) -> Counts:
    """Do work with all, or with as many as it can be done with: halving finds the others."""
    if not alike:
        return Counts()
    try:
        with transaction.atomic():
            return work(alike, by, at)
    except Exception as error:
        if _is_busy(error):
            raise BusyError(BusyError.__doc__) from error
        if len(alike) == 1:
            return _failed(alike[0], type(error).__name__, by, at)
    half = len(alike) // 2
    return _try(work, alike[:half], by, at) + _try(work, alike[half:], by, at)


def _is_busy(error: BaseException) -> bool:
    """Return whether somebody else held what was needed, also where another error tells of it."""
    return any(isinstance(e, LockNotAvailable | DeadlockDetected) for e in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _do(alike: Sequence[Saga], by: Actor, at: datetime) -> Counts:
    kind = alike[0].kind
    outcome = STEPS[kind].do(alike[0].meant, [saga.job for saga in alike], by, at)
    refused = {s.case: s for s in alike if s.case in outcome.refused}
    for case, saga in refused.items():
        _give_up(saga, outcome.refused[case], by, at)
    waiting = sagas.update(sagas.WAIT, outcome.waiting)
    rest = [s.case for s in alike if s.case not in refused and s.case not in waiting]
    done = sagas.update(sagas.MOVE, rest, steps=1, at=at)
    _tell(f"{kind}_done", done, by, at)
    return Counts(done=len(done), waiting=len(waiting), turned=len(refused))


def _undo(alike: Sequence[Saga], by: Actor, at: datetime) -> Counts:
    kind = alike[0].kind
    undone = STEPS[kind].undo([saga.job for saga in alike], by, at)
    moved = sagas.update(sagas.MOVE, [saga.case for saga in alike], steps=-1, at=at)
    _tell(f"{kind}_undone", undone, by, at)
    return Counts(undone=len(undone), moved=len(moved))


def _finish(alike: Sequence[Saga], by: Actor, at: datetime) -> Counts:
    ended = sagas.update(sagas.END, [saga.case for saga in alike], state="finished", at=at)
    _tell("finished", ended, by, at)
    return Counts(finished=len(ended))


def _end(alike: Sequence[Saga], by: Actor, at: datetime) -> Counts:
    """End what was undone, and say why: higher rooms hand it to a person."""
    sagas.update(sagas.END, [saga.case for saga in alike], state="undone", at=at)
    news = [
        News(kind=f"fulfil.{ENDED[s.why]}", case=s.case, body={"error": s.error} if s.error else {})
        for s in alike
    ]
    record.write_many(news, by=by, at=at)
    return Counts("reversed" if s.why == "asked" else s.why for s in alike)


def _failed(saga: Saga, error: str, by: Actor, at: datetime) -> Counts:
    """Let a saga whose step failed try again later, or turn round after the last time."""
    attempts = saga.attempts + 1
    body = {"step": saga.kind, "error": error, "attempt": attempts}
    record.write(News(kind="fulfil.step_failed", case=saga.case, body=body), by=by, at=at)
    if saga.state == "doing" and attempts >= TRIES:
        return _give_up(saga, error, by, at)
    if attempts == TRIES:
        record.write(News(kind="fulfil.stuck", case=saga.case, body=body), by=by, at=at)
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    sagas.update(sagas.AGAIN, [saga.case], attempts=attempts, at=at + pause)
    return Counts(again=1)


def _give_up(saga: Saga, error: str, by: Actor, at: datetime) -> Counts:
    turn({saga.case: by}, "failed", at, error=f"{saga.kind}: {error}")
    return Counts(turned=1)


def turn(by: Mapping[UUID, Actor], why: str, at: datetime, *, error: str = "") -> None:
    """Turn sagas round, each `by` its actor: from now on they are only undone."""
    turned = sagas.update(sagas.TURN, by, why=why, error=error, at=at)
    body = {"why": why, **({"error": error} if error else {})}
    news = [
        News(kind="fulfil.turned", case=case, body=body, by=by[case])
        for case in by
        if case in turned
    ]
    record.write_many(news, by=SYSTEM, at=at)


def _tell(what: str, cases: Collection[UUID], by: Actor, at: datetime) -> None:
    record.write_many([News(kind=f"fulfil.{what}", case=case) for case in cases], by=by, at=at)
