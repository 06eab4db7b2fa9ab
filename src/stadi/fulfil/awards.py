"""Money by the month: what runs, what follows from the facts of today, and how it ends.

Nothing here reaches back: an award begins and ends with a month that is still to come.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from stadi.fulfil.domain import Award, PlanError, Recalculated
from stadi.fulfil.steps import next_month
from stadi.kit.actor import SYSTEM, Actor
from stadi.record import actions as record
from stadi.record.domain import News

NAMES = tuple(Award.__dataclass_fields__)
SEEN = f"""select {", ".join(f'"{name}"' for name in NAMES)} from fulfil_award"""
RUNNING = f"""{SEEN} where service = %(service)s and (until is null or until > %(day)s)
    and (%(among)s::bigint[] is null or subject = any(%(among)s::bigint[])) order by subject, id"""
LOCKED = f"{SEEN} where service = %s and until is null and subject = any(%s) order by id for update"
REVIEW = f"{SEEN} where review_by is not null and until is null order by review_by, id"
ONE = f"{SEEN} where id = %s and until is null for update"
END = """
    update fulfil_award set until = greatest(since, %(month)s), review_cents = null,
      review_by = null
    where id = any(%(ids)s)"""
BEGIN = """
    insert into fulfil_award ("case", service, subject, cents, since)
    select a."case", a.service, a.subject, new.cents, greatest(a.since, %(month)s)
    from unnest(%(ids)s::bigint[], %(cents)s::bigint[]) as new(id, cents)
    join fulfil_award a using (id) where new.cents > 0"""
WAIT = """
    update fulfil_award a set review_cents = now.cents, review_by = coalesce(a.review_by, %(due)s)
    from unnest(%(ids)s::bigint[], %(cents)s::bigint[]) as now(id, cents) where a.id = now.id"""
CLEAR = """
    update fulfil_award set review_cents = null, review_by = null
    where id = any(%(ids)s) and review_by is not null"""


def running(service: str, among: Collection[int] | None, at: datetime) -> dict[int, Award]:
    """Return each subject's award of a service that runs or is to begin; None is everybody."""
    asked = {"service": service, "day": at.date(), "among": None if among is None else list(among)}
    return {award.subject: award for award in _read(RUNNING, asked)}


def to_review() -> list[Award]:
    """Return the awards that wait for a person, the most urgent first."""
    return _read(REVIEW, [])


def recalculate(  # noqa: PLR0917 - one set of amounts, one line
    service: str, worth: Mapping[int, int | None], due: datetime, by: Actor, at: datetime
) -> Recalculated:
    """Let awards follow what they come to now: raise, or hand to a person."""
    held = _read(LOCKED, [service, list(worth)])
    raised, waiting, same = list[Award](), list[Award](), list[Award]()
    for award in held:
        now = worth[award.subject]
        if now is None or now < award.cents:
            waiting.append(award)
        else:
            (raised if now > award.cents else same).append(award)
    _follow({a: worth[a.subject] or 0 for a in raised}, "fulfil.raised", by, at)
    new = [a for a in waiting if a.review_by is None or a.review_cents != worth[a.subject]]
    cents = [worth[a.subject] for a in new]
    _write(WAIT, {"ids": [a.id for a in new], "cents": cents, "due": due})
    _write(CLEAR, {"ids": [a.id for a in same]})
    first = [a for a in new if a.review_by is None]
    _tell(first, "fulfil.to_review", by, at)
    return Recalculated(raised=tuple(a.case for a in raised), waiting=tuple(a.case for a in first))


def lower(award: int, by: Actor, at: datetime) -> Award:
    """End an award with this month, and begin the smaller one with the next."""
    found = _waiting(award)
    if found.review_cents is None:
        message = "what this award comes to now is not known: mend the register first"
        raise PlanError(message)
    _follow({found: found.review_cents}, "fulfil.lowered", by, at)
    return found


def leave(award: int, by: Actor, at: datetime) -> Award:
    """Leave an award as it is."""
    found = _waiting(award)
    _write(CLEAR, {"ids": [found.id]})
    _tell([found], "fulfil.left", by, at)
    return found


def _waiting(award: int) -> Award:
    found = _read(ONE, [award])
    if not found or found[0].review_by is None:
        message = "this award waits for nobody: it was decided, or the facts changed again"
        raise PlanError(message)
    return found[0]


def _follow(cents: Mapping[Award, int], kind: str, by: Actor, at: datetime) -> None:
    """End awards with this month, and begin the new amounts with the next."""
    if cents:
        ids, month = [award.id for award in cents], next_month(at.date())
        _write(END, {"ids": ids, "month": month})
        _write(BEGIN, {"ids": ids, "cents": list(cents.values()), "month": month})
        _tell(cents, kind, by, at)


def _tell(awards: Collection[Award], kind: str, by: Actor, at: datetime) -> None:
    news = [News(kind=kind, case=award.case, by=by) for award in awards]
    record.write_many(news, by=SYSTEM, at=at)


def _read(statement: str, values: list[Any] | dict[str, Any]) -> list[Award]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Award(**dict(zip(NAMES, row, strict=True))) for row in cursor.fetchall()]


def _write(statement: str, values: dict[str, Any]) -> None:
    if values["ids"]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
