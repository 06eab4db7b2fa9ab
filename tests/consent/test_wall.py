"""Leaks tried through a purpose's own role: each is refused, and the view shows what it may."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from stadi.consent import actions as consent
from stadi.consent import wall
from stadi.consent.models import Snapshot
from stadi.engine import sweep
from stadi.engine.explain import explain
from stadi.engine.sweep import Sight, extract, person
from stadi.kit import rule as r
from stadi.kit import words
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Basis, Purpose
from stadi.people import actions as people
from stadi.people import facts as pop
from stadi.people.domain import Batch

LOADED = datetime(2027, 1, 2, 10, 0, tzinfo=UTC)
NOW = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
CHILD, GUARDIAN, OTHER = 1, 2, 3
LAW = Basis(kind="public_task", law="an act")
PURPOSE = Purpose(
    id="test.places",
    basis=LAW,
    uses={
        pop.birth_date: "who starts",
        pop.municipality: "whose duty",
        pop.safety_ban: "what must never be shown",
        pop.guardian: "whom to ask",
    },
)
LANGUAGES = Purpose(id="test.languages", basis=LAW, uses={pop.contact_language: "in which words"})


def load(at: datetime = LOADED, born: date | None = date(2021, 5, 5)) -> None:
    """Three residents: a child, a guardian, and somebody else."""
    everyone = (CHILD, GUARDIAN, OTHER)
    births = {CHILD: born, GUARDIAN: date(1985, 1, 1), OTHER: date(1950, 1, 1)}
    people.load(
        batches=[
            Batch.of(
                "people_person",
                ("subject", "birth_date", "sex"),
                [(i, births[i], 1) for i in everyone],
            ),
            Batch.of(
                "people_residence",
                ("subject", "household", "municipality", "area", "home_x", "home_y"),
                [(i, 1, "091", "00100", 385_000, 6_671_000) for i in everyone],
            ),
            Batch.of(
                "people_contact",
                ("subject", "language", "safety_ban"),
                [(i, "fi", False) for i in everyone],
            ),
            Batch.of("people_guardianship", ("subject", "guardian"), [(CHILD, GUARDIAN)]),
        ],
        true_since=date(2020, 1, 1),
        source="a register",
        by=SYSTEM,
        at=at,
    )
    for purpose in (PURPOSE, LANGUAGES):
        consent.register(purpose=purpose, by=SYSTEM, at=at)


def look(purpose: Purpose = PURPOSE, **times: Any) -> Any:
    return consent.look(purpose=purpose, **{"as_of": TODAY, "known_at": NOW, **times})


def seen(sight: Sight, view: str = "subject") -> list[tuple[Any, ...]]:
    return sight.connection.execute(
        f"select * from {sight.schema}.{view} order by subject"
    ).fetchall()


# ── leaks, all tried through one open look ───────────────────────────────────────────────────


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


DENIED = "permission denied"
LEAKS = {
    "reads a base table": ("select * from public.people_identity", DENIED),
    "reads a base table of a fact it may see": ("select * from people_person", "does not exist"),
    "copies a base table": ("copy public.people_person to stdout", DENIED),
    "joins a base table": (
        "select * from {mine}.subject s join public.people_contact c using (subject)",
        DENIED,
    ),
    "filters by a base table": (
        "select * from {mine}.subject where exists (select 1 from public.people_care)",
        DENIED,
    ),
    "counts a base table": ("select count(*) from public.people_person", DENIED),
    "sorts by a base table": (
        "select * from {mine}.subject order by (select max(sex) from public.people_person)",
        DENIED,
    ),
    "reads who objected": ("select * from public.consent_objection", DENIED),
    "reads the record": ("select * from public.record_entry", DENIED),
    "reads sessions": ("select * from public.django_session", DENIED),
    "reads another purpose's view": ("select * from {other}.subject", DENIED),
    "copies another purpose's view": ("copy (select * from {other}.subject) to stdout", DENIED),
    "reads the table behind its view": (
        "select * from behind_the_wall.subject_{snapshot}",
        DENIED,
    ),
    "reads a column its purpose does not name": (
        "select language from {mine}.subject",
        "does not exist",
    ),
    "writes a base table": ("update public.people_person set birth_date = null", DENIED),
    "empties a base table": ("truncate public.people_person", DENIED),
    "writes its own view": ("update {mine}.subject set birth_date = null", DENIED),
    "deletes from its own view": ("delete from {mine}.subject", DENIED),
    "makes a temporary table": ("create temp table t as select 1 as x", DENIED),
    "makes a table": ("create table {mine}.t (x int)", DENIED),
    "makes a table in public": ("create table public.t (x int)", DENIED),
    "makes a schema": ("create schema mine", DENIED),
    "makes a function": (
        "create function {mine}.f() returns int language sql as 'select 1'",
        DENIED,
    ),
    "makes a view over its view": (
        "create view {mine}.v as select * from {mine}.subject",
        DENIED,
    ),
    "runs a block": ("do $$ begin perform 1; end $$", DENIED),
    "makes a large object": ("select lo_create(0)", DENIED),
    "puts its view into a large object": (
        "select lo_from_bytea(0, (select string_agg(municipality, '')::bytea from {mine}.subject))",
        DENIED,
    ),
    "sends a message with a payload": ("select pg_notify('x', 'a secret')", DENIED),
    "takes a lock that others see": ("select pg_advisory_lock(42)", DENIED),
    "tries a lock": ("select pg_try_advisory_xact_lock(42)", DENIED),
    "reads locks": ("select * from pg_locks", DENIED),
    "reads locks by the function": ("select * from pg_lock_status()", DENIED),
    "writes to the write-ahead log": (
        "select pg_logical_emit_message(false, 'x', 'a secret')",
        DENIED,
    ),
    "becomes the owner": ("set role {owner}", DENIED),
    "becomes another purpose": ("set role {other_role}", DENIED),
    "becomes the owner for the session": ("set session authorization {owner}", DENIED),
    "grants itself a table": ("grant select on public.people_person to {role}", DENIED),
    "gives itself more rights": ("alter role {role} superuser", DENIED),
    "changes another role": ("alter role {other_role} password 'x'", DENIED),
    "reads statistics of values": ("select * from pg_stats", DENIED),
    "reads statistics beneath": ("select * from pg_statistic", DENIED),
    "reads what others run": ("select * from pg_stat_activity", DENIED),
    "reads what others run by the function": ("select * from pg_stat_get_activity(null)", DENIED),
    "reads row counts": ("select * from pg_stat_user_tables", DENIED),
    "measures a base table": (
        "select pg_relation_size(oid) from pg_class where relname = 'people_person'",
        DENIED,
    ),
    "measures a base table's indexes": (
        "select pg_indexes_size(oid) from pg_class where relname = 'people_person'",
        DENIED,
    ),
    "reads a base table as XML": ("select query_to_xml('select 1', true, true, '')", DENIED),
    "reads the text of a view": ("select definition from pg_views", DENIED),
    "reads a file": ("select pg_read_file('/etc/passwd')", DENIED),
    "copies to a program": ("copy {mine}.subject to program 'cat'", DENIED),
    "copies to a file": ("copy (select 1) to '/tmp/leak'", DENIED),
    "locks a base table": (
        "begin; lock table public.people_person in access share mode",
        DENIED,
    ),
    "reads passwords": ("select * from pg_authid", DENIED),
    "installs an extension": (
        "create extension dblink schema {mine}",
        "permission denied|not available",
    ),
    "explains a base table": ("explain select * from public.people_person", DENIED),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_inv_03_a_leak_through_the_role_is_refused(
    two_sights: tuple[Sight, Sight], leak: str
) -> None:
    attempt, refusal = LEAKS[leak]
    with pytest.raises(psycopg.Error, match=refusal):
        try_out(two_sights, attempt)


def try_out(two_sights: tuple[Sight, Sight], attempt: str) -> None:
    """Try a leak through the first purpose's role, after it has thrown off read-only."""
    mine, other = two_sights
    database = str(connection.settings_dict["NAME"])
    statement = attempt.format(
        mine=mine.schema,
        other=other.schema,
        snapshot=mine.snapshot.replace("-", ""),
        owner=connection.settings_dict["USER"],
        role=wall.role_name(database, PURPOSE),
        other_role=wall.role_name(database, LANGUAGES),
    )
    role = mine.connection
    role.execute("set default_transaction_read_only = off")
    if statement.startswith("copy"):
        with role.cursor().copy(statement.encode()) as rows:
            for _ in rows:
                pass
        return
    try:
        role.execute(statement.encode())
    finally:
        role.rollback()


