"""Decisions as they are kept: which wait for a signature, who signed them, what they say."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from stadi.consent import actions as consent
from stadi.fulfil import sagas
from stadi.fulfil.domain import Decision, number
from stadi.fulfil.models import Decision as Row
from stadi.fulfil.models import Saga
from stadi.fulfil.words import read
from stadi.kit.access import OFFICIAL
from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.record import actions as record
from stadi.record.domain import News

LONGEST = 100  # letters of a name or a title


class SigningError(StadiError):
    """Nothing was signed; the sentence says which decision cannot be, and why."""


class WordsLostError(StadiError):
    """A decision cannot be shown as it was made: the words around it are gone."""


def unsigned(services: Collection[str]) -> list[Decision]:
    """Return what waits for a signature, oldest first; what must not go on waits no longer."""
    rows = Row.objects.filter(signed_at=None, annulled_at=None, service__in=services)
    waiting = list(rows.order_by("made_at", "id"))
    going = _going([row.case for row in waiting])
    return [_seen(row) for row in waiting if row.case in going]


def count(services: Collection[str]) -> int:
    """Return how many wait for a signature."""
    rows = Row.objects.filter(signed_at=None, annulled_at=None, service__in=services)
    return len(_going(rows.values("case")))


def _going(cases: Collection[UUID] | QuerySet[Any, Any]) -> set[UUID]:
    """Return which of these cases are under way, and of nobody who has stopped the service."""
    under_way = Saga.objects.filter(case__in=cases, state="doing")
    rows = list(under_way.values_list("case", "purpose", "subject"))
    stopped = {
        (purpose, subject)
        for purpose in {purpose for _, purpose, _ in rows}
        for subject in consent.objecting(residents=[s for *_, s in rows], purpose=purpose)
    }
    return {case for case, *who in rows if tuple(who) not in stopped}


def of(case: UUID) -> Decision | None:
    """Return the decision in force, else the last one annulled."""
    rows = Row.objects.filter(case=case).order_by(F("annulled_at").desc(nulls_first=True))
    row = rows.first()
    return None if row is None else _seen(row)


@cache
def _labels(digest: str) -> Mapping[str, Mapping[str, str]]:
    """Return the labels as they were when a decision was made."""
    kept = record.kept(digest)
    if kept is None:
        raise WordsLostError(f"the text {digest} is not kept: restore it from a backup")
    return dict(json.loads(kept))


def _seen(row: Row) -> Decision:
    words, digest = read(row.content)
    return Decision(
        id=row.id,
        case=row.case,
        service=row.service,
        subject=row.subject,
        recipients=tuple(row.recipients),
        words=words,
        labels=_labels(digest),
        digest=row.digest,
        signer=row.signer,
        made_at=row.made_at,
        signed_by=row.signed_by,
        signer_name=row.signer_name,
        signer_title=row.signer_title,
        signed_at=row.signed_at,
        annulled_at=row.annulled_at,
    )


def sign(ids: Collection[UUID], by: Actor, name: str, title: str, at: datetime) -> None:  # noqa: PLR0917 - one act, one line
    """Sign decisions, all or none, and let their cases go on."""
    if by.kind != OFFICIAL:
        raise SigningError("only an official signs decisions; nothing was signed")
    if not name.strip() or not title.strip():
        raise SigningError("a signature needs a name and a title; nothing was signed")
    if not all(len(said) <= LONGEST and said.isprintable() for said in (name, title)):
        raise SigningError("a name or a title is a line of 100 letters at most; nothing was signed")
    rows = _locked(ids)
    for problem in _unfit(ids, rows):
        raise SigningError(f"{problem}; nothing was signed")
    Row.objects.filter(id__in=[row.id for row in rows]).update(
        signed_by=by.id, signer_name=name.strip(), signer_title=title.strip(), signed_at=at
    )
    sagas.update(sagas.WAKE, [row.case for row in rows], at=at)
    news = [
        News(kind="fulfil.signed", case=r.case, body={"decision": r.id, "digest": r.digest})
        for r in rows
    ]
    record.write_many(news, by=by, at=at)


def _locked(ids: Collection[UUID]) -> list[Row]:
    """Return decisions, neither they nor their sagas moving until the transaction ends.

    Sagas first, as a run takes them.
    """
    cases = Row.objects.filter(id__in=ids).values("case")
    list(Saga.objects.select_for_update().filter(case__in=cases).order_by("case").values("case"))
    rows = Row.objects.select_for_update().filter(id__in=ids).order_by("id")
    return list(rows.defer("content"))


def _unfit(ids: Collection[UUID], rows: Collection[Row]) -> list[str]:
    """Return why these decisions cannot all be signed."""
    said = []
    if missing := len(set(ids)) - len(rows):
        said.append(f"{missing} of {len(set(ids))} decisions are not known")
    going = _going([row.case for row in rows])
    for row in rows:
        if row.signed_at is not None:
            said.append(f"decision {number(row.id)} is signed already")
        elif row.annulled_at is not None or row.case not in going:
            said.append(f"decision {number(row.id)} is no longer in force")
    return said
