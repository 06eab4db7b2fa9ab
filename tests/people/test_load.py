"""Registers are loaded whole or not at all, and remember what was known when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from stadi.kit.actor import SYSTEM
from stadi.people import actions as people
from stadi.people.domain import Batch

pytestmark = pytest.mark.django_db
NOON = datetime(2027, 1, 15, 10, tzinfo=UTC)
SINCE = date(2026, 12, 31)


def _load(
    rows: list[tuple[object, ...]], *, at: datetime = NOON, table: str = "people_person"
) -> int:
    columns = {
        "people_person": ("subject", "birth_date", "sex"),
        "people_guardianship": ("subject", "guardian"),
        "people_care": ("subject", "form", "unit"),
    }[table]
    batch = Batch.of(table, columns, rows)
    return people.load(batches=[batch], true_since=SINCE, source="test", by=SYSTEM, at=at)


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_the_same_load_twice_changes_nothing():
    rows = [(1, date(2021, 5, 5), 1), (2, None, 2)]
    assert _load(rows) == 2
    assert _load(rows, at=NOON + timedelta(days=1)) == 0
    assert len(_rows("select 1 from people_person")) == 2


def test_a_correction_closes_what_was_known_and_keeps_it():
    _load([(1, date(2021, 5, 5), 1)])
    _load([(1, date(2021, 5, 6), 1)], at=NOON + timedelta(days=1))
    known = _rows(
        "select birth_date::text, known_until = 'infinity' from people_person order by known_since"
    )
    assert known == [("2021-05-05", False), ("2021-05-06", True)]


def test_a_subject_twice_in_one_file_is_refused_and_nothing_is_kept():
    with pytest.raises(people.LoadError, match=r"people_person: subject \(1,\) stands twice"):
        _load([(2, None, 1), (1, date(2021, 5, 5), 1), (1, date(2021, 5, 6), 1)])
    assert _rows("select 1 from people_person") == []


@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        ("people_person", (1, "no date", 1), "birth_date"),
        ("people_person", (None, date(2021, 1, 1), 1), "subject"),
        ("people_guardianship", (1, 1), "nobody_is_their_own_guardian"),
        ("people_care", (1, "nanny", None), "care_is_municipal_private_or_at_home"),
    ],
)
def test_a_bad_row_is_refused_with_its_table_and_field(
    table: str, row: tuple[object, ...], told: str
):
    with pytest.raises(people.LoadError, match=told) as refused:
        _load([row], table=table)
    assert table in str(refused.value)
    assert _rows(f"select 1 from {table}") == []


def test_a_bad_register_among_good_ones_keeps_none_of_them():
    good = Batch.of("people_person", ("subject", "birth_date", "sex"), [(1, None, 1)])
    bad = Batch.of("people_guardianship", ("subject", "guardian"), [(1, 1)])
    with pytest.raises(people.LoadError):
        people.load(batches=[good, bad], true_since=SINCE, source="test", by=SYSTEM, at=NOON)
    assert _rows("select 1 from people_person") == []


def test_the_database_refuses_a_range_that_ends_before_it_begins():
    _load([(1, None, 1)])
    with pytest.raises(IntegrityError, match="person_ends_after_it_begins"), transaction.atomic():
        _rows("update people_person set true_until = '2000-01-01' returning 1")


def test_two_rows_true_at_the_same_time_are_refused():
    _load([(1, None, 1)])
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people_person (subject, birth_date, sex, true_since, true_until,"
            " known_since, known_until, source) values"
            " (1, null, 1, '2020-01-01', '2027-06-01', %s, 'infinity', 'test')",
            [NOON],
        )
    with pytest.raises(people.LoadError, match="two rows true at the same time"):
        _load([(1, date(2021, 1, 1), 1)], at=NOON + timedelta(days=1))


def test_a_second_placement_for_the_same_term_changes_nothing():
    for _ in range(2):
        people.place(child=1, unit=4, term=2027, by=SYSTEM, at=NOON)
    assert _rows("select unit from people_placement") == [(4,)]