def test_reset_role_gives_nothing_back(two_sights: tuple[Sight, Sight]) -> None:
    mine, _ = two_sights
    before = mine.connection.execute("select current_user, session_user").fetchone()
    mine.connection.execute("reset role")
    mine.connection.execute("reset session authorization")
    assert mine.connection.execute("select current_user, session_user").fetchone() == before
    assert before == (before[0], before[0])  # type: ignore[index]


def test_inv_03_a_leaky_function_in_a_filter_sees_no_more_than_the_view(
    two_sights: tuple[Sight, Sight],
) -> None:
    mine, _ = two_sights
    with pytest.raises(psycopg.Error) as caught:
        mine.connection.execute(
            f"select * from {mine.schema}.subject where cast(municipality as int) / 0 = 1"
        )
    assert "division by zero" in str(caught.value)
    query = f"select * from {mine.schema}.subject where cast(municipality as date) is null"
    with pytest.raises(psycopg.Error, match='"091"'):
        mine.connection.execute(query)
    with connection.cursor() as cursor:
        cursor.execute(
            "select reloptions from pg_class c join pg_namespace n on n.oid = relnamespace"
            " where nspname = %s",
            [mine.schema],
        )
        assert {tuple(row[0]) for row in cursor.fetchall()} == {("security_barrier=true",)}


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


