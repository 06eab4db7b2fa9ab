"""The front door of the registers: load them, write a placement, ask who somebody is."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from pyarrow import csv

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.people.domain import Batch, Resident
from stadi.people.models import Identity
from stadi.record import actions as record
from stadi.record.domain import News

REGISTERS = {
    "people_person": ("subject",),
    "people_residence": ("subject",),
    "people_contact": ("subject",),
    "people_care": ("subject",),
    "people_placement": ("subject", "term"),
    "people_guardianship": ("subject", "guardian"),
}
RANGES = ("true_since", "true_until", "known_since", "known_until", "source")
OVERLAP = """
    select subject from (
      select subject, true_since,
             lag(true_until) over (partition by {key} order by true_since) as before
      from {table} where known_until = 'infinity' and subject in (select subject from stage)) one
    where before > true_since limit 1"""


class LoadError(StadiError):
    """A register load was refused, and nothing of it was kept."""


@transaction.atomic
def introduce(*, identities: Batch, by: Actor, at: datetime) -> None:
    """Enter who residents are: subject, given name, family name, identity code, persona."""
    with connection.cursor() as cursor:
        cursor.execute("create temp table stage (like people_identity) on commit drop")
        _copy(cursor, identities)
        cursor.execute("insert into people_identity select * from stage on conflict do nothing")
        cursor.execute("drop table stage")
    news = News(kind="people.introduced", body={"residents": identities.rows.num_rows})
    record.write(news, by=by, at=at)


@transaction.atomic
def load(
    *, batches: Sequence[Batch], true_since: date, source: str, by: Actor, at: datetime
) -> int:
    """Load register rows, all or none, and return how many were new; twice changes nothing.

    A row that says what the register says already is left alone; one that says otherwise
    closes what was known, at `at`, and adds what is known now.
    """
    new = sum(_load(batch, true_since, source, at) for batch in batches)
    news = News(kind="people.loaded", body={"rows": new, "source": source})
    record.write(news, by=by, at=at)
    return new


def _load(batch: Batch, true_since: date, source: str, at: datetime) -> int:
    try:
        with connection.cursor() as cursor:
            return _merge(cursor, batch, (true_since, at, source))
    except psycopg.Error as error:
        raise LoadError(_told(batch.table, error)) from None
    except DatabaseError as error:
        raise LoadError(_told(batch.table, error.__cause__)) from None


def _told(table: str, error: BaseException | None) -> str:
    """Return where a row was refused and by which rule; never the value, which is personal."""
    about = getattr(error, "diag", None)
    spot = re.search(r"line (\d+)(?:, column (\w+))?", getattr(about, "context", None) or "")
    field = (spot and spot[2]) or getattr(about, "column_name", None)
    rule = getattr(about, "constraint_name", None) or type(error).__name__
    row = f" row {spot[1]}" if spot else ""
    named = f" field {field}" if field else ""
    return f"{table}:{row}{named} was refused ({rule}); nothing was loaded"


def _copy(cursor: Any, batch: Batch) -> None:
    """Write a batch into the table `stage`, as CSV straight from its columns."""
    named = ", ".join(batch.rows.column_names)
    with cursor.copy(f"copy stage ({named}) from stdin (format csv)") as out:
        csv.write_csv(batch.rows, _Pipe(out), csv.WriteOptions(include_header=False))


class _Pipe(io.RawIOBase):
    """Lets Arrow write into a running COPY."""

    def __init__(self, out: Any) -> None:
        self.out = out

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        self.out.write(bytes(block))
        return len(block)


def _merge(cursor: Any, batch: Batch, ranges: tuple[date, datetime, str]) -> int:
    table, key = batch.table, ", ".join(REGISTERS[batch.table])
    named = ", ".join(batch.rows.column_names)
    values = [c for c in batch.rows.column_names if c not in REGISTERS[table]]
    differs = " or ".join(f"r.{c} is distinct from s.{c}" for c in values) or "false"
    same_key = " and ".join(f"r.{c} = s.{c}" for c in REGISTERS[table])
    current = f"{same_key} and r.known_until = 'infinity' and r.true_until = 'infinity'"
    cursor.execute(f"create temp table stage on commit drop as select {named} from {table} limit 0")
    _copy(cursor, batch)
    cursor.execute("analyze stage")
    cursor.execute(f"select {key} from stage group by {key} having count(*) > 1 limit 1")
    if twice := cursor.fetchone():
        message = f"{table}: {key} {twice} stands twice in the file; nothing was loaded"
        raise LoadError(message)
    cursor.execute(
        f"update {table} r set known_until = %s from stage s where {current} and ({differs})",
        [ranges[1]],
    )
    cursor.execute(
        f"insert into {table} ({named}, {', '.join(RANGES)})"
        f" select {named}, %s, 'infinity', %s, 'infinity', %s from stage s"
        f" where not exists (select 1 from {table} r where {current})",
        list(ranges),
    )
    count: int = cursor.rowcount
    cursor.execute(OVERLAP.format(table=table, key=key))
    if clash := cursor.fetchone():
        message = f"{table}: subject {clash[0]} would have two rows true at the same time"
        raise LoadError(message)
    cursor.execute("drop table stage")
    return count


@transaction.atomic
def place(*, child: int, unit: int, term: int, by: Actor, at: datetime) -> None:
    """Write a child's place for a term into the register; a second time changes nothing."""
    batch = Batch.of("people_placement", ("subject", "term", "unit"), [(child, term, unit)])
    load(batches=[batch], true_since=at.date(), source="stadi.offers", by=by, at=at)


