"""Looks through the wall: noted before they are taken, by the purpose's own role, and closed."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import connection, transaction
from psycopg import sql

from stadi.consent import raising, wall
from stadi.consent.domain import PurposeUnknownError, RoleChangedError, RoleShutOutError
from stadi.consent.models import Snapshot
from stadi.engine.sql import by_view, compile_rules
from stadi.engine.sweep import Sight
from stadi.kit.access import RESIDENT
from stadi.kit.actor import Actor
from stadi.kit.ids import listed
from stadi.kit.rule import Rule, reads_relatives
from stadi.kit.service import Purpose
from stadi.record import actions as record
from stadi.record.domain import News


def planned(  # noqa: PLR0917 - what one look is
    purpose: Purpose, only: Collection[int] | None, as_of: date, known_at: datetime, by: Actor
) -> Snapshot:
    return Snapshot(
        id=uuid4(),
        purpose=purpose.id,
        subjects=None if only is None else sorted(only),
        as_of=as_of,
        known_at=known_at,
        rows=0 if only is None else len(only),
        opened_at=known_at,
        asked_by=by.id if by.kind == RESIDENT else None,
    )


@contextmanager
def at_everyone(
    purpose: Purpose, snapshot: Snapshot, rules: Sequence[Rule], by: Actor
) -> Iterator[Sight]:
    """Look at everyone: a snapshot of its own, through a connection of its own."""
    try:
        with transaction.atomic():
            write_down(purpose, snapshot)
            snapshot.rows = take_snapshot(purpose, snapshot, [rules] if rules else ())
            Snapshot.objects.filter(id=snapshot.id).update(rows=snapshot.rows)
            tell([snapshot], by)
        with enter(purpose) as role:
            yield sight(purpose, snapshot, role, wall.schema_name(purpose, snapshot.id))
    finally:
        drop_snapshot(purpose, snapshot)


@contextmanager
def at_a_few(purpose: Purpose, snapshot: Snapshot) -> Iterator[Sight]:
    """Look at a few, by the standing views; the role's connection is kept for the next look."""
    with _kept_connection(purpose) as role:
        role.execute(LOOK, [str(snapshot.id)])
        yield sight(purpose, snapshot, role, wall.few_schema(purpose))


def sight(
    purpose: Purpose, snapshot: Snapshot, role: psycopg.Connection[Any], schema: str
) -> Sight:
    return Sight(
        connection=role,
        schema=schema,
        facts=tuple(purpose.uses),
        as_of=snapshot.as_of,
        snapshot=str(snapshot.id),
    )


# One plan for every look at a few: planning the views anew takes longer than reading a household.
LOOK = (
    "select set_config('stadi.look', %s, false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false)"
)
CLOSE = "update consent_snapshot set closed_at = %s where id = any(%s::uuid[])"
NOTE = """
insert into consent_snapshot (id, purpose, subjects, as_of, known_at, rows, opened_at, asked_by)
  select %(id)s, p.id, %(subjects)s::bigint[], %(as_of)s, %(known_at)s,
    coalesce(cardinality(%(subjects)s::bigint[]), 0), %(known_at)s, %(asked_by)s::bigint
  from consent_purpose p where p.id = %(purpose)s
returning (select array_agg(t) from pg_db_role_setting, unnest(setconfig) t
  where setrole = (select oid from pg_roles where rolname = %(role)s))"""


def write_down(purpose: Purpose, snapshot: Snapshot) -> None:
    """Note a look before it is taken: of a registered purpose, whose role is as we made it."""
    fields: dict[str, Any] = {
        "id": snapshot.id,
        "purpose": purpose.id,
        "subjects": snapshot.subjects,
        "as_of": snapshot.as_of,
        "known_at": snapshot.known_at,
        "asked_by": snapshot.asked_by,
        "role": wall.role_name(str(connection.settings_dict["NAME"]), purpose),
    }
    with connection.cursor() as cursor:
        cursor.execute(NOTE, fields)
        noted = cursor.fetchone()
    if noted is None:
        message = f"the purpose {purpose.id} is not registered, so nothing may be read for it"
        raise PurposeUnknownError(message)
    # PostgreSQL lets every role change its own settings, so a changed one is refused
    if set(noted[0] or ()) != {f"{key}={value}" for key, value in wall.SETTINGS}:
        message = f"the role of {purpose.id} has other settings than the wall gave it"
        raise RoleChangedError(message)


