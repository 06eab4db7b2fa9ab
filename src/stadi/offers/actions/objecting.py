"""What an objection does to the cases of its purpose, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.offers.actions.cases import must
from stadi.offers.domain import ENDED, STEPS
from stadi.offers.models import Case
from stadi.offers.plugins import plugins
from stadi.record.domain import News


def withdraw_objected(batch: Sequence[News], by: Actor, at: datetime) -> None:
    """Withdraw the open cases of a purpose that was just objected to."""
    for news in batch:
        purpose, subject = news.body["purpose"], int(str(news.body["resident"]))
        _withdraw(str(purpose), subject, news.by or by, at)


def _withdraw(purpose: str, subject: int, by: Actor, at: datetime) -> None:
    ids = [p.service.id for p in plugins().values() if p.service.purpose.id == purpose]
    rows = Case.objects.filter(service__in=ids, subject=subject).exclude(state__in=ENDED)
    for case, state in rows.order_by("id").values_list("id", "state"):
        # what is being fulfilled is undone step by step, and fulfilment tells when it is
        if state in STEPS["stop"].old:
            fulfil.undo(by={case: by}, at=at)
        else:
            name = "object" if state in STEPS["object"].old else "withdraw"
            must(by={case: by}, path=(name,), at=at, reason="objection")
