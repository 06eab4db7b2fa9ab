"""Carries notices out of the house: claim, send, mark, and climb the ladder where that failed.

Between any two of these a process may die. What was claimed and not marked is claimed again after
a while; what was marked is climbed from by whoever comes next.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import override

from stadi.kit.actor import Actor
from stadi.kit.text import LANGUAGES
from stadi.messages import channels
from stadi.messages.domain import (
    ATTEMPTS,
    SENDING,
    Channel,
    Delivered,
    Notice,
    Outcome,
    after_quiet,
    is_quiet,
    wait_after,
)
from stadi.record import actions as record
from stadi.record.domain import News

BATCH = 100  # a kill sends so many again at most
STEPS = 1_000
# Tried for the last time and never marked: whoever sends it breaks. Opened: needs no notice.
CLAIM = """
with due as (
  select d.id, m.recipient, m.language, m.opened_at from messages_delivery d
  join messages_message m on m.id = d.message_id
  where d.channel = %(channel)s and d.state in ('queued', 'sending') and d.due_at <= %(at)s
  order by d.due_at limit %(batch)s for update of d skip locked)
update messages_delivery d set attempts = d.attempts + 1,
  state = case when due.opened_at is not null then 'cancelled'
    when d.attempts >= %(attempts)s then 'given_up' else 'sending' end,
  error = case when due.opened_at is not null then 'opened'
    when d.attempts >= %(attempts)s then 'broken_off' else '' end,
  due_at = case when due.opened_at is not null then null
    when d.attempts >= %(attempts)s then %(at)s else %(until)s end
from due where d.id = due.id returning d.id, d.state, d.attempts, due.recipient, due.language"""
# Somebody else may have claimed it since, or the case was withdrawn. It waits for whoever is just
# doing that: a run that claims beside us also holds, for a moment, rows that it then leaves alone.
HOLD = """
select d.id from messages_delivery d
join unnest(%s::uuid[], %s::smallint[]) as mine (id, attempts) using (id, attempts)
where d.state = 'sending' order by d.id for update of d"""
MARK = """
update messages_delivery d set state = told.state, due_at = told.due_at, sent_at = told.sent_at,
  error = told.error
from unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
  as told (id, state, due_at, sent_at, error) where d.id = told.id"""
# In one order with whoever withdraws; nothing here waits for a case.
CLIMB = """
with due as (
  select id, message_id, state from messages_delivery
  where state in ('sent', 'refused', 'given_up') and due_at <= %(at)s
  order by due_at limit %(steps)s for update skip locked),
up as (
  select d.id, d.message_id from messages_delivery d join due on due.message_id = d.message_id
  where d.state = 'waiting' and d.rung = (select min(rung) from messages_delivery w
    where w.message_id = d.message_id and w.state = 'waiting')
  order by d.id for update of d),
climbed as (
  update messages_delivery d set state = 'queued', due_at = %(at)s from up where d.id = up.id)
update messages_delivery d set due_at = null from due
where d.id = due.id and (d.state = 'sent'
  or exists (select 1 from up where up.message_id = due.message_id))"""
TOP = """
select d.id, m.key, m.recipient, m.about, m.opened_at is null and not exists (
    select 1 from messages_delivery o where o.message_id = m.id
      and o.state not in ('refused', 'given_up'))
from messages_delivery d join messages_message m on m.id = d.message_id
where d.state in ('refused', 'given_up') and d.due_at <= %(at)s and not exists (
    select 1 from messages_delivery w where w.message_id = m.id and w.state = 'waiting')
order by m.about limit %(steps)s for update of d skip locked"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery and what became of our claim; `attempts` tells our claim from a later one."""

    id: UUID
    state: str
    attempts: int
    recipient: int
    language: str


def run(by: Actor, at: datetime) -> Delivered:
    """Deliver all that is due, unless the city keeps quiet; a channel that takes nothing rests."""
    counts: Counter[str] = Counter()
    with _open_channels() as working:
        moved = 0 if is_quiet(at, settings.CITY) else 1
        while moved:
            moved = _climb(at) + _tell_undelivered(by, at, counts)
            for name, channel in list(working.items()):
                claimed = _claim(name, at)
                outcomes = _send(channel, claimed, by, at)
                counts.update(outcomes)
                counts["given_up"] += sum(c.state == "given_up" for c in claimed)
                moved += len(claimed)
                # those whom it cannot reach at all say nothing about the channel
                if "sent" not in outcomes and set(outcomes) - {"refused"}:
                    del working[name]
    return Delivered(**counts)


