"""The front door of the registers: load, change, end, import and live; ask who somebody is."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection, transaction

from stadi.kit.actor import Actor
from stadi.people import changing, importing, introducing, living, merging
from stadi.people.domain import Batch, Imported, Resident
from stadi.people.life import draw_life
from stadi.people.merging import LoadError, Merged, Told
from stadi.people.models import Identity
from stadi.people.registers import ALWAYS, NOW, REGISTERS, VIEWS, Register
from stadi.people.timeline import Span
from stadi.record import actions as record
from stadi.record.domain import News

LEFT = (("people_residence", "subject"), *((table, "subject") for table in living.ENDED))
ENDS = {
    "died": (*LEFT, ("people_guardianship", "subject"), ("people_guardianship", "guardian")),
    "moved_away": LEFT,
}
# Homes that hold today or later, and those that were known to until this very moment.
AROUND = """
with home as not materialized (
  select subject, household from people_residence where known_until = %(at)s
    or known_until = 'infinity' and true_until > %(today)s)
select distinct subject from home where subject <> all(%(who)s::bigint[])
  and household in (select household from home where subject = any(%(who)s::bigint[])) order by 1"""


@transaction.atomic
def introduce(*, identities: Batch, by: Actor, at: datetime) -> None:
    """Enter who residents are: subject, names, identity code, persona, address of e-mail."""
    introducing.introduce(identities)
    news = News(kind="people.introduced", body={"residents": identities.rows.num_rows})
    record.write(news, by=by, at=at)


@transaction.atomic
def load(
    *, batches: Sequence[Batch], true_since: date, source: str, by: Actor, at: datetime
) -> int:
    """Load register rows, all or none, and return how many changed anything; twice is nothing.

    A row tells what is true from its `true_since`, or the load's, until its `true_until`, or
    without end. Those days then say what the row says; all other days keep what was known of
    them. What changes is closed at `at` and stays in the history.
    """
    merged = _load(batches, Told(since=true_since, at=at, source=source))
    rows = sum(m.new + m.corrected for m in merged)
    record.write(News(kind="people.loaded", body={"rows": rows, "source": source}), by=by, at=at)
    return rows


def _load(batches: Sequence[Batch], told: Told) -> list[Merged]:
    with connection.cursor() as cursor:
        return [merging.merge(cursor, batch, told) for batch in batches]


def import_residents(*, file: Path, by: Actor, at: datetime) -> Imported:
    """Load a residents' file, a first extract or its later changes, whole or not at all.

    Returns what became of its rows and of whom a service must be asked anew. How a file is
    written stands in docs/reference/residents-file.md.
    """
    told = Told(since=at.date(), at=at, source=file.name)
    batches = importing.read(file, real_codes=getattr(settings, "STADI_REAL_IDENTITY_CODES", False))
    facts = [batch for batch in batches if batch.table in REGISTERS]
    with transaction.atomic():
        merged = _load(facts, told)
        changed = _together(merged)
        around = at_home_with(changed, at)
        merged += [
            introducing.introduce(batch) for batch in batches if batch.table not in REGISTERS
        ]
        counts = [
            sum(column)
            for column in zip(*((m.new, m.corrected, m.unchanged) for m in merged), strict=True)
        ]
        new, corrected, unchanged = counts
        body = {"new": new, "corrected": corrected, "unchanged": unchanged, "file": _digest(file)}
        record.write(News(kind="people.imported", body=body), by=by, at=at)
    return Imported(
        new=new, corrected=corrected, unchanged=unchanged, changed=changed, around=around
    )


def _digest(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


def _together(merged: Sequence[Merged]) -> tuple[int, ...]:
    found = np.concatenate([np.empty(0, np.int64), *(m.subjects for m in merged)])
    return tuple(np.unique(found).tolist())


def at_home_with(changed: Sequence[int], at: datetime) -> tuple[int, ...]:
    """Return who shares a home with these, or shared it until what was known changed at `at`."""
    with connection.cursor() as cursor:
        cursor.execute(AROUND, {"who": list(changed), "at": at, "today": at.date()})
        return tuple(row[0] for row in cursor.fetchall())


@transaction.atomic
def change(  # noqa: PLR0913 - a register's row has this many sides, all named at the call
    *,
    subject: int,
    register: str,
    values: Mapping[str, object],
    true_since: date,
    source: str,
    by: Actor,
    at: datetime,
) -> bool:
    """Tell one fact row of one resident, true from `true_since` on; return whether it was news.

    What was true before that day stays true until then and stays known, so a move dated ahead
    leaves today's home alone. From that day on only the new row holds: a later row known
    already is replaced, and so is an earlier one where the new row is true since before it.
    Fields of the row that are not named keep what is known of that day. What was known of the
    days that change is closed at `at` and kept; an `at` before what is known already is refused.
    """
    told, held = Told(since=true_since, at=at, source=source), _register(register)
    named = changing.told(held, {"subject": subject, **values})
    key = _key(held, named)
    with connection.cursor() as cursor:
        changing.lock(cursor, held, subject)
        now = changing.known(cursor, held, dict(zip(held.key, key, strict=True))).get(key, [])
        row = changing.filled(held, named, now, true_since)
        span = Span(since=true_since, values=row, source=told.source)
        changed = changing.Pen(cursor=cursor, register=held, at=at).write(key, now, span)
    if changed:
        body = {"subject": subject, "register": held.table, "fields": sorted(values)}
        record.write(News(kind="people.changed", body=body), by=by, at=at)
    return changed


@transaction.atomic
def retract(
    *,
    subject: int,
    register: str,
    by: Actor,
    at: datetime,
    values: Mapping[str, object] | None = None,
) -> bool:
    """Say that what a register knows of a resident was never true; return whether anything was.

    `values` may name the rest of a key, such as the guardian. What was known is closed and
    kept, and nothing replaces it.
    """
    held = _register(register)
    match = changing.told(held, {"subject": subject, **(values or {})})
    if strange := sorted(set(match) - set(held.key)):
        raise LoadError(f"{held.table}: {strange[0]} does not tell its rows apart: leave it out")
    changed = _erase([(held, match)], Told(since=ALWAYS, at=at, source=""))
    if changed:
        body = {"subject": subject, "register": held.table, "fields": sorted(values or {})}
        record.write(News(kind="people.retracted", body=body), by=by, at=at)
    return bool(changed)


@transaction.atomic
def end(*, subject: int, on: date, why: str, by: Actor, at: datetime) -> bool:
    """End what death or moving away ends, from the day `on`; return whether anything ended.

    Home, care, health, schooling, tenancy and places end with both; who decides for a child ends
    only with death.
    """
    if why not in ENDS:
        raise LoadError(f"nobody leaves the city like that: write one of {', '.join(ENDS)}")
    ended = [(REGISTERS[table], {column: subject}) for table, column in ENDS[why]]
    changed = _erase(ended, Told(since=on, at=at, source=""))
    if changed:
        body = {"subject": subject, "on": on, "why": why, "registers": changed}
        record.write(News(kind="people.ended", body=body), by=by, at=at)
    return bool(changed)


def _erase(what: Sequence[tuple[Register, Mapping[str, object]]], told: Told) -> list[str]:
    """Let nothing be true of these rows from a day on; return the registers that changed."""
    gap, changed = Span(since=told.since, values=None, source=told.source), set()
    with connection.cursor() as cursor:
        for register, match in what:
            changing.lock(cursor, register, int(str(next(iter(match.values())))))
            pen = changing.Pen(cursor=cursor, register=register, at=told.at)
            for key, now in changing.known(cursor, register, match).items():
                if pen.write(key, now, gap):
                    changed.add(register.table)
    return sorted(changed)


@transaction.atomic
def live(*, since: date, until: date, seed: int, by: Actor, at: datetime) -> tuple[int, ...]:
    """Let invented residents die and move from the day after `since` to `until`.

    Returns of whom a service must be asked anew: those it happened to, and those they live or
    lived with. Only a demo city lives like this.
    """
    if not record.read_clock().demo:
        raise LoadError("only a demo city's residents are invented, and may live by lot")
    if until <= since:
        return ()
    told = Told(since=until, at=at, source="demo city (invented)")
    with connection.cursor() as cursor:
        homes, residents = living.read(cursor, since)
        drawn = draw_life(residents, since=since, until=until, seed=seed)
        batches = living.batches(cursor, homes, drawn)
    changed = _together(_load(batches, told))
    body = {"died": len(drawn.died), "left": len(drawn.left), "moved": len(drawn.moved)}
    record.write(News(kind="people.lived", body={**body, "until": until}), by=by, at=at)
    return tuple(sorted({*changed, *at_home_with(changed, at)}))


def placed(*, children: Iterable[int], term: int, day: date) -> dict[int, tuple[int, str, date]]:
    """Return the unit of each child with a place for a term, its source and since when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select subject, unit, source, true_since from people_placement"
            " where known_until = 'infinity' and subject = any(%s) and term = %s"
            " and true_until > %s order by subject, true_since",
            [list(children), term, day],
        )
        return {row[0]: (int(row[1]), str(row[2]), row[3]) for row in cursor.fetchall()}


