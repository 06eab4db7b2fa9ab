"""A look for a service on trial: by a role of its own that is gone afterwards."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

from django.db import connection, transaction
from psycopg import sql

from stadi.consent import looking, raising, wall
from stadi.consent.domain import TrialRunsError
from stadi.engine.sweep import Sight
from stadi.kit.actor import Actor
from stadi.kit.rule import Fact, Rule
from stadi.kit.service import Purpose


@contextmanager
def try_out(  # noqa: PLR0913 - one look, and for which rules it is taken
    *,
    purpose: Purpose,
    more: Collection[Fact],
    rules: Sequence[Sequence[Rule]],
    as_of: date,
    known_at: datetime,
    by: Actor,
) -> Iterator[Sight]:
    """Look at everyone for a service on trial, by a role of its own that is gone afterwards.

    It sees what the purpose names, and `more`; the purpose need not be registered. Who objected to
    it is stopped here too. Relatives' facts are shown only of those whom one of these sets of
    `rules` leaves open by their own. One trial at a time: so each drops what a killed one left.
    """
    tried = replace(wall.TRIAL, uses=dict.fromkeys([*purpose.uses, *more], ""))
    snapshot = looking.planned(purpose, None, as_of, known_at, by)
    with _trying_alone():
        try:
            with transaction.atomic():
                raising.make_role(tried, wall.FOR_A_WHILE)
                snapshot.rows = looking.take_snapshot(tried, snapshot, rules)
                snapshot.save(force_insert=True)
                looking.tell([snapshot], by)
            with looking.enter(tried) as role:
                yield looking.sight(tried, snapshot, role, wall.schema_name(tried, snapshot.id))
        finally:
            looking.drop_snapshot(tried, snapshot)


@contextmanager
def _trying_alone() -> Iterator[None]:
    """Keep trials to one at a time; none leaves its role, nor what one before it left."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [wall.TRYING])
        if cursor.fetchone() == (False,):
            message = "another trial is running in this city: wait until it is done"
            raise TrialRunsError(message)
    try:
        drop_left()
        yield
    finally:
        drop_left()
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [wall.TRYING])


def drop_left() -> None:
    """Drop the role of trials, and the look that a killed one left open."""
    name = wall.role_name(str(connection.settings_dict["NAME"]), wall.TRIAL)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(wall.LEFT_BY_TRIALS)
        for schema, look_ in cursor.fetchall():
            cursor.execute(wall.CUT_OFF, [schema])
            cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
            cursor.execute(wall.BEHIND_A_LOOK, [look_])
            for (table,) in cursor.fetchall():
                where = sql.Identifier("behind_the_wall", table)
                cursor.execute(sql.SQL("drop table {}").format(where))
            cursor.execute(wall.CLOSE_LEFT, [look_])
        cursor.execute("select 1 from pg_roles where rolname = %s", [name])
        if cursor.fetchone():
            words = sql.SQL("drop owned by {r}; drop role {r}")
            cursor.execute(words.format(r=sql.Identifier(name)))
