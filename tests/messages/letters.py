"""Letters whose every word is a canary, sent and delivered at noon."""

from datetime import UTC, datetime, timedelta
from typing import Any

from stadi.kit.actor import SYSTEM
from stadi.messages import actions as messages
from stadi.messages.domain import Delivered, Letter
from stadi.messages.models import Delivery

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def letter(person: int, **more: Any) -> Letter:
    asked = {
        "recipient": person,
        "key": f"CANARY:{person}",
        "subject": "CANARY-subject",
        "body": "CANARY-body",
        "link": "/fi/o/CANARY-link",
        "channels": ("inbox", "email"),
        "language": "fi",
    }
    return Letter(**(asked | more))


def send(*letters: Letter, at: datetime = AT) -> int:
    return messages.send(letters=letters, by=SYSTEM, at=at)


def deliver(at: datetime = AT) -> Delivered:
    return messages.deliver_due(by=SYSTEM, at=at)


def states() -> dict[int, tuple[str, str]]:
    rows = Delivery.objects.values_list("message__recipient", "state", "error")
    return {person: (state, error) for person, state, error in rows}