def test_the_roles_session_is_read_only_until_it_says_otherwise() -> None:
    assert dict(wall.SETTINGS)["default_transaction_read_only"] == "on"


# ── what a look shows, and what stays of it ──────────────────────────────────────────────────


@pytest.fixture
def loaded(transactional_db: None) -> None:
    del transactional_db
    load()


@pytest.mark.usefixtures("loaded")
def test_nothing_of_a_snapshot_stays_after_the_look_is_closed() -> None:
    with look() as sight:
        assert len(seen(sight)) == 3
        assert Snapshot.objects.get(id=sight.snapshot).rows == 3
    with pytest.raises(psycopg.OperationalError, match="closed"):
        seen(sight)
    with connection.cursor() as cursor:
        cursor.execute("select nspname from pg_namespace where nspname like 'wall\\_test%'")
        assert cursor.fetchall() == []
        cursor.execute(
            "select relname from pg_class where relnamespace = 'behind_the_wall'::regnamespace"
        )
        assert cursor.fetchall() == []
    assert Snapshot.objects.get(id=sight.snapshot).closed_at == NOW
    with psycopg.connect(consent._role_conninfo(PURPOSE)) as again:
        query = f"select * from {sight.schema}.subject"
        with pytest.raises(psycopg.Error, match="does not exist"):
            again.execute(query.encode())


@pytest.mark.usefixtures("loaded")
def test_nothing_stays_when_the_work_breaks_off() -> None:
    with pytest.raises(ZeroDivisionError), look():
        raise ZeroDivisionError
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_namespace where nspname like 'wall\\_test%'")
        assert cursor.fetchone() == (0,)


