"""The front door of messages: send to the inbox, read it, and tell of it outside."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.messages import channels, delivering
from stadi.messages.domain import Delivered, Letter, after_quiet, month_of
from stadi.messages.models import Contacts, Message
from stadi.record import actions as record
from stadi.record.domain import News

MESSAGE = "id, recipient, key, subject, body, link, sent_at, about, counted, language"
# In the order of keys, so that two batches of the same letters wait for each other. Nobody else
# counts these people's contacts until the transaction ends.
INSERT = f"""
with wrote as (
  insert into messages_message ({MESSAGE})
  select {MESSAGE} from json_to_recordset(%(letters)s) as letter (id uuid, recipient bigint,
    key text, subject text, body text, link text, sent_at timestamptz, about uuid, counted bool,
    language text)
  order by key on conflict do nothing returning recipient, counted
), made as (
  insert into messages_contacts as c (person, month, made)
  select recipient, %(month)s::date, count(*) from wrote where counted
  group by recipient order by recipient
  on conflict (person, month) do update set made = c.made + excluded.made returning person, made
)
select (select count(*) from wrote),
  array(select person from made where made > %(most)s order by person),
  array(select made from made where made > %(most)s order by person)"""
TOO_MANY = """
with last as (select m.id, %(most)s - made + count(*) over their as may,
    row_number() over (partition by m.recipient order by m.key) as number
  from messages_message m
  join unnest(%(people)s::bigint[], %(made)s::int[]) as over_ (person, made)
    on person = m.recipient
  where m.id = any(%(letters)s::uuid[]) and m.counted window their as (partition by m.recipient))
update messages_message m set counted = false from last where m.id = last.id and number > may"""
# Whoever was written to often enough finds the message in the inbox, and is not told of it.
QUEUE = """
insert into messages_delivery (id, message_id, channel, rung, state, due_at, attempts, error)
select gen_random_uuid(), m.id, channel, rung, case rung when 1 then 'queued' else 'waiting' end,
  case rung when 1 then %s::timestamptz end, 0, ''
from json_to_recordset(%s) as l (id uuid, counted bool, channels text[])
join messages_message m using (id), unnest(l.channels) with ordinality as ladder (channel, rung)
where m.counted or not l.counted"""
# In one order with whoever climbs, and after those who are just sending.
WITHDRAW = """
with theirs as (
  select d.id from messages_delivery d join messages_message m on m.id = d.message_id
  where m.about = any(%s::uuid[]) and d.state in ('waiting', 'queued', 'sending')
  order by d.id for update of d)
update messages_delivery d set state = 'cancelled', due_at = null, error = 'withdrawn'
from theirs where d.id = theirs.id"""


class NotYourMessageError(StadiError):
    """The message was sent to somebody else."""


@transaction.atomic(savepoint=False)
def send(*, letters: Sequence[Letter], by: Actor, at: datetime) -> int:
    """Put letters into the inbox and return how many; one with a known key is not sent again.

    What else their ladders hold is queued in the same transaction, for the end of quiet hours.
    A counted letter to somebody who has no contact left this month lies in the inbox alone.
    """
    channels.check(letters)
    rows = [{"id": str(uuid4()), **_row(letter, at)} for letter in letters]
    with connection.cursor() as cursor:
        sent = _insert(cursor, rows, at)
        if ladders := list(_ladders(rows, letters)):
            cursor.execute(QUEUE, [after_quiet(at, settings.CITY), json.dumps(ladders)])
    record.write(News(kind="messages.sent", body={"messages": sent}), by=by, at=at)
    return sent


def _row(letter: Letter, at: datetime) -> dict[str, object]:
    """Return a letter as the inbox holds it."""
    return {
        "recipient": letter.recipient,
        "key": letter.key,
        "subject": letter.subject,
        "body": letter.body,
        "link": letter.link,
        "sent_at": at.isoformat(),
        "about": letter.about and str(letter.about),
        "counted": letter.counted,
        "language": letter.language,
    }


def _insert(cursor: Any, rows: Sequence[dict[str, object]], at: datetime) -> int:
    """Write letters and count who was contacted; what is more than promised is no contact."""
    month, most = month_of(at, settings.CITY), settings.CITY.contacts_a_month
    cursor.execute(INSERT, {"letters": json.dumps(rows), "month": month, "most": most})
    sent, people, made = cursor.fetchone()
    if people:
        ids = [row["id"] for row in rows]
        over = {"most": most, "people": people, "made": made, "letters": ids}
        cursor.execute(TOO_MANY, over)
        Contacts.objects.filter(person__in=people, month=month).update(made=most)
    return int(sent)


def _ladders(
    rows: Sequence[dict[str, object]], letters: Sequence[Letter]
) -> Iterator[dict[str, object]]:
    """Yield those letters whose ladder holds a channel that is there."""
    there = channels.there()
    for row, letter in zip(rows, letters, strict=True):
        if ladder := [channel for channel in letter.channels if channel in there]:
            yield {"id": row["id"], "counted": letter.counted, "channels": ladder}


def deliver_due(*, by: Actor, at: datetime) -> Delivered:
    """Send what is due outside the inbox and return how it went; again and at once is harmless.

    Nothing leaves in quiet hours. A run that dies loses nothing; what it had just handed over may
    leave once more as the same message. Not within a transaction: what was sent stays sent.
    """
    return delivering.run(by, at)


@transaction.atomic
def withdraw(*, about: Collection[UUID]) -> int:
    """Keep notices about these cases from leaving once the caller commits; return how many.

    The caller's own entry in the record tells why.
    """
    with connection.cursor() as cursor:
        cursor.execute(WITHDRAW, [list(about)])
        return int(cursor.rowcount)


def contacts_left(*, people: Collection[int], at: datetime) -> dict[int, int]:
    """Return how often the city may still write to each of these people this month, unasked."""
    month, most = month_of(at, settings.CITY), settings.CITY.contacts_a_month
    made = dict(
        Contacts.objects.filter(person__in=people, month=month).values_list("person", "made")
    )
    return {person: max(0, most - made.get(person, 0)) for person in people}


@transaction.atomic
def open_message(*, message: UUID, by: Actor, at: datetime) -> str:
    """Note that its recipient opened a message, and return where its link leads.

    Whoever has opened it needs no notice: what is queued is cancelled when its turn comes.
    """
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


def erase(*, about: Collection[UUID]) -> None:
    """Drop every message about these cases, within the caller's transaction."""
    Message.objects.filter(about__in=list(about)).delete()
