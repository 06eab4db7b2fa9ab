"""The front door of the record: the city clock, entries, and who hears of them."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.record.domain import CityTime, News, canonical, leaf
from stadi.record.models import Clock

Listener = Callable[[News, Actor, datetime], None]
_LISTENERS: dict[str, list[Listener]] = {}


class ClockError(StadiError):
    """The city clock only moves forward, and only in a demo city."""


def read_clock() -> CityTime:
    """Return the city's time, the real one or the demo's, and which of the two it is."""
    clock = Clock.objects.filter(id=1, mode="demo").values_list("now", flat=True).first()
    return CityTime(now=clock or datetime.now(UTC), demo=clock is not None)


def now() -> datetime:
    """Return the city's time."""
    return read_clock().now


@transaction.atomic
def start_demo_clock(*, at: datetime, by: Actor) -> None:
    """Mark an empty database as a demo city whose time begins at `at`."""
    if Clock.objects.exists():
        message = "this database has a clock already: a demo refuses any database but its own"
        raise ClockError(message)
    Clock.objects.create(id=1, mode="demo", now=at)
    write(News(kind="record.demo_started"), by=by, at=at)


@transaction.atomic
def advance(*, by: Actor, step: timedelta) -> datetime:
    """Move a demo city's time forward by `step` and return the new time."""
    if step <= timedelta(0):
        message = "the city clock only moves forward: give a time above zero, such as 14d or 3h"
        raise ClockError(message)
    clock = Clock.objects.select_for_update().filter(id=1, mode="demo").first()
    if clock is None:
        message = "only a demo city's clock can be moved; this city runs on the real time"
        raise ClockError(message)
    clock.now += step
    clock.save()
    write(News(kind="record.clock_advanced", body={"to": clock.now}), by=by, at=clock.now)
    return clock.now


def listen(kind: str, listener: Listener) -> None:
    """Call `listener` inside the transaction of every entry of this kind; wired in `site`."""
    if listener not in _LISTENERS.setdefault(kind, []):
        _LISTENERS[kind].append(listener)


def write(news: News, *, by: Actor, at: datetime) -> None:
    """Write one entry and tell those who listen; all within the caller's transaction."""
    write_many([news], by=by, at=at)
    for listener in _LISTENERS.get(news.kind, []):
        listener(news, by, at)


def write_many(batch: Sequence[News], *, by: Actor, at: datetime) -> None:
    """Write a batch by COPY, one leaf each; listeners are for single entries."""
    columns = 'at, kind, actor_kind, actor, "case", body, salt, leaf'
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy record_entry ({columns}) from stdin") as rows,
    ):
        for news in batch:
            whole = {"at": at, "kind": news.kind, "actor": by.id, **news.body}
            salt = secrets.token_bytes(16)
            rows.write_row(
                (
                    at,
                    news.kind,
                    by.kind,
                    by.id,
                    news.case,
                    canonical(whole),
                    salt,
                    leaf(salt, whole),
                )
            )