@contextmanager
def _open_channels() -> Iterator[dict[str, Channel]]:
    with ExitStack() as stack:
        yield {n: stack.enter_context(closing(c)) for n, c in channels.there().items()}


@transaction.atomic(durable=True)
def _claim(channel: str, at: datetime) -> list[Claimed]:
    """Take some deliveries that are due, so that nobody else sends them for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "channel": channel,
                "at": at,
                "until": at + SENDING,
                "batch": BATCH,
                "attempts": ATTEMPTS,
            },
        )
        names = [column[0] for column in cursor.description]
        return [Claimed(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


@transaction.atomic(durable=True)
def _send(channel: Channel, claimed: Sequence[Claimed], by: Actor, at: datetime) -> list[str]:
    """Send what is claimed and mark what became of it; return that.

    Its rows stay locked meanwhile: whoever withdraws waits, so no notice leaves after that.
    """
    ours = _hold([c for c in claimed if c.state == "sending"])
    if not ours:
        return []
    notices = _notices(channel, ours, at)
    outcomes = dict(zip(notices, channel.send(list(notices.values())), strict=True))
    absent = Outcome(state="refused", error="no_address")
    marks = [_mark(channel, c, outcomes.get(c.id, absent), at) for c in ours]
    with connection.cursor() as cursor:
        cursor.execute(MARK, [list(column) for column in zip(*marks, strict=True)])
    states = Counter("again" if state == "queued" else state for _, state, *_ in marks)
    body = {"channel": channel.name, **states}
    record.write(News(kind="messages.delivered", body=body), by=by, at=at)
    return list(states.elements())


def _hold(claimed: Sequence[Claimed]) -> list[Claimed]:
    """Return those that are still ours, nobody else moving them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [[c.id for c in claimed], [c.attempts for c in claimed]])
        held = {row[0] for row in cursor.fetchall()}
    return [c for c in claimed if c.id in held]


def _notices(channel: Channel, ours: Sequence[Claimed], at: datetime) -> dict[UUID, Notice]:
    """Return the notices of those whom the channel reaches."""
    address = channel.addresses({c.recipient for c in ours})
    inbox = {language: _inbox(language) for language in {c.language for c in ours}}
    return {
        c.id: Notice(
            recipient=c.recipient,
            address=address[c.recipient],
            language=c.language,
            key=str(c.id),
            link=inbox[c.language],
            at=at,
        )
        for c in ours
        if c.recipient in address
    }


def _inbox(language: str) -> str:
    """Return the inbox's address; without a language the reader's browser chooses one."""
    first = f"/{LANGUAGES[0]}"
    with override(LANGUAGES[0]):
        path = reverse("inbox").removeprefix(first)
    chosen = f"/{language}" if language in LANGUAGES else ""
    return f"{settings.STADI_URL.rstrip('/')}{chosen}{path}"


def _mark(
    channel: Channel, claimed: Claimed, outcome: Outcome, at: datetime
) -> tuple[UUID, str, datetime, datetime | None, str]:
    """Return a delivery's id, its new state, when it is due next, when it was sent, and why not."""
    if outcome.state == "sent":
        return claimed.id, "sent", at + channel.patience, at, ""
    if outcome.state == "refused":
        return claimed.id, "refused", at, None, outcome.error
    if claimed.attempts >= ATTEMPTS:
        return claimed.id, "given_up", at, None, outcome.error
    again = after_quiet(at + wait_after(claimed.attempts), settings.CITY)
    return claimed.id, "queued", again, None, outcome.error


@transaction.atomic(durable=True)
def _climb(at: datetime) -> int:
    """Let the next channel try where one failed or moved nobody in its time."""
    with connection.cursor() as cursor:
        cursor.execute(CLIMB, {"at": at, "steps": STEPS})
        return int(cursor.rowcount)


@transaction.atomic(durable=True)
def _tell_undelivered(by: Actor, at: datetime, counts: Counter[str]) -> int:
    """Tell of each unopened message that no channel could tell its recipient of."""
    with connection.cursor() as cursor:
        cursor.execute(TOP, {"at": at, "steps": STEPS})
        rows = cursor.fetchall()
        done = [row[0] for row in rows]
        cursor.execute(
            "update messages_delivery set due_at = null where id = any(%s::uuid[])", [done]
        )
    lost = [
        News(kind="messages.undelivered", case=about, body={"key": key, "recipient": recipient})
        for _, key, recipient, about, undelivered in rows
        if undelivered
    ]
    record.write_many(lost, by=by, at=at)
    counts["undelivered"] += len(lost)
    return len(rows)
