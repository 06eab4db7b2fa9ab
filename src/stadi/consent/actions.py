"""The front door of consent: register a purpose, object, open and close a look through the wall."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stadi.consent import wall
from stadi.consent.models import Objection, Snapshot
from stadi.consent.models import Purpose as PurposeRow
from stadi.engine.sql import by_view
from stadi.engine.sweep import Sight
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.service import Purpose
from stadi.record import actions as record
from stadi.record.domain import News


class RoleChangedError(StadiError):
    """A purpose's role has settings that the wall did not give it; register the purpose anew."""


class PurposeUnknownError(StadiError):
    """No service has registered this purpose."""


@transaction.atomic
def register(*, purpose: Purpose, by: Actor, at: datetime) -> None:
    """Enter a purpose and raise its wall: a login role and a schema of its own."""
    facts = {fact.name: why for fact, why in purpose.uses.items()}
    PurposeRow.objects.update_or_create(
        id=purpose.id,
        defaults={"basis": purpose.basis.kind, "law": purpose.basis.law, "facts": facts},
    )
    _raise_wall(purpose)
    record.write(
        News(kind="consent.purpose_registered", body={"purpose": purpose.id}), by=by, at=at
    )


def _raise_wall(purpose: Purpose) -> None:
    database = str(connection.settings_dict["NAME"])
    name = wall.role_name(database, purpose)
    secret = wall.password(settings.SECRET_KEY, name)
    role = sql.Identifier(name)
    fields = {"role": role, "db": sql.Identifier(database)}
    with connection.cursor() as cursor:
        cursor.execute(wall.TAKEN_FROM_EVERYONE)
        cursor.execute("select 1 from pg_roles where rolname = %s", [name])
        verb = "alter" if cursor.fetchone() else "create"
        for statement in (
            f"{verb} role {{role}} login noinherit connection limit 8 password {{secret}}",
            "alter role {role} in database {db} reset all",
            "alter role {role} reset all",
            *(f"alter role {{role}} set {name} = '{value}'" for name, value in wall.SETTINGS),
            "revoke all on database {db} from public",
            "grant connect on database {db} to {role}",
            "create schema if not exists behind_the_wall",
        ):
            text = sql.SQL(statement).format(**fields, secret=sql.Literal(secret))
            cursor.execute(text)


@transaction.atomic
def object_to(*, resident: int, purpose: str, by: Actor, at: datetime) -> None:
    """Stop a purpose for a resident, at once; saying it twice changes nothing."""
    if not PurposeRow.objects.filter(id=purpose).exists():
        message = f"no purpose is called {purpose}"
        raise PurposeUnknownError(message)
    _, new = Objection.objects.get_or_create(
        subject=resident, purpose=purpose, lifted_at=None, defaults={"given_at": at}
    )
    if new:
        body = {"resident": resident, "purpose": purpose}
        record.write(News(kind="consent.objected", body=body), by=by, at=at)


def objectors(*, purpose: str) -> set[int]:
    """Return who has stopped this purpose."""
    held = Objection.objects.filter(purpose=purpose, lifted_at=None)
    return set(held.values_list("subject", flat=True))


def objects(*, resident: int, purpose: str) -> bool:
    """Return whether the resident has stopped this purpose."""
    return bool(objecting(residents=[resident], purpose=purpose))