def _register(name: str) -> Register:
    if name not in REGISTERS:
        raise LoadError(f"no register is called {name}: write one of {', '.join(REGISTERS)}")
    return REGISTERS[name]


def _key(register: Register, named: Mapping[str, object]) -> tuple[object, ...]:
    if missing := [name for name in register.key if name not in named]:
        raise LoadError(f"{register.table}: {missing[0]} is missing; nothing was changed")
    return tuple(named[name] for name in register.key)


def _today() -> date:
    return record.now().date()


def resident(subject: int) -> Resident | None:
    """Return who a resident is, or None."""
    return residents([subject]).get(subject)


def residents(subjects: Iterable[int]) -> dict[int, Resident]:
    """Return who each of these residents is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.subject, given_name, family_name, coalesce(language, ''), persona"
            " from people_identity i left join people_contact c on c.subject = i.subject"
            f" and {NOW.format(a='c')} where i.subject = any(%(who)s)",
            {"who": list(subjects), "today": _today()},
        )
        rows = cursor.fetchall()
    return {
        row[0]: Resident(
            subject=row[0], given_name=row[1], family_name=row[2], language=row[3], persona=row[4]
        )
        for row in rows
    }


def addresses(people: Iterable[int]) -> dict[int, str]:
    """Return the address of e-mail of each of these residents who has one."""
    known = Identity.objects.filter(subject__in=list(people), email__isnull=False)
    return {subject: email for subject, email in known.values_list("subject", "email") if email}


def personas() -> list[Resident]:
    """Return the demo's fixed people, in the order of their numbers."""
    ids = Identity.objects.exclude(persona="").order_by("subject").values_list("subject", flat=True)
    found = residents(ids)
    return [found[i] for i in ids]


