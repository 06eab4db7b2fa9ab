"""What an official puts right in the register, and the case that follows."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.actions.changes import reconsider
from stadi.offers.actions.contest import written
from stadi.offers.actions.desk import officials_only
from stadi.offers.actions.questions import NothingToAskError, missing, read
from stadi.offers.models import Case, Note
from stadi.offers.plugins import plugin
from stadi.people import actions as people

SOURCE = "official"


def mend(  # noqa: PLR0913 - who puts which fact right, and why
    *, case: UUID, fact: str, value: str, reason: str, by: Actor, at: datetime
) -> None:
    """Write a missing fact into the register; the rules are asked again, and the case follows."""
    officials_only(by)
    words, row = written(reason), Case.objects.get(id=case)
    lacking = {f.name: f for f in missing(case=case, at=at)}
    if fact not in lacking:
        message = "this fact is not missing in this case: look at it again"
        raise NothingToAskError(message)
    told = lacking[fact]
    text = read(told, value, at.date())
    with transaction.atomic():
        Note.objects.create(case=row, by=by.id, at=at, kind="mended", text=words)
        people.change(
            subject=row.subject,
            register=told.relation.table,
            values={told.column: text},
            true_since=at.date(),
            source=SOURCE,
            by=by,
            at=at,
        )
    # apart from the writing, since a purpose sees what is committed
    reconsider(plugin=plugin(row.service), subjects=[row.subject], by=SYSTEM, at=at)
