"""The front door of messages: send to the city inbox, read it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection, transaction

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.messages.domain import Letter
from stadi.messages.models import Message
from stadi.record import actions as record
from stadi.record.domain import News

COLUMNS = "id, recipient, key, subject, body, link, sent_at"


class NotYourMessageError(StadiError):
    """The message was sent to somebody else."""


@transaction.atomic
def send(*, letters: Sequence[Letter], by: Actor, at: datetime) -> int:
    """Put letters into the inbox and return how many; one with a known key is not sent again."""
    with connection.cursor() as cursor:
        cursor.execute("create temp table letters (like messages_message) on commit drop")
        with cursor.copy(f"copy letters ({COLUMNS}) from stdin") as rows:
            for x in letters:
                rows.write_row((uuid4(), x.recipient, x.key, x.subject, x.body, x.link, at))
        cursor.execute(
            f"insert into messages_message ({COLUMNS}) select {COLUMNS} from letters"
            " on conflict do nothing"
        )
        sent: int = cursor.rowcount
        cursor.execute("drop table letters")
    record.write(News(kind="messages.sent", body={"messages": sent}), by=by, at=at)
    return sent


@transaction.atomic
def open_message(*, message: UUID, by: Actor, at: datetime) -> str:
    """Note that its recipient opened a message, and return where its link leads."""
    found = Message.objects.select_for_update().filter(id=message, recipient=by.id).first()
    if found is None:
        words = "this message was sent to somebody else"
        raise NotYourMessageError(words)
    if found.opened_at is None:
        found.opened_at = at
        found.save(update_fields=["opened_at"])
        body = {"recipient": by.id, "key": found.key}
        record.write(News(kind="messages.opened", body=body), by=by, at=at)
    return found.link


def inbox(*, recipient: int) -> list[Message]:
    """Return a resident's messages, newest first."""
    return list(Message.objects.filter(recipient=recipient).order_by("-sent_at", "key"))


def unread(*, recipient: int) -> int:
    """Return how many messages a resident has not opened."""
    return Message.objects.filter(recipient=recipient, opened_at=None).count()
