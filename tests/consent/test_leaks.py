"""Leaks tried through a purpose's own role while two looks are open: each is refused."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import errors

from consent.world import (
    CHILD,
    GUARDIAN,
    HOUSEHOLDS,
    LANGUAGES,
    LOADED,
    NOW,
    OTHER,
    PURPOSE,
    load,
    look,
    seen,
    with_incomes,
)
from stadi.consent import actions as consent
from stadi.consent import looking, raising, wall
from stadi.consent.domain import RoleShutOutError, ServerUnfitError
from stadi.engine.sweep import Sight
from stadi.kit.actor import SYSTEM
from stadi.people import actions as people

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "the-purpose-wall.md"


@pytest.fixture(scope="module")
def two_sights(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Sight, Sight]]:
    """The looks of two purposes, both open."""
    del django_db_setup
    with django_db_blocker.unblock(), ExitStack() as open_looks:
        call_command("flush", verbosity=0, interactive=False)
        load()
        yield open_looks.enter_context(look()), open_looks.enter_context(look(LANGUAGES))
        open_looks.close()
        call_command("flush", verbosity=0, interactive=False)


def filled(two_sights: tuple[Sight, Sight], attempt: str) -> str:
    """Fill the names of this world into an attempt."""
    mine, other = two_sights
    database = str(connection.settings_dict["NAME"])
    return attempt.format(
        mine=mine.schema,
        other=other.schema,
        snapshot=mine.snapshot.replace("-", ""),
        others=other.snapshot.replace("-", ""),
        few=wall.few_schema(PURPOSE),
        others_few=wall.few_schema(LANGUAGES),
        owner=connection.settings_dict["USER"],
        database=database,
        role=wall.role_name(database, PURPOSE),
        other_role=wall.role_name(database, LANGUAGES),
    )


def try_out(two_sights: tuple[Sight, Sight], attempt: str) -> list[Any]:
    """Try a statement through the first purpose's role, after it has thrown off read-only."""
    role, statement = two_sights[0].connection, filled(two_sights, attempt)
    role.execute("set default_transaction_read_only = off")
    try:
        if statement.startswith("copy"):
            with role.cursor().copy(statement.encode()) as rows:
                return [] if " from " in statement.lower() else list(rows)
        cursor = role.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
    finally:
        role.rollback()


