"""The front door of consent: register a purpose, object, open and close a look through the wall."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stadi.consent import wall
from stadi.consent.models import Objection, Snapshot, Told
from stadi.consent.models import Purpose as PurposeRow
from stadi.engine.sql import by_view, compile_rules
from stadi.engine.sweep import Sight
from stadi.kit.access import RESIDENT
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.ids import listed
from stadi.kit.rule import Fact, Rule, reads_relatives
from stadi.kit.service import Purpose
from stadi.record import actions as record
from stadi.record.domain import News


class RoleChangedError(StadiError):
    """A purpose's role has settings that the wall did not give it; register the purpose anew."""


class RoleShutOutError(StadiError):
    """The database does not let a purpose's role in."""


class ServerUnfitError(StadiError):
    """No wall can stand on this database server; the sentence says what it needs."""


class TrialRunsError(StadiError):
    """A service is on trial in this city already."""


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
    with connection.cursor() as cursor:
        _raise_few(cursor, purpose, _make_role(purpose))


def _make_role(purpose: Purpose, *more: str) -> sql.Identifier:
    """Give a purpose its login role, as the wall wants it; `more` is said of the role as well."""
    database = str(connection.settings_dict["NAME"])
    name = wall.role_name(database, purpose)
    secret = wall.password(settings.SECRET_KEY, name)
    role = sql.Identifier(name)
    fields = {"role": role, "db": sql.Identifier(database)}
    with connection.cursor() as cursor:
        _refuse_unfit(cursor)
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


def _refuse_unfit(cursor: Any) -> None:
    cursor.execute(wall.UNFIT)
    if wrong := cursor.fetchone():
        raise ServerUnfitError(wrong[0])


def _raise_few(cursor: Any, purpose: Purpose, role: sql.Identifier) -> None:
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


@transaction.atomic
def tell(  # noqa: PLR0913 - who says what of whom, to which purpose
    *, subject: int, purpose: Purpose, fact: Fact, value: str, by: Actor, at: datetime
) -> None:
    """Keep an answer as a fact that this purpose alone sees, where the register has none."""
    if fact not in purpose.uses or fact.relation.many:
        message = f"{purpose.id} does not ask for {fact.name}: nothing was kept"
        raise PurposeUnknownError(message)
    named = {"subject": subject, "purpose": purpose.id, "fact": fact.name}
    Told.objects.filter(**named, known_until=None).update(known_until=at)
    Told.objects.create(**named, value=value, by=by.id, known_since=at)
    # the value is in the table alone
    body = {"resident": subject, "purpose": purpose.id, "fact": fact.name}
    record.write(News(kind="consent.told", body=body), by=by, at=at)


def looks(*, person: int, at: datetime) -> list[tuple[str, datetime]]:
    """Return for which purposes the city looked at everyone or at this person, newest first."""
    theirs = Q(subjects=None) | Q(subjects__contains=[person])
    rows = Snapshot.objects.filter(theirs, asked_by=None, opened_at__lte=at)
    return list(rows.order_by("-opened_at").values_list("purpose", "opened_at"))


def checks(*, person: int, at: datetime, most: int) -> list[tuple[int, datetime]]:
    """Return who had this person checked by every service, and when; the newest, each once."""
    theirs = Q(subjects__contains=[person], asked_by__isnull=False, opened_at__lte=at)
    rows = Snapshot.objects.filter(theirs).values_list("asked_by", "opened_at").distinct()
    found = rows.order_by("-opened_at", "asked_by")[:most]
    return [(asked_by or 0, opened_at) for asked_by, opened_at in found]


@contextmanager
def look(  # noqa: PLR0913 - a look has this many sides, all named at the call
    *,
    purpose: Purpose,
    as_of: date,
    known_at: datetime,
    only: Collection[int] | None = None,
    rules: Sequence[Rule] = (),
    by: Actor = SYSTEM,
) -> Iterator[Sight]:
    """Open a look through the wall and close it after: nothing of the snapshot stays.

    `only` limits the look to these subjects; then nothing is copied, and the purpose's standing
    views show what this look may see. The sight's connection is the purpose's own role. A look at
    everyone for these `rules` shows facts of relatives only of those whom their own facts leave
    open: for all others the answer is no already.
    """
    if only is None:
        with _all(purpose, _snapshot(purpose, None, as_of, known_at, by), rules, by) as sight:
            yield sight
        return
    looks = look_each(purposes=[purpose], only=only, as_of=as_of, known_at=known_at, by=by)
    with looks as (one,), one as sight:
        yield sight


