"""What follows from a step, in its transaction: claims, notes of who answered, letters, plans."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM
from stadi.kit.ids import listed
from stadi.messages import actions as messages
from stadi.offers.actions.plans import plans
from stadi.offers.domain import By, Cases

NOTE = """
    update offers_offer o set answered_at = %s, answered_by = who.actor
    from unnest(%s::uuid[], %s::bigint[]) as who(id, actor) where o.case_id = who.id"""
UNNOTE = """
    update offers_offer set answered_at = null, answered_by = null,
      expires_at = greatest(expires_at, %s + again.regret)
    from unnest(%s::uuid[], %s::interval[]) as again(id, regret) where case_id = again.id"""
RESUME = """
    update offers_offer set expires_at = expires_at + frozen.span,
      answered_at = answered_at + frozen.span
    from unnest(%s::uuid[], %s::interval[]) as frozen(id, span) where case_id = frozen.id"""


def _note(cases: Cases, by: By, at: datetime) -> None:
    """Note when offers were answered, and by whom or for whom."""
    people = [actor.on_behalf_of or actor.id for actor in by.values()]
    _execute(NOTE, [at, listed(cases), people])


def _unanswer(cases: Cases, by: By, at: datetime) -> None:
    """Open offers again for as long as the regret lasts, even where their own time has run out."""
    del by
    _execute(UNNOTE, [at, listed(cases), [c.terms.regret for c in cases.values()]])


def _resume(cases: Cases, by: By, at: datetime) -> None:
    """Give back the time that stood still while another official looked."""
    del by
    _execute(RESUME, [listed(cases), [at - c.since for c in cases.values()]])


def _execute(statement: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _placing(cases: Cases, by: By) -> By:
    return {case: by[case] for case, c in cases.items() if c.unit is not None}


def _confirm(cases: Cases, by: By, at: datetime) -> None:
    if placing := _placing(cases, by):
        fulfil.confirm(by=placing, at=at)


def _soften(cases: Cases, by: By, at: datetime) -> None:
    fulfil.soften(by=_placing(cases, by), at=at)


def _release(cases: Cases, by: By, at: datetime) -> None:
    """Free what is held, and what was done of it is undone."""
    del cases
    fulfil.undo(by=by, at=at)
    fulfil.release(by=by, at=at)


def _plan(cases: Cases, by: By, at: datetime) -> None:
    del by
    fulfil.begin(plans=plans(cases), by=SYSTEM, at=at)


def _unsend(cases: Cases, by: By, at: datetime) -> None:
    """Keep what was not sent yet from being sent."""
    del by, at
    messages.withdraw(about=list(cases))


EFFECTS: dict[str, Callable[[Cases, By, datetime], None]] = {
    "note": _note,
    "unanswer": _unanswer,
    "resume": _resume,
    "confirm": _confirm,
    "soften": _soften,
    "release": _release,
    "plan": _plan,
    "unsend": _unsend,
}