# Each is refused for want of a right.
DENIED = {
    # other tables: filter, sort, join, count, CTE
    "reads a base table": "select * from public.people_identity",
    "copies a base table": "copy public.people_person to stdout",
    "joins a base table": (
        "select * from {mine}.subject s join public.people_contact c using (subject)"
    ),
    "filters by a base table": (
        "select * from {mine}.subject where exists (select 1 from public.people_care)"
    ),
    "counts a base table": "select count(*) from public.people_person",
    "sorts by a base table": (
        "select * from {mine}.subject order by (select max(sex) from public.people_person)"
    ),
    "names a base table in a CTE": (
        "with t as (select * from public.people_person)"
        " select * from {mine}.subject join t using (subject)"
    ),
    "names a base table in a lateral join": (
        "select * from {mine}.subject s, lateral (select * from public.people_care c"
        " where c.subject = s.subject) x"
    ),
    "deletes in a CTE": (
        "with t as (delete from public.people_person returning *) select * from t"
    ),
    "takes a sample of a base table": "select * from public.people_person tablesample system (1)",
    "reads the months of incomes": "select * from public.people_income_month",
    "reads who objected": "select * from public.consent_objection",
    "reads who is looked at": "select * from public.consent_snapshot",
    "reads the record": "select * from public.record_entry",
    "reads sessions": "select * from public.django_session",
    # the other purpose, by its names
    "reads another purpose's view": "select * from {other}.subject",
    "joins another purpose's view": (
        "select * from {mine}.subject join {other}.subject o using (subject)"
    ),
    "copies another purpose's view": "copy (select * from {other}.subject) to stdout",
    "reads another purpose's snapshot": "select * from behind_the_wall.subject_{others}",
    "reads another purpose's standing view": "select * from {others_few}.subject",
    "calls another purpose's function": "select * from {others_few}.see_subject()",
    "reads the table behind its view": "select * from behind_the_wall.subject_{snapshot}",
    "reads what lies behind its standing view": "select * from {few}.behind_subject",
    "prepares another's view": "prepare x as select * from {other}.subject",
    "declares a cursor over another's view": (
        "begin; declare c cursor with hold for select * from {other}.subject"
    ),
    "locks a base table": "begin; lock table public.people_person in access share mode",
    "locks its view from everyone": "begin; lock table {mine}.subject in access exclusive mode",
    # explain, statistics, the catalogue
    "explains a base table": "explain select * from public.people_person",
    "explains and runs another's view": "explain (analyze) select * from {other}.subject",
    "reads statistics of values": "select * from pg_stats",
    "reads statistics beneath": "select * from pg_statistic",
    "reads extended statistics": "select * from pg_stats_ext",
    "reads what others run": "select * from pg_stat_activity",
    "reads what others run by the function": "select * from pg_stat_get_activity(null)",
    "reads row counts": "select * from pg_stat_user_tables",
    "reads row counts by the function": "select pg_stat_get_live_tuples(1259)",
    "reads how others' snapshots grew": "select relname, reltuples from pg_class",
    "reads block counts": "select * from pg_statio_all_tables",
    "reads progress of others' copies": "select * from pg_stat_progress_copy",
    "measures a table": "select pg_relation_size(1259)",
    "measures the database": "select pg_database_size('{database}')",
    "reads view texts": "select definition from pg_views",
    "reads a view's text": "select pg_get_viewdef('{mine}.subject'::regclass)",
    "reads view trees": "select ev_action from pg_rewrite",
    "reads comments": "select * from pg_description",
    "reads a comment by the function": "select obj_description(1259, 'pg_class')",
    "reads roles": "select * from pg_roles",
    "reads passwords": "select * from pg_authid",
    "reads who belongs to whom": "select * from pg_auth_members",
    "reads settings of other roles": "select * from pg_db_role_setting",
    "reads names of schemas": "select * from pg_namespace",
    "reads names of columns": "select * from pg_attribute",
    "reads databases": "select * from pg_database",
    "reads locks": "select * from pg_locks",
    "reads locks by the function": "select * from pg_lock_status()",
    "reads prepared transactions": "select * from pg_prepared_xacts",
    "reads large objects": "select * from pg_largeobject",
    "reads a table as XML": "select query_to_xml('select 1', true, true, '')",
    "reads the schema as XML": "select schema_to_xml('public', true, true, '')",
    "counts transactions": "select txid_current_snapshot()",
    # writing and making
    "writes a base table": "update public.people_person set birth_date = null",
    "empties a base table": "truncate public.people_person",
    "fills a base table": "copy public.people_person from stdin",
    "writes its own view": "update {mine}.subject set birth_date = null",
    "deletes from its own view": "delete from {mine}.subject",
    "makes a temporary table": "create temp table t as select 1 as x",
    "makes a temporary view": "create temp view t as select * from {mine}.subject",
    "makes a temporary sequence": "create temp sequence t",
    "selects into a temporary table": "select * into temp t from {mine}.subject",
    "makes a table": "create table {mine}.t (x int)",
    "makes a table in public": "create table public.t (x int)",
    "makes a schema": "create schema mine",
    "makes a function": "create function {mine}.f() returns int language sql as 'select 1'",
    "makes a function in its standing schema": (
        "create function {few}.f() returns int language sql as 'select 1'"
    ),
    "makes an operator of its own": (
        "create operator {mine}.=== (leftarg = date, rightarg = date, function = date_eq)"
    ),
    "makes an aggregate": "create aggregate {mine}.a (int) (sfunc = int4pl, stype = int)",
    "makes a type": "create type {mine}.t as (x int)",
    "makes a domain": "create domain {mine}.t as int",
    "makes a cast": "create cast (date as int) without function",
    "makes a sequence": "create sequence {mine}.s",
    "makes a collation": 'create collation {mine}.c from "C"',
    "makes a view over its view": "create view {mine}.v as select * from {mine}.subject",
    "makes a materialised view": (
        "create materialized view {mine}.v as select * from {mine}.subject"
    ),
    "makes a language": "create trusted language x handler plpgsql_call_handler",
    "makes an event trigger": (
        "create event trigger t on ddl_command_start execute function plpgsql_call_handler()"
    ),
    "publishes": "create publication p",
    "subscribes": "create subscription s connection 'host=x' publication p",
    "makes a wrapper of foreign data": "create foreign data wrapper w",
    "makes a database": "create database mine",
    "makes a role": "create role mine",
    "makes a tablespace": "create tablespace t location '/tmp'",
    "runs a block": "do $$ begin perform 1; end $$",
    "alters its view": "alter view {mine}.subject set (security_barrier = false)",
    "renames its view": "alter view {mine}.subject rename to s",
    "drops its view": "drop view {mine}.subject",
    "comments on its view": "comment on view {mine}.subject is 'a secret'",
    "comments on its role": "comment on role {role} is 'a secret'",
    "takes over what others own": "reassign owned by {owner} to {role}",
    "rebuilds indexes of the system": "reindex system {database}",
    "writes a checkpoint": "checkpoint",
    "changes settings by the view": "update pg_settings set setting = 'x'",
    "alters the server": "alter system set work_mem = '1MB'",
    "alters the database": "alter database {database} set work_mem = '1MB'",
    # large objects, messages, locks, transactions, processes
    "makes a large object": "select lo_create(0)",
    "opens a large object": "select lo_get(1)",
    "puts its view into a large object": (
        "select lo_from_bytea(0, (select string_agg(municipality, '')::bytea from {mine}.subject))"
    ),
    "loads a file into a large object": "select lo_import('/etc/passwd')",
    "sends a message with the function": "select pg_notify('x', 'a secret')",
    "takes a lock that others see": "select pg_advisory_lock(42)",
    "takes a shared lock": "select pg_advisory_xact_lock_shared(42)",
    "tries a lock": "select pg_try_advisory_xact_lock(42)",
    "lends its snapshot": "select pg_export_snapshot()",
    "takes a transaction number": "select pg_current_xact_id()",
    "writes to the write-ahead log": "select pg_logical_emit_message(false, 'x', 'a secret')",
    "makes a replication slot": "select pg_create_physical_replication_slot('x')",
    "sleeps": "select pg_sleep(0)",
    "ends another session": "select pg_terminate_backend(1)",
    "ends another statement": "select pg_cancel_backend(1)",
    "forgets statistics": "select pg_stat_reset()",
    # files and programs
    "reads a file": "select pg_read_file('/etc/passwd')",
    "reads a file as bytes": "select pg_read_binary_file('/etc/passwd')",
    "lists a folder": "select pg_ls_dir('.')",
    "looks for the log": "select pg_current_logfile()",
    "copies to a program": "copy {mine}.subject to program 'cat'",
    "copies from a program": "copy {mine}.subject from program 'cat'",
    "copies to a file": "copy (select 1) to '/tmp/leak'",
    "copies from a file": "copy {mine}.subject from '/etc/passwd'",
    "loads a library": "load 'dblink'",
    # other roles, other rights, settings
    "becomes the owner": "set role {owner}",
    "becomes another purpose": "set role {other_role}",
    "becomes the owner for the session": "set session authorization {owner}",
    "grants itself a table": "grant select on public.people_person to {role}",
    "grants itself to another purpose": "grant {role} to {other_role}",
    "takes the owner's role": "grant {owner} to {role}",
    "gives itself more rights": "alter role {role} superuser",
    "gives itself more connections": "alter role {role} connection limit 99",
    "gives itself a longer life": "alter role {role} valid until 'infinity'",
    "changes another role": "alter role {other_role} password 'x'",
    "changes another role's settings": "alter role {other_role} set search_path = x",
    "drops another role": "drop role {other_role}",
    "writes its errors to the log": "set log_min_messages = error",
    "writes its statements to the log": "set log_statement = 'all'",
    "writes its failed statements to the log": "set log_min_error_statement = error",
    "writes its slow statements to the log": "set log_min_duration_statement = 0",
    "stores a way into the log": "alter role {role} set log_min_messages = error",
    "turns triggers off": "set session_replication_role = replica",
    "opens the system's tables": "set allow_system_table_mods = on",
}