@pytest.mark.usefixtures("loaded")
def test_inv_09_an_objection_keeps_the_row_and_hides_every_fact() -> None:
    consent.object_to(resident=CHILD, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    consent.object_to(resident=CHILD, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    assert consent.objectors(purpose=PURPOSE.id) == {CHILD}
    with look() as sight:
        assert seen(sight)[0] == (CHILD, "objected", None, None, None)
        assert seen(sight)[1] == (GUARDIAN, "ok", date(1985, 1, 1), "091", False)
        assert seen(sight, "guardianship") == [(CHILD, None)]
        found = person(sight, CHILD)
        assert found is not None
        assert found.basis == "objected"
        assert set(found.facts.values()) == {None}
        assert extract(sight).tables["subject"].num_rows == 3


@pytest.mark.usefixtures("loaded")
def test_an_objection_to_one_purpose_leaves_the_other_as_it_was() -> None:
    consent.object_to(resident=CHILD, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    with look(LANGUAGES) as sight:
        assert seen(sight)[0] == (CHILD, "ok", "fi")


@pytest.mark.usefixtures("loaded")
def test_an_objection_given_later_does_not_change_an_earlier_look() -> None:
    consent.object_to(resident=CHILD, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    with look(known_at=NOW - timedelta(seconds=1)) as sight:
        assert seen(sight)[0][1] == "ok"


@pytest.mark.usefixtures("loaded")
def test_a_relatives_objection_hides_the_relative_and_not_the_child() -> None:
    consent.object_to(resident=GUARDIAN, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
    with look() as sight:
        assert seen(sight)[0] == (CHILD, "ok", date(2021, 5, 5), "091", False)
        assert seen(sight)[1] == (GUARDIAN, "objected", None, None, None)
        assert seen(sight, "guardianship") == [(CHILD, GUARDIAN)]


@pytest.mark.usefixtures("loaded")
def test_explain_analyze_cannot_tell_what_an_objection_hides() -> None:
    query = "explain (analyze, costs off, timing off, summary off, buffers off, format json)"
    plans = []
    for born in (date(2021, 5, 5), date(1990, 1, 1)):
        load(at=NOW, born=born)
        consent.object_to(resident=CHILD, purpose=PURPOSE.id, by=SYSTEM, at=NOW)
        with look() as sight:
            filtered = (
                f"{query} select * from {sight.schema}.subject"
                f" where subject = {CHILD} and birth_date > '2020-01-01'"
            )
            row = sight.connection.execute(filtered).fetchone()
            assert row is not None
            plans.append(str(row[0]).replace(sight.snapshot.replace("-", ""), ""))
    assert plans[0] == plans[1]
    assert "consent_objection" not in plans[0]
    assert "people_person" not in plans[0]


@pytest.mark.usefixtures("loaded")
def test_an_objection_to_a_purpose_that_nobody_registered_is_refused() -> None:
    with pytest.raises(consent.PurposeUnknownError, match=r"test\.nothing"):
        consent.object_to(resident=CHILD, purpose="test.nothing", by=SYSTEM, at=NOW)


@pytest.mark.usefixtures("loaded")
def test_inv_18_what_became_known_later_is_not_seen() -> None:
    load(at=NOW, born=date(2021, 6, 6))
    with look(known_at=NOW - timedelta(seconds=1)) as before, look() as after:
        assert seen(before)[0][2] == date(2021, 5, 5)
        assert seen(after)[0][2] == date(2021, 6, 6)
    with look(known_at=LOADED - timedelta(seconds=1)) as sight:
        assert seen(sight) == []


@pytest.mark.usefixtures("loaded")
def test_inv_18_what_was_not_true_yet_on_the_day_is_not_seen() -> None:
    with look(as_of=date(2019, 12, 31)) as sight:
        assert seen(sight) == []
    with look(as_of=date(2020, 1, 1)) as sight:
        assert len(seen(sight)) == 3


@pytest.mark.usefixtures("loaded")
def test_a_look_at_one_resident_shows_nobody_else_and_is_no_batch() -> None:
    with look(only=[CHILD]) as sight:
        assert [row[0] for row in seen(sight)] == [CHILD]
        assert seen(sight, "guardianship") == [(CHILD, GUARDIAN)]
        assert person(sight, OTHER) is None
    assert list(Snapshot.objects.values_list("subjects", "rows")) == [([CHILD], 1)]
    assert consent.looks(person=CHILD, at=NOW) == [(PURPOSE.id, NOW)]
    assert consent.looks(person=OTHER, at=NOW) == []


@pytest.mark.usefixtures("loaded")
def test_a_role_that_changed_its_own_settings_opens_no_look_until_registered_anew() -> None:
    name = wall.role_name(str(connection.settings_dict["NAME"]), PURPOSE)
    with look() as sight:
        sight.connection.execute("set default_transaction_read_only = off")
        sight.connection.execute(f"alter role {name} set datestyle = 'SQL, DMY'")
    with pytest.raises(consent.RoleChangedError, match=r"test\.places"), look():
        pass
    consent.register(purpose=PURPOSE, by=SYSTEM, at=NOW)
    with look() as sight:
        assert len(seen(sight)) == 3


@pytest.mark.usefixtures("loaded")
def test_inv_03_two_purposes_whose_names_read_alike_have_roles_of_their_own() -> None:
    alike = replace(LANGUAGES, id="test-places")
    assert alike.slug == PURPOSE.slug
    consent.register(purpose=alike, by=SYSTEM, at=NOW)
    with look() as mine, look(alike) as other:
        assert seen(other)[0] == (CHILD, "ok", "fi")
        with pytest.raises(psycopg.Error, match="permission denied"):
            seen(replace(other, connection=mine.connection))


@pytest.mark.usefixtures("loaded")
def test_two_looks_of_a_purpose_with_a_long_name_do_not_meet() -> None:
    long = replace(LANGUAGES, id="test." + "a_very_long_name_" * 6)
    consent.register(purpose=long, by=SYSTEM, at=NOW)
    with look(long) as one, look(long, known_at=LOADED - timedelta(days=1)) as other:
        assert len(seen(one)) == 3
        assert seen(other) == []


def test_a_role_of_one_database_is_never_that_of_another() -> None:
    names = {
        wall.role_name(database, replace(PURPOSE, id=name))
        for database, name in (("a", "b.c"), ("a_b", "c"), ("a", "b-c"), ("a", "b_c"))
    }
    assert len(names) == 4
    assert all(len(wall.role_name("x" * n, PURPOSE)) < 64 for n in range(1, 80))


def test_a_role_is_let_in_by_its_own_password_only(loaded: None) -> None:
    del loaded
    name = wall.role_name(str(connection.settings_dict["NAME"]), PURPOSE)
    secret = wall.password(settings.SECRET_KEY, name)
    assert secret in consent._role_conninfo(PURPOSE)
    assert secret != wall.password("another secret", name)
    wrong = consent._role_conninfo(PURPOSE).replace(secret, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


@pytest.mark.usefixtures("loaded")
def test_the_looks_are_listed_newest_first() -> None:
    with look(known_at=NOW - timedelta(hours=1)), look(LANGUAGES):
        pass
    assert consent.looks(person=CHILD, at=NOW) == [
        (LANGUAGES.id, NOW),
        (PURPOSE.id, NOW - timedelta(hours=1)),
    ]


# ── relatives, incomes and households ────────────────────────────────────────────────────────

HOUSEHOLDS = Purpose(
    id="test.households",
    basis=LAW,
    uses={
        pop.member: "who lives there",
        pop.member_birth_date: "how old they are",
        pop.household_income_month: "of which months",
        pop.household_income_cents: "how much",
    },
)


def with_incomes() -> None:
    """A household of three, of whom the guardian earns and the other one objects."""
    year = [100_000] * 11 + [None]
    rows = pa.table(
        {"subject": [GUARDIAN], "year": [2026], "cents": pa.array([year], pa.list_(pa.int32()))}
    )
    people.load(
        batches=[Batch(table="people_income", rows=rows)],
        true_since=date(2026, 1, 1),
        source="a register",
        by=SYSTEM,
        at=LOADED,
    )
    consent.register(purpose=HOUSEHOLDS, by=SYSTEM, at=LOADED)


@pytest.mark.usefixtures("loaded")
def test_a_household_is_seen_through_its_members_and_their_months() -> None:
    with_incomes()
    with look(HOUSEHOLDS, only=[CHILD]) as sight:
        members = sight.connection.execute(
            f"select member, member_birth_date from {sight.schema}.household_member order by 1"
        ).fetchall()
        incomes = sight.connection.execute(
            f"select subject, month, cents from {sight.schema}.household_income order by month"
        ).fetchall()
    assert members == [
        (CHILD, date(2021, 5, 5)),
        (GUARDIAN, date(1985, 1, 1)),
        (OTHER, date(1950, 1, 1)),
    ]
    assert len(incomes) == 12
    assert incomes[0] == (CHILD, date(2026, 1, 1), 100_000)
    assert incomes[-1] == (CHILD, date(2026, 12, 1), None)


@pytest.mark.usefixtures("loaded")
def test_a_member_who_objected_keeps_the_link_and_makes_the_sum_unknown() -> None:
    with_incomes()
    by = Actor(kind="resident", id=OTHER)
    consent.object_to(resident=OTHER, purpose=HOUSEHOLDS.id, by=by, at=LOADED)
    sum_ = words.total(pop.household_income_cents, pop.household_income_month < date(2026, 12, 1))
    size = words.count(pop.member)
    amounts = (r.Amount(name="sum", value=sum_), r.Amount(name="size", value=size))
    rules = (r.Rule(condition=size == 3, because="three"),)
    with look(HOUSEHOLDS, only=[CHILD]) as sight:
        births = sight.connection.execute(
            f"select member_birth_date from {sight.schema}.household_member where member = {OTHER}"
        ).fetchall()
        asked = sweep.run_there(rules, sight, amounts=amounts)
        who = person(sight, CHILD)
    assert births == [(None,)]
    assert asked.of("yes") == [CHILD]
    assert [asked.amounts[name].to_pylist() for name in ("sum", "size")] == [[None], [3]]
    assert who is not None
    answer = explain(rules, who, as_of=TODAY, amounts=amounts)
    assert answer.amounts == {"sum": None, "size": 3}


@pytest.mark.usefixtures("loaded")
def test_inv_03_a_standing_view_shows_only_the_subjects_of_an_open_look_of_its_purpose() -> None:
    with look(only=[CHILD]) as sight, look(LANGUAGES, only=[OTHER]) as other:
        mine, schema = sight.connection, sight.schema
        assert [row[0] for row in seen(sight)] == [CHILD]
        for session in ("", str(uuid4()), other.snapshot):
            mine.execute("select set_config('stadi.look', %s, false)", [session])
            assert seen(sight) == []
            assert seen(sight, "guardianship") == []
        with pytest.raises(psycopg.Error, match="denied"):
            mine.execute(f"select * from {other.schema}.subject")
    mine.execute("select set_config('stadi.look', %s, false)", [sight.snapshot])
    assert mine.execute(f"select * from {schema}.subject").fetchall() == []


@pytest.mark.usefixtures("loaded")
def test_a_kept_connection_forgets_the_look_it_was_lent_for() -> None:
    with look(only=[CHILD]) as sight:
        first = sight.connection
    assert first.execute("select current_setting('stadi.look', true)").fetchone() == ("",)
    with look(only=[CHILD]) as sight:
        assert sight.connection is first
        first.close()
    with look(only=[CHILD]) as sight:
        assert [row[0] for row in seen(sight)] == [CHILD]
