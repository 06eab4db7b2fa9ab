"""Raises the wall of a purpose: its login role, and the views that stand for looks at a few."""

from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stadi.consent import wall
from stadi.consent.domain import ServerUnfitError
from stadi.engine.sql import by_view
from stadi.kit.service import Purpose


def raise_wall(purpose: Purpose) -> None:
    """Give a purpose its role and its standing views, anew where it had some."""
    with connection.cursor() as cursor:
        standing_views(cursor, purpose, make_role(purpose))


def make_role(purpose: Purpose, *more: str) -> sql.Identifier:
    """Give a purpose its login role, as the wall wants it; `more` is said of the role as well."""
    database = str(connection.settings_dict["NAME"])
    name = wall.role_name(database, purpose)
    secret = wall.password(settings.SECRET_KEY, name)
    role = sql.Identifier(name)
    fields = {"role": role, "db": sql.Identifier(database)}
    with connection.cursor() as cursor:
        refuse_unfit(cursor)
        cursor.execute(wall.TAKEN_FROM_EVERYONE)
        cursor.execute("select 1 from pg_roles where rolname = %s", [name])
        verb = "alter" if cursor.fetchone() else "create"
        for statement in (
            *(["drop owned by {role}"] if verb == "alter" else []),
            f"{verb} role {{role}} login noinherit connection limit 8 password {{secret}}",
            "alter role {role} in database {db} reset all",
            "alter role {role} reset all",
            *(f"alter role {{role}} set {name} = '{value}'" for name, value in wall.SETTINGS),
            *(f"alter database {{db}} set {name} = '{value}'" for name, value in wall.DISCREET),
            "revoke all on database {db} from public",
            "grant connect on database {db} to {role}",
            "create schema if not exists behind_the_wall",
            *more,
        ):
            text = sql.SQL(statement).format(
                **fields, name=sql.Literal(name), secret=sql.Literal(secret)
            )
            cursor.execute(text)
    return role


def refuse_unfit(cursor: Any) -> None:
    """Raise on a server on which no wall can stand."""
    cursor.execute(wall.UNFIT)
    if wrong := cursor.fetchone():
        raise ServerUnfitError(wrong[0])


def standing_views(cursor: Any, purpose: Purpose, role: sql.Identifier) -> None:
    """Make the standing views anew: each shows the subjects of an open look, and nobody else.

    A view reads through a function: else EXPLAIN would count what lies in the registers.
    """
    schema = wall.few_schema(purpose)
    words = "drop schema if exists {s} cascade; create schema {s}; grant usage on schema {s} to {r}"
    cursor.execute(sql.SQL(words).format(s=sql.Identifier(schema), r=role))
    for view, facts in by_view(purpose.uses).items():
        cursor.execute(
            sql.SQL(wall.FEW).format(
                view=sql.Identifier(schema, view),
                behind=sql.Identifier(schema, f"behind_{view}"),
                see=sql.Identifier(schema, f"see_{view}"),
                query=sql.SQL(wall.few_sql(view, facts, purpose)),
                role=role,
            )
        )


def address(purpose: Purpose) -> str:
    """Return how a purpose signs in: with the name and the password of its role."""
    chosen = connection.settings_dict
    role = wall.role_name(str(chosen["NAME"]), purpose)
    return make_conninfo(
        host=str(chosen["HOST"]),
        port=str(chosen["PORT"] or ""),
        dbname=str(chosen["NAME"]),
        user=role,
        password=wall.password(settings.SECRET_KEY, role),
    )
