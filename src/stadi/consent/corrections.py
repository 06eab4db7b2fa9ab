"""The right to have a wrong fact corrected: ask for it, decide it, see what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from stadi.consent import domain
from stadi.consent.domain import DONE, OPEN, REFUSED, Correction
from stadi.consent.models import Correction as Row
from stadi.kit.access import OFFICIAL
from stadi.kit.actor import Actor
from stadi.record import actions as record
from stadi.record.domain import News


@transaction.atomic
def ask(*, subject: int, fact: str, said: str, why: str, by: Actor, at: datetime) -> UUID:  # noqa: PLR0913 - who says what of which fact, and why
    """Ask for a fact to be corrected; one request of a person about a fact is open at a time."""
    row = Row(
        id=uuid4(),
        subject=subject,
        asked_by=by.id,
        fact=fact,
        said=domain.value(said),
        why=domain.words(why),
        asked_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        message = "you have asked about this fact already, and a person will answer"
        raise domain.AskedAlreadyError(message) from error
    # what was said is in the table alone
    body = {"correction": row.id, "resident": subject, "fact": fact}
    record.write(News(kind="consent.correction_asked", body=body), by=by, at=at)
    return row.id


def correct(*, correction: UUID, reason: str, by: Actor, at: datetime) -> Correction:
    """Decide that a request is right; who calls this writes the fact in the same transaction."""
    return _decide(correction, DONE, domain.words(reason), by, at)


def refuse(*, correction: UUID, reason: str, by: Actor, at: datetime) -> Correction:
    """Decide that a fact stays as it is, and say why."""
    why = domain.words(reason)
    if not why:
        message = "write a reason: somebody will read it later"
        raise domain.WordsUnfitError(message)
    return _decide(correction, REFUSED, why, by, at)


@transaction.atomic
def _decide(correction: UUID, state: str, reason: str, by: Actor, at: datetime) -> Correction:  # noqa: PLR0917 - one decision, one line
    row = Row.objects.select_for_update().filter(id=correction, state=OPEN).first()
    if row is None:
        message = "this request is not open: somebody has decided it"
        raise domain.DecidedAlreadyError(message)
    if by.kind != OFFICIAL or by.id in (row.asked_by, row.subject):
        message = "only an official who has no part in it decides a request"
        raise domain.NotForYouError(message)
    row.state, row.reason, row.decided_by, row.decided_at = state, reason, by.id, at
    row.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    body = {"correction": row.id, "resident": row.subject, "state": state}
    record.write(News(kind="consent.correction_decided", body=body), by=by, at=at)
    return _read(row)


@transaction.atomic
def open_for(*, correction: UUID, by: Actor, at: datetime) -> Correction | None:
    """Return a request to an official who works on it, and note that they read it."""
    row = Row.objects.filter(id=correction).first()
    if row is None or by.kind != OFFICIAL:
        return None
    body = {"correction": row.id, "resident": row.subject}
    record.write(News(kind="consent.correction_read", body=body), by=by, at=at)
    return _read(row)


def asked(*, subject: int, by: int) -> list[Correction]:
    """Return what a person asked to be corrected about a subject, the newest first."""
    return _list(subject=subject, asked_by=by)[::-1]


def waiting() -> list[Correction]:
    """Return the requests that nobody has decided, the oldest first."""
    return _list(state=OPEN)


def count_waiting() -> int:
    """Return how many requests nobody has decided."""
    return Row.objects.filter(state=OPEN).count()


def _list(**wanted: Any) -> list[Correction]:
    return [_read(row) for row in Row.objects.filter(**wanted).order_by("asked_at", "id")]


def _read(row: Row) -> Correction:
    return Correction(
        id=row.id,
        subject=row.subject,
        asked_by=row.asked_by,
        fact=row.fact,
        said=row.said,
        why=row.why,
        asked_at=row.asked_at,
        state=row.state,
        decided_at=row.decided_at,
        reason=row.reason,
    )
