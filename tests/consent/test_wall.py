"""What a look through the wall shows, and what stays of it."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from consent.world import (
    CHILD,
    GUARDIAN,
    HOUSEHOLDS,
    LANGUAGES,
    LOADED,
    NOW,
    OTHER,
    PURPOSE,
    TODAY,
    load,
    look,
    seen,
    with_incomes,
)
from stadi.consent import actions as consent
from stadi.consent import raising, wall
from stadi.consent.domain import PurposeUnknownError, RoleChangedError
from stadi.consent.models import Snapshot
from stadi.engine import sweep
from stadi.engine.explain import explain
from stadi.engine.sweep import extract, person
from stadi.kit import rule as r
from stadi.kit import words
from stadi.kit.actor import SYSTEM, Actor
from stadi.people import facts as pop


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
    with psycopg.connect(raising.address(PURPOSE)) as again:
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
    assert consent.objecting(residents=[CHILD], purpose=PURPOSE.id) == {CHILD}
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
        assert seen(sight, "guardianship") == [(CHILD, GUARDIAN), (GUARDIAN, None)]


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
    with pytest.raises(PurposeUnknownError, match=r"test\.nothing"):
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
    with pytest.raises(RoleChangedError, match=r"test\.places"), look():
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
    assert secret in raising.address(PURPOSE)
    assert secret != wall.password("another secret", name)
    wrong = raising.address(PURPOSE).replace(secret, "guess")
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


@pytest.mark.usefixtures("loaded")
def test_a_household_is_seen_through_its_members_and_their_months() -> None:
    with_incomes(GUARDIAN)
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
    with_incomes(GUARDIAN)
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