def tell(snapshots: Sequence[Snapshot], by: Actor) -> None:
    news = [
        News(
            kind="consent.looked",
            body={"purpose": snapshot.purpose, "snapshot": snapshot.id, "rows": snapshot.rows},
        )
        for snapshot in snapshots
    ]
    record.write_many(news, by=by, at=snapshots[0].known_at)


def close(looks: Sequence[UUID], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, [at, listed(looks)])


def enter(purpose: Purpose) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(raising.address(purpose), autocommit=True)
    except psycopg.OperationalError as error:
        message = (
            f"the database does not let the role of {purpose.id} in: {error}; pg_hba.conf must let"
            " it sign in by scram-sha-256, and registering the purpose anew sets its password back"
        )
        raise RoleShutOutError(message) from None


_IDLE: dict[str, list[psycopg.Connection[Any]]] = {}


@contextmanager
def _kept_connection(purpose: Purpose) -> Iterator[psycopg.Connection[Any]]:
    """Lend an idle connection of the purpose's role, or a new one; a broken one is not kept."""
    address = raising.address(purpose)
    idle = _IDLE.setdefault(address, [])
    role = next((c for c in [idle.pop() for _ in idle[:1]] if not c.closed and not c.broken), None)
    role = role or enter(purpose)
    try:
        yield role
        if not role.closed:
            role.rollback()
            role.execute("close all; unlisten *; reset all")
            idle.append(role)
    except BaseException:
        role.close()
        raise


def leave() -> None:
    """Close the connections that are kept for looks at a few."""
    while _IDLE:
        for role in _IDLE.popitem()[1]:
            role.close()


def take_snapshot(
    purpose: Purpose, snapshot: Snapshot, rules: Sequence[Sequence[Rule]] = ()
) -> int:
    schema = wall.schema_name(purpose, snapshot.id)
    role = sql.Identifier(wall.role_name(str(connection.settings_dict["NAME"]), purpose))
    times: dict[str, Any] = {
        "as_of": snapshot.as_of,
        "known": snapshot.known_at,
        "purpose": snapshot.purpose,
    }
    rows = 0
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("create schema {s}; grant usage on schema {s} to {r}").format(
                s=sql.Identifier(schema), r=role
            )
        )
        # of relatives last, once it is known of whom they are needed
        views = sorted(by_view(purpose.uses).items(), key=lambda v: bool(v[1][0].relation.member))
        among = ""
        for view, facts in views:
            if rules and not among and facts[0].relation.member:
                among = _leave_open(cursor, snapshot, schema, rules)
            table = sql.Identifier("behind_the_wall", f"{view}_{snapshot.id.hex}")
            query = wall.snapshot_sql(view, facts, among if facts[0].relation.member else "")
            cursor.execute(
                sql.SQL("create unlogged table {} as ").format(table) + sql.SQL(query), times
            )
            if view == "subject":
                rows = cursor.rowcount
            cursor.execute(
                sql.SQL(
                    "create view {v} with (security_barrier) as select * from {t};"
                    " grant select on {v} to {r}"
                ).format(v=sql.Identifier(schema, view), t=table, r=role)
            )
    return rows


def _leave_open(
    cursor: Any, snapshot: Snapshot, schema: str, rules: Sequence[Sequence[Rule]]
) -> str:
    """Keep whom a set of rules leaves open by the subjects' own facts, and return the table."""
    own = [[r for r in one if not reads_relatives(r.condition)] for one in rules]
    asked = [compile_rules(r, schema=schema, as_of=snapshot.as_of) for r in own]
    open_ = " union ".join(f"select subject from ({a}) asked where outcome <> 0" for a in asked)
    table = f"behind_the_wall.open_{snapshot.id.hex}"
    cursor.execute(f"create unlogged table {table} as {open_}; analyze {table}")
    return table


def drop_snapshot(purpose: Purpose, snapshot: Snapshot) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        name = wall.schema_name(purpose, snapshot.id)
        cursor.execute(wall.CUT_OFF, [name])
        cursor.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
        for view in ("open", *by_view(purpose.uses)):
            table = sql.Identifier("behind_the_wall", f"{view}_{snapshot.id.hex}")
            cursor.execute(sql.SQL("drop table if exists {}").format(table))
        close([snapshot.id], snapshot.known_at)