# Each is refused for another reason: what it names is not there for it, or is switched off.
REFUSED: dict[str, tuple[str, type[psycopg.Error] | tuple[type[psycopg.Error], ...]]] = {
    "reads a base table of a fact it may see": (
        "select * from people_person",
        errors.UndefinedTable,
    ),
    "reads a base table by its search path": (
        "set search_path = public, behind_the_wall; select * from people_person",
        errors.UndefinedTable,
    ),
    "reads another's view by its search path": (
        "set search_path = {other}; select * from subject",
        errors.UndefinedTable,
    ),
    "makes a table in the temporary schema": (
        "set search_path = pg_temp; create table t (x int)",
        (errors.InsufficientPrivilege, errors.InvalidSchemaName),
    ),
    "reads a column its purpose does not name": (
        "select language from {mine}.subject",
        errors.UndefinedColumn,
    ),
    "reads a system column of the rows": (
        "select xmin from {mine}.subject",
        errors.UndefinedColumn,
    ),
    "reads through a reference": (
        "select * from pg_catalog.pg_class where oid = 'public.people_person'::regclass",
        errors.InsufficientPrivilege,
    ),
    "installs an extension": (
        "create extension dblink schema {mine}",
        (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile),
    ),
    "installs a trusted extension": (
        "create extension pg_trgm schema {mine}",
        (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFile),
    ),
    "calls another database": (
        "select dblink_connect('dbname={database}')",
        errors.UndefinedFunction,
    ),
    "makes a foreign server": (
        "create server s foreign data wrapper postgres_fdw",
        errors.UndefinedObject,
    ),
    "keeps a transaction prepared": (
        "begin; select * from {mine}.subject; prepare transaction 'x'",
        (errors.ObjectNotInPrerequisiteState, errors.FeatureNotSupported),
    ),
    "renames itself": ("alter role {role} rename to mine", errors.FeatureNotSupported),
    "merges into its own view": (
        "merge into {mine}.subject s using (select 1 as x) t on true when matched then delete",
        (errors.InsufficientPrivilege, errors.FeatureNotSupported),
    ),
    "labels": ("security label on view {mine}.subject is 'x'", errors.InvalidParameterValue),
}


