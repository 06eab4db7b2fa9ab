"""The front door of the record: the city clock, entries, and who hears of them."""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import connection, transaction

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.record.domain import CityTime, News, canonical, commit
from stadi.record.models import Clock, Entry, Kept

Listener = Callable[[Sequence[News], Actor, datetime], None]
_LISTENERS: dict[str, list[Listener]] = {}
SALT = 16  # bytes
PART = 500  # lines
NULL = "\\N"
COLUMNS = 'at, kind, actor_kind, actor, "case", body, salt, leaf'


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


def keep(texts: Mapping[str, str]) -> None:
    """Keep texts by their hash, for as long as any decision may be asked about."""
    Kept.objects.bulk_create(
        [Kept(digest=digest, text=text) for digest, text in texts.items()], ignore_conflicts=True
    )


def kept(digest: str) -> str | None:
    """Return the text of a hash, or None."""
    return Kept.objects.filter(digest=digest).values_list("text", flat=True).first()


def listen(kind: str, listener: Listener) -> None:
    """Call `listener` with a batch's news of this kind, in its transaction; wired in `site`."""
    if listener not in _LISTENERS.setdefault(kind, []):
        _LISTENERS[kind].append(listener)


def write(news: News, *, by: Actor, at: datetime) -> None:
    """Write one entry and tell those who listen; all within the caller's transaction."""
    write_many([news], by=by, at=at)


def write_many(batch: Sequence[News], *, by: Actor, at: datetime) -> None:
    """Write a batch by COPY, one leaf each, and tell those who listen of each.

    `by` did everything that names nobody else.
    """
    if len(batch) == 1:
        _write_one(batch[0], by, at)
    elif batch:
        with (
            connection.wrap_database_errors,
            connection.cursor() as cursor,
            cursor.copy(f"copy record_entry ({COLUMNS}) from stdin") as rows,
        ):
            lines = _lines(batch, by, at)
            # in parts, so that the database reads one while the next is composed
            while part := "".join(islice(lines, PART)):
                rows.write(part)
    for kind in {news.kind for news in batch} & set(_LISTENERS):
        for listener in _LISTENERS[kind]:
            listener([news for news in batch if news.kind == kind], by, at)


def about(*, case: UUID) -> list[Entry]:
    """Return what the record holds about a case, oldest first."""
    return list(Entry.objects.filter(case=case).order_by("id"))


def erase(*, cases: Collection[UUID]) -> None:
    """Drop the words and the salt of every entry about these cases; the leaves stay."""
    Entry.objects.filter(case__in=list(cases)).update(body=None, salt=None)


def _write_one(news: News, by: Actor, at: datetime) -> None:
    """Write one entry by a plain statement: a COPY of one row takes three round trips more."""
    who, salt = news.by or by, secrets.token_bytes(SALT)
    text = canonical({"at": str(at), "kind": news.kind, "actor": who.id, **news.body})
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into record_entry ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [at, news.kind, who.kind, who.id, news.case, text, salt, commit(salt, text)],
        )


def _lines(batch: Sequence[News], by: Actor, at: datetime) -> Iterator[str]:
    """Yield each entry as a line of COPY: composed here, for row by row takes twice the time."""
    salts = secrets.token_bytes(SALT * len(batch))
    moment, said = str(at), dict[tuple[str, int, str], str]()
    for i, news in enumerate(batch):
        who, salt = news.by or by, salts[i * SALT : (i + 1) * SALT]
        common = (news.kind, who.id, who.kind)
        # most entries of a batch say no more than who did what
        text = said.get(common) if not news.body else None
        if text is None:
            text = canonical({"at": moment, "kind": news.kind, "actor": who.id, **news.body})
        if not news.body:
            said[common] = text
        yield (
            f"{moment}\t{_escaped(news.kind)}\t{_escaped(who.kind)}\t{who.id}"
            f"\t{news.case or NULL}\t{_escaped(text)}"
            f"\t\\\\x{salt.hex()}\t\\\\x{commit(salt, text).hex()}\n"
        )


def _escaped(text: str) -> str:
    """Return text as a column of COPY; JSON holds no bare tab or line end, only backslashes."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