def objecting(*, residents: Collection[int], purpose: str) -> set[int]:
    """Return who of these residents has stopped this purpose."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select subject from consent_objection"
            " where purpose = %s and lifted_at is null and subject = any(%s)",
            [purpose, list(residents)],
        )
        return {row[0] for row in cursor.fetchall()}


def looks(*, person: int, at: datetime) -> list[tuple[str, datetime]]:
    """Return which purposes looked at everyone or at this person, and when; newest first."""
    theirs = Q(subjects=None) | Q(subjects__contains=[person])
    rows = Snapshot.objects.filter(theirs, opened_at__lte=at).order_by("-opened_at")
    return list(rows.values_list("purpose", "opened_at"))


@contextmanager
def look(
    *, purpose: Purpose, as_of: date, known_at: datetime, only: Collection[int] | None = None
) -> Iterator[Sight]:
    """Open a look through the wall and close it after: nothing of the snapshot stays.

    `only` limits the snapshot to these subjects. The sight's connection is the purpose's own role.
    """
    if not PurposeRow.objects.filter(id=purpose.id).exists():
        message = f"the purpose {purpose.id} is not registered, so nothing may be read for it"
        raise PurposeUnknownError(message)
    snapshot = uuid4()
    try:
        with transaction.atomic():
            rows = _take_snapshot(purpose, snapshot, as_of, known_at, only)
            Snapshot.objects.create(
                id=snapshot,
                purpose=purpose.id,
                subjects=None if only is None else sorted(only),
                as_of=as_of,
                known_at=known_at,
                rows=rows,
                opened_at=known_at,
            )
            body = {"purpose": purpose.id, "snapshot": snapshot, "rows": rows}
            record.write(News(kind="consent.looked", body=body), by=SYSTEM, at=known_at)
        with psycopg.connect(_role_conninfo(purpose), autocommit=True) as role:
            yield Sight(
                connection=role,
                schema=wall.schema_name(purpose, snapshot),
                facts=tuple(purpose.uses),
                as_of=as_of,
                snapshot=str(snapshot),
            )
    finally:
        _drop_snapshot(purpose, snapshot, known_at)


def _take_snapshot(  # noqa: PLR0917 - one look, one line
    purpose: Purpose,
    snapshot: UUID,
    as_of: date,
    known_at: datetime,
    only: Collection[int] | None,
) -> int:
    schema = wall.schema_name(purpose, snapshot)
    role = sql.Identifier(wall.role_name(str(connection.settings_dict["NAME"]), purpose))
    times: dict[str, Any] = {"as_of": as_of, "known": known_at, "purpose": purpose.id}
    rows = 0
    with connection.cursor() as cursor:
        _check_settings(cursor, purpose)
        cursor.execute(
            sql.SQL("create schema {s}; grant usage on schema {s} to {r}").format(
                s=sql.Identifier(schema), r=role
            )
        )
        for view, facts in by_view(purpose.uses).items():
            table = sql.Identifier("behind_the_wall", f"{view}_{snapshot.hex}")
            query = wall.snapshot_sql(view, facts, only=only)
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


def _check_settings(cursor: Any, purpose: Purpose) -> None:
    """Refuse a role that changed its own settings, which PostgreSQL lets every role do."""
    name = wall.role_name(str(connection.settings_dict["NAME"]), purpose)
    cursor.execute(
        "select unnest(setconfig) from pg_db_role_setting"
        " where setrole = (select oid from pg_roles where rolname = %s)",
        [name],
    )
    found = {row[0] for row in cursor.fetchall()}
    if found != {f"{key}={value}" for key, value in wall.SETTINGS}:
        message = f"the role of {purpose.id} has other settings than the wall gave it"
        raise RoleChangedError(message)


def _drop_snapshot(purpose: Purpose, snapshot: UUID, at: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        schema = sql.Identifier(wall.schema_name(purpose, snapshot))
        cursor.execute(sql.SQL("drop schema if exists {} cascade").format(schema))
        for view in by_view(purpose.uses):
            table = sql.Identifier("behind_the_wall", f"{view}_{snapshot.hex}")
            cursor.execute(sql.SQL("drop table if exists {}").format(table))
        Snapshot.objects.filter(id=snapshot).update(closed_at=at)


def clear_away() -> int:
    """Drop what looks left behind whose program died, and return how many schemas there were.

    Only at the start of the house, when nobody is looking.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select nspname from pg_namespace where nspname like 'wall\\_%%'"
            " union all select 'behind_the_wall' where exists"
            " (select 1 from pg_tables where schemaname = 'behind_the_wall')"
        )
        left = [row[0] for row in cursor.fetchall()]
        for schema in left:
            cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        cursor.execute("create schema if not exists behind_the_wall")
    return len(left)


def registered() -> set[str]:
    """Return the purposes that have a wall."""
    return set(PurposeRow.objects.values_list("id", flat=True))


def _role_conninfo(purpose: Purpose) -> str:
    chosen = connection.settings_dict
    role = wall.role_name(str(chosen["NAME"]), purpose)
    return make_conninfo(
        host=str(chosen["HOST"]),
        port=str(chosen["PORT"] or ""),
        dbname=str(chosen["NAME"]),
        user=role,
        password=wall.password(settings.SECRET_KEY, role),
    )
