"""What an official decides of an amount that may be too large by the facts of today."""

from datetime import datetime

from django.db import transaction

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.offers.actions.contest import written
from stadi.offers.actions.desk import officials_only
from stadi.offers.actions.letters import tell
from stadi.offers.models import Note


@transaction.atomic
def lower(*, award: int, reason: str, by: Actor, at: datetime) -> None:
    """Decide that the smaller amount follows, and say why; those it is about are told."""
    officials_only(by)
    words = written(reason)
    found = fulfil.lower(award=award, by=by, at=at)
    Note.objects.create(case_id=found.case, by=by.id, at=at, kind="lowered", text=words)
    tell(what="lowered", cases=[found.case], at=at)


@transaction.atomic
def leave(*, award: int, reason: str, by: Actor, at: datetime) -> None:
    """Decide that an amount stays as it is, and say why."""
    officials_only(by)
    words = written(reason)
    found = fulfil.leave(award=award, by=by, at=at)
    Note.objects.create(case_id=found.case, by=by.id, at=at, kind="note", text=words)