@pytest.mark.parametrize("leak", DENIED)
def test_inv_03_a_leak_through_the_role_is_denied(
    two_sights: tuple[Sight, Sight], leak: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        try_out(two_sights, DENIED[leak])


@pytest.mark.parametrize("leak", REFUSED)
def test_inv_03_a_leak_through_the_role_is_refused(
    two_sights: tuple[Sight, Sight], leak: str
) -> None:
    attempt, refusal = REFUSED[leak]
    with pytest.raises(refusal):
        try_out(two_sights, attempt)


def test_reset_role_gives_nothing_back(two_sights: tuple[Sight, Sight]) -> None:
    mine, _ = two_sights
    before = mine.connection.execute("select current_user, session_user").fetchone()
    mine.connection.execute("reset role")
    mine.connection.execute("reset session authorization")
    assert mine.connection.execute("select current_user, session_user").fetchone() == before
    assert before == (before[0], before[0])  # type: ignore[index]


def test_inv_08_what_fails_in_a_look_is_in_no_log_of_the_server(
    two_sights: tuple[Sight, Sight],
) -> None:
    for name, value in wall.DISCREET:
        shown = two_sights[0].connection.execute(f"show {name}".encode()).fetchone()
        assert shown == (value,), name


# ── errors, plans, columns ───────────────────────────────────────────────────────────────────


def test_inv_03_a_failing_cast_tells_only_what_the_view_shows(
    two_sights: tuple[Sight, Sight],
) -> None:
    with pytest.raises(errors.DivisionByZero):
        try_out(two_sights, "select * from {mine}.subject where cast(municipality as int) / 0 = 1")
    with pytest.raises(errors.InvalidDatetimeFormat, match='"091"'):
        try_out(two_sights, "select * from {mine}.subject where cast(municipality as date) is null")


def test_inv_03_every_view_of_a_purpose_is_a_security_barrier(
    two_sights: tuple[Sight, Sight],
) -> None:
    shown = [s.schema for s in two_sights] + [wall.few_schema(p) for p in (PURPOSE, LANGUAGES)]
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct reloptions from pg_class c join pg_namespace n on n.oid = relnamespace"
            " where nspname = any(%s) and relkind = 'v' and relname not like 'behind%%'",
            [shown],
        )
        assert cursor.fetchall() == [(["security_barrier=true"],)]