def count() -> tuple[int, int]:
    """Return how many residents and households the registers hold now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), count(distinct household) from people_residence"
            f" r where {NOW.format(a='r')}",
            {"today": _today()},
        )
        row = cursor.fetchone()
    return int(row[0]), int(row[1])


def count_by_area() -> dict[str, int]:
    """Return how many residents each postal area has now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select area, count(*) from people_residence r"
            f" where {NOW.format(a='r')} and area is not null group by area",
            {"today": _today()},
        )
        return dict(cursor.fetchall())


def share_a_home(one: int, other: int) -> bool:
    """Return whether two residents live in one household now; unknown is no."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(distinct household) = 1 and count(distinct subject) = %(people)s"
            f" from people_residence r where {NOW.format(a='r')} and subject = any(%(who)s)",
            {"people": len({one, other}), "who": [one, other], "today": _today()},
        )
        return bool(cursor.fetchone()[0])


def home_point(subject: int) -> tuple[int, int] | None:
    """Return the point of a resident's home now, in metres of EPSG:3067, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select home_x, home_y from people_residence r where {NOW.format(a='r')}"
            " and subject = %(who)s and home_x is not null and home_y is not null",
            {"who": subject, "today": _today()},
        )
        row = cursor.fetchone()
    return None if row is None else (int(row[0]), int(row[1]))


def any_ban(subjects: Iterable[int]) -> bool:
    """Return whether a safety ban stands for any of these residents now."""
    return bool(banned(subjects))


def banned(subjects: Iterable[int]) -> set[int]:
    """Return for whom of these residents a safety ban stands now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select subject from people_contact where known_until = 'infinity'"
            " and true_until = 'infinity' and safety_ban and subject = any(%s)",
            [list(subjects)],
        )
        return {row[0] for row in cursor.fetchall()}


def living_here(*, subjects: Iterable[int], day: date) -> set[int]:
    """Return who of these people lives in the city on a day, as known now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select subject from people_residence r where {NOW.format(a='r')}"
            " and subject = any(%(who)s)",
            {"who": list(subjects), "today": day},
        )
        return {row[0] for row in cursor.fetchall()}


def areas(subjects: Iterable[int]) -> dict[int, str]:
    """Return each resident's postal area."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select subject, area from people_residence r where {NOW.format(a='r')}"
            " and subject = any(%(who)s)",
            {"who": list(subjects), "today": _today()},
        )
        return dict(cursor.fetchall())


def lineages(
    *, subjects: Iterable[int], register: str, at: datetime
) -> dict[int, tuple[str, date]]:
    """Return the source of each resident's current row in a register and since when it is true."""
    if register not in VIEWS:
        register = _register(register).table
    with connection.cursor() as cursor:
        cursor.execute(
            f"select subject, source, true_since from {register} where subject = any(%(who)s)"
            " and known_since <= %(at)s and %(at)s < known_until"
            " and true_since <= %(today)s and %(today)s < true_until order by subject, true_since",
            {"who": list(subjects), "at": at, "today": at.date()},
        )
        return {row[0]: (str(row[1]), row[2]) for row in cursor.fetchall()}