def resident(subject: int) -> Resident | None:
    """Return who a resident is, or None."""
    return residents([subject]).get(subject)


def residents(subjects: Iterable[int]) -> dict[int, Resident]:
    """Return who each of these residents is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.subject, given_name, family_name, coalesce(language, ''), persona"
            " from people_identity i left join people_contact c on c.subject = i.subject"
            " and c.known_until = 'infinity' and c.true_until = 'infinity'"
            " where i.subject = any(%s)",
            [list(subjects)],
        )
        rows = cursor.fetchall()
    return {
        row[0]: Resident(
            subject=row[0], given_name=row[1], family_name=row[2], language=row[3], persona=row[4]
        )
        for row in rows
    }


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
            " where known_until = 'infinity' and true_until = 'infinity'"
        )
        row = cursor.fetchone()
    return int(row[0]), int(row[1])


def share_a_home(one: int, other: int) -> bool:
    """Return whether two residents live in one household now; unknown is no."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(distinct household) = 1 and count(distinct subject) = %s"
            " from people_residence where known_until = 'infinity' and true_until = 'infinity'"
            " and subject = any(%s)",
            [len({one, other}), [one, other]],
        )
        return bool(cursor.fetchone()[0])


def any_ban(subjects: Iterable[int]) -> bool:
    """Return whether a safety ban stands for any of these residents now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select 1 from people_contact where known_until = 'infinity'"
            " and true_until = 'infinity' and safety_ban and subject = any(%s))",
            [list(subjects)],
        )
        return bool(cursor.fetchone()[0])


def areas(subjects: Iterable[int]) -> dict[int, str]:
    """Return each resident's postal area."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select subject, area from people_residence where known_until = 'infinity'"
            " and true_until = 'infinity' and subject = any(%s)",
            [list(subjects)],
        )
        return dict(cursor.fetchall())


def lineages(
    *, subjects: Iterable[int], register: str, at: datetime
) -> dict[int, tuple[str, date]]:
    """Return the source of each resident's current row in a register and since when it is true."""
    if register not in REGISTERS:
        message = f"no register is called {register}"
        raise LoadError(message)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select subject, source, true_since from {register} where subject = any(%s)"
            " and known_since <= %s and %s < known_until order by subject, true_since",
            [list(subjects), at, at],
        )
        return {row[0]: (str(row[1]), row[2]) for row in cursor.fetchall()}