@contextmanager
def look_each(
    *,
    purposes: Sequence[Purpose],
    only: Collection[int],
    as_of: date,
    known_at: datetime,
    by: Actor = SYSTEM,
) -> Iterator[list[AbstractContextManager[Sight]]]:
    """Open a look of each purpose at a few subjects, all noted before any is taken.

    Each is entered by its own role as it is used. A look `by` a resident is one that they asked
    for; all others are the city's.
    """
    with transaction.atomic():
        looks = [_snapshot(purpose, only, as_of, known_at, by) for purpose in purposes]
        for purpose, look_ in zip(purposes, looks, strict=True):
            _write_down(purpose, look_)
        _tell(looks, by)
    try:
        yield [_few(purpose, look_) for purpose, look_ in zip(purposes, looks, strict=True)]
    finally:
        _close([look_.id for look_ in looks], known_at)


def _snapshot(  # noqa: PLR0917 - what one look is
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
def _all(purpose: Purpose, snapshot: Snapshot, rules: Sequence[Rule], by: Actor) -> Iterator[Sight]:
    """Look at everyone: a snapshot of its own, through a connection of its own."""
    try:
        with transaction.atomic():
            _write_down(purpose, snapshot)
            snapshot.rows = _take_snapshot(purpose, snapshot, [rules] if rules else ())
            Snapshot.objects.filter(id=snapshot.id).update(rows=snapshot.rows)
            _tell([snapshot], by)
        with _enter(purpose) as role:
            yield _sight(purpose, snapshot, role, wall.schema_name(purpose, snapshot.id))
    finally:
        _drop_snapshot(purpose, snapshot)


@contextmanager
def _few(purpose: Purpose, snapshot: Snapshot) -> Iterator[Sight]:
    """Look at a few, by the standing views; the role's connection is kept for the next look."""
    with _kept_connection(purpose) as role:
        role.execute(LOOK, [str(snapshot.id)])
        yield _sight(purpose, snapshot, role, wall.few_schema(purpose))


def _sight(
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


def _write_down(purpose: Purpose, snapshot: Snapshot) -> None:
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


def _tell(snapshots: Sequence[Snapshot], by: Actor) -> None:
    news = [
        News(
            kind="consent.looked",
            body={"purpose": snapshot.purpose, "snapshot": snapshot.id, "rows": snapshot.rows},
        )
        for snapshot in snapshots
    ]
    record.write_many(news, by=by, at=snapshots[0].known_at)


def _close(looks: Sequence[UUID], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, [at, listed(looks)])


def _enter(purpose: Purpose) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(_role_conninfo(purpose), autocommit=True)
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
    address = _role_conninfo(purpose)
    idle = _IDLE.setdefault(address, [])
    role = next((c for c in [idle.pop() for _ in idle[:1]] if not c.closed and not c.broken), None)
    role = role or _enter(purpose)
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


def _take_snapshot(
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


def _drop_snapshot(purpose: Purpose, snapshot: Snapshot) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        name = wall.schema_name(purpose, snapshot.id)
        cursor.execute(wall.CUT_OFF, [name])
        cursor.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
        for view in ("open", *by_view(purpose.uses)):
            table = sql.Identifier("behind_the_wall", f"{view}_{snapshot.id.hex}")
            cursor.execute(sql.SQL("drop table if exists {}").format(table))
        _close([snapshot.id], snapshot.known_at)


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
    snapshot = _snapshot(purpose, None, as_of, known_at, by)
    with _trying_alone():
        try:
            with transaction.atomic():
                _make_role(tried, wall.FOR_A_WHILE)
                snapshot.rows = _take_snapshot(tried, snapshot, rules)
                snapshot.save(force_insert=True)
                _tell([snapshot], by)
            with _enter(tried) as role:
                yield _sight(tried, snapshot, role, wall.schema_name(tried, snapshot.id))
        finally:
            _drop_snapshot(tried, snapshot)


@contextmanager
def _trying_alone() -> Iterator[None]:
    """Keep trials to one at a time; none leaves its role, nor what one before it left."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [wall.TRYING])
        if cursor.fetchone() == (False,):
            message = "another trial is running in this city: wait until it is done"
            raise TrialRunsError(message)
    try:
        _drop_trial()
        yield
    finally:
        _drop_trial()
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [wall.TRYING])


def _drop_trial() -> None:
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


def clear_away() -> int:
    """Close what looks left open whose program died, and return how many schemas there were.

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
        Snapshot.objects.filter(closed_at=None).update(closed_at=F("opened_at"))
        _drop_trial()
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