def test_inv_03_the_view_shows_exactly_the_named_facts(two_sights: tuple[Sight, Sight]) -> None:
    mine, other = two_sights
    columns = (
        "select table_schema::text, table_name::text,"
        " array_agg(column_name::text order by column_name)"
        " from information_schema.columns where table_schema not in"
        " ('pg_catalog', 'information_schema') group by 1, 2 order by 1, 2"
    )
    assert mine.connection.execute(columns).fetchall() == [
        (schema, *rest)
        for schema in sorted((mine.schema, wall.few_schema(PURPOSE)))
        for rest in (
            ("guardianship", ["guardian", "subject"]),
            ("subject", ["basis", "birth_date", "municipality", "safety_ban", "subject"]),
        )
    ]
    assert other.connection.execute(columns).fetchall() == [
        (schema, "subject", ["basis", "language", "subject"])
        for schema in sorted((other.schema, wall.few_schema(LANGUAGES)))
    ]
    assert seen(mine)[0] == (CHILD, "ok", date(2021, 5, 5), "091", False)
    assert seen(mine, "guardianship") == [(CHILD, GUARDIAN)]


# ── what a look may not tell of whom it does not show ────────────────────────────────────────

EXPLAIN = "explain (analyze, verbose, timing off, summary off, buffers off)"


def told(sight: Sight, query: str) -> str:
    """Return all that PostgreSQL says to a query: its answer, or its error."""
    try:
        found = str(sight.connection.execute(query.encode()).fetchall())
    except psycopg.Error as error:
        found = f"{error} {error.diag.message_detail} {error.diag.context}"
    return found.replace(sight.snapshot.replace("-", ""), "").replace(sight.schema, "")


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("only", [None, [CHILD]])
def test_inv_03_a_leaky_filter_meets_only_rows_that_the_look_shows(
    only: list[int] | None,
) -> None:
    """A failing cast tells the value it failed on, so the filter must never be given another."""
    consent.object_to(resident=OTHER, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    with look(only=only) as sight:
        for order in ("", "subject > 0 and ", "basis = 'ok' and ", f"subject = {OTHER} and "):
            cast = f"{order}cast('x' || birth_date as int) = 1"
            words = told(sight, f"select * from {sight.schema}.subject where {cast}")
            assert "1950" not in words
            assert only is None or "1985" not in words
    with look(only=[CHILD]) as sight:
        assert '"x2021-05-05"' in told(
            sight, f"select * from {sight.schema}.subject where cast('x' || birth_date as int) = 1"
        )


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("only", [None, [CHILD]])
def test_inv_03_how_many_rows_an_objector_has_is_told_by_no_row_and_no_plan(
    only: list[int] | None,
) -> None:
    consent.object_to(resident=CHILD, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    answers = []
    for _ in range(2):
        with look(only=only) as sight:
            view = f"{sight.schema}.guardianship"
            assert seen(sight, "guardianship") == [(CHILD, None)]
            answers.append(told(sight, f"{EXPLAIN} select * from {view} where subject = {CHILD}"))
        people.retract(
            subject=CHILD,
            register="people_guardianship",
            values={"guardian": GUARDIAN},
            by=SYSTEM,
            at=NOW,
        )
    assert answers[0] == answers[1]


@pytest.mark.usefixtures("loaded")
def test_inv_03_a_standing_view_has_the_same_plan_for_whoever_it_does_not_show() -> None:
    nobody = 4_000_000
    with look(only=[CHILD]) as sight:
        plans = [
            told(sight, f"{EXPLAIN} select * from {sight.schema}.subject where subject = {who}")
            for who in (OTHER, nobody)
        ]
        asked = told(sight, f"{EXPLAIN} select * from {sight.schema}.subject")
    assert plans[0].replace(str(OTHER), "?") == plans[1].replace(str(nobody), "?")
    for name in ("people_", "consent_"):
        assert name not in asked


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("earners", [[GUARDIAN], [GUARDIAN, OTHER]])
def test_inv_03_a_member_who_objected_leaves_one_empty_row_whatever_the_register_holds(
    earners: list[int],
) -> None:
    with_incomes(*earners)
    consent.object_to(resident=OTHER, purpose=HOUSEHOLDS.id, by=SYSTEM, at=LOADED)
    with look(HOUSEHOLDS, only=[CHILD]) as sight:
        rows = seen(sight, "household_income")
        members = seen(sight, "household_member")
    assert [row for row in rows if row[1:] == (None, None)] == [(CHILD, None, None)]
    assert len(rows) == 13
    assert [row[2] for row in members if row[1] == OTHER or row[2] is None] == [None]


# ── what stays of a look in a session ────────────────────────────────────────────────────────


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    "keep",
    [
        "declare c cursor with hold for select * from {few}.subject",
        "begin isolation level repeatable read; declare c cursor for select * from {few}.subject",
        "begin; declare c scroll cursor for select * from {few}.subject; fetch 1 from c",
    ],
)
def test_inv_03_a_kept_connection_keeps_no_cursor_and_no_transaction(keep: str) -> None:
    few = wall.few_schema(PURPOSE)
    with look(only=[CHILD]) as sight:
        sight.connection.execute(keep.format(few=few).encode())
    again = sight.connection
    for query in ("fetch backward all from c", "fetch all from c"):
        with pytest.raises(errors.InvalidCursorName):
            again.execute(query.encode())
    assert again.execute(f"select * from {few}.subject".encode()).fetchall() == []
    with look(only=[OTHER]) as sight:
        assert sight.connection is again
        assert [row[0] for row in seen(sight)] == [OTHER]


@pytest.mark.usefixtures("loaded")
def test_inv_03_a_second_session_cannot_keep_a_look_open() -> None:
    with psycopg.connect(raising.address(PURPOSE)) as second:
        with look() as sight:
            query = f"select * from {sight.schema}.subject".encode()
            assert len(second.execute(query).fetchall()) == 3
        with pytest.raises(errors.AdminShutdown):
            second.execute(query)


@pytest.mark.usefixtures("loaded")
def test_a_prepared_statement_shows_only_the_look_that_is_open() -> None:
    few = wall.few_schema(PURPOSE)
    with look(only=[CHILD]) as sight:
        sight.connection.execute(f"prepare mine as select subject from {few}.subject".encode())
        assert sight.connection.execute("execute mine").fetchall() == [(CHILD,)]
    assert sight.connection.execute("execute mine").fetchall() == []


# ── what PostgreSQL does not let us refuse: listed, and harmless ─────────────────────────────

# Commands that any role may give. The page on the wall says of each what makes it harmless.
ALLOWED = {
    "SET": "set work_mem = '8MB'",
    "RESET": "reset all",
    "SHOW": "show server_version",
    "DISCARD": "discard plans",
    "LISTEN": "listen x",
    "NOTIFY": "notify x, 'a secret'",
    "UNLISTEN": "unlisten *",
    "EXPLAIN": "explain select * from {mine}.subject",
    "PREPARE": "prepare y as select 1",
    "DEALLOCATE": "deallocate all",
    "DECLARE": "begin; declare d cursor for select * from {mine}.subject; commit",
    "LOCK": "begin; lock table {mine}.subject in access share mode; rollback",
    "CLUSTER": "cluster",
    "VACUUM": "vacuum pg_catalog.pg_type",
    "ANALYZE": "analyze pg_catalog.pg_type",
    "GRANT": "grant select on {mine}.subject to {other_role}",
    "REVOKE": "revoke select on {mine}.subject from {other_role}",
    "ALTER DEFAULT PRIVILEGES": "alter default privileges grant select on tables to {other_role}",
    "ALTER ROLE … SET": "alter role {role} set work_mem = '8MB'",
    "ALTER ROLE … PASSWORD": "alter role {role} password 'mine'",
    "DROP OWNED": "drop owned by {role}",
}


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("command", ALLOWED)
def test_inv_03_what_cannot_be_refused_is_told_on_the_page_and_opens_nothing(command: str) -> None:
    text = PAGE.read_text("utf-8")
    told_of = text[text.index("## What PostgreSQL does not let us refuse") :]
    assert f"`{command}`" in told_of
    with look() as mine, look(LANGUAGES) as other:
        try_out((mine, other), ALLOWED[command])
        with pytest.raises(errors.InsufficientPrivilege):
            other.connection.execute(f"select * from {mine.schema}.subject".encode())
        with pytest.raises(errors.InsufficientPrivilege):
            mine.connection.execute(f"select * from {other.schema}.subject".encode())
    looking.leave()
    consent.register(purpose=PURPOSE, by=SYSTEM, at=NOW)
    with look() as mine, look(only=[CHILD]) as few:
        assert (len(seen(mine)), len(seen(few))) == (3, 1)
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_default_acl")
        assert cursor.fetchone() == (0,)


@pytest.mark.usefixtures("loaded")
def test_inv_03_nothing_with_an_effect_is_left_to_everyone_but_ones_own_settings() -> None:
    """Whatever a later version adds is in this list too: then the wall or the page must change."""
    with connection.cursor() as cursor:

        def rows(query: str) -> set[str]:
            cursor.execute(query)
            return {row[0] for row in cursor.fetchall()}

        may = "has_{kind}_privilege('public', {oid}, '{right}')"
        assert rows(
            "select proname from pg_proc where provolatile = 'v' and "
            + may.format(kind="function", oid="oid", right="execute")
            + " and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)"
        ) == {"set_config"}
        assert not rows(
            "select c.oid::regclass::text from pg_class c join pg_namespace n"
            " on n.oid = relnamespace where nspname <> 'information_schema' and relkind <> 'i' and "
            + may.format(kind="table", oid="c.oid", right="select, insert, update, delete")
        )
        assert rows(
            "select nspname from pg_namespace where not pg_is_other_temp_schema(oid)"
            " and oid <> pg_my_temp_schema() and "
            + may.format(kind="schema", oid="oid", right="usage")
        ) <= {"pg_catalog", "information_schema", "pg_toast"}
        assert not rows(
            "select nspname from pg_namespace where "
            + may.format(kind="schema", oid="oid", right="create")
        )
        assert rows(
            "select lanname from pg_language where lanpltrusted and "
            + may.format(kind="language", oid="oid", right="usage")
        ) == {"sql"}
        assert not rows(
            "select datname from pg_database where datname = current_database() and "
            + may.format(kind="database", oid="oid", right="create, temp, connect")
        )


@pytest.mark.usefixtures("loaded")
def test_a_role_that_changed_its_password_is_told_how_it_comes_in_again() -> None:
    with look() as sight:
        try_out((sight, sight), "alter role {role} password 'mine'")
    looking.leave()
    for only in (None, [CHILD]):
        with pytest.raises(RoleShutOutError, match="registering the purpose anew"):
            look(only=only).__enter__()
    consent.register(purpose=PURPOSE, by=SYSTEM, at=NOW)
    with look() as sight:
        assert len(seen(sight)) == 3


# ── what a server must be like ───────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("loaded")
def test_a_keeper_who_is_no_superuser_is_told_what_it_needs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("create role half_keeper createdb createrole")
        try:
            cursor.execute("set role half_keeper")
            with pytest.raises(ServerUnfitError, match="alter role half_keeper superuser"):
                raising.refuse_unfit(cursor)
        finally:
            cursor.execute("reset role")
            cursor.execute("drop role half_keeper")
