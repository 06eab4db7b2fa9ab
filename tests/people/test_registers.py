"""Registers of health, schooling and tenancies: they keep what is true and end with a life here."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from stadi.kit.actor import SYSTEM
from stadi.people import actions as people
from stadi.people.registers import REGISTERS
from stadi.record import actions as record

pytestmark = pytest.mark.django_db
NOON = datetime(2027, 1, 15, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> None:
    """The city's time stands at noon."""
    record.start_demo_clock(at=NOON, by=SYSTEM)


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _change(
    subject: int,
    register: str,
    *,
    since: date = date(2026, 12, 31),
    at: datetime = NOON,
    **values: object,
) -> bool:
    return people.change(
        subject=subject,
        register=register,
        values=values,
        true_since=since,
        source="test",
        by=SYSTEM,
        at=at,
    )


LATER = {
    "people_diagnosis": {"code": "I10"},
    "people_measurement": {"kind": "blood_pressure", "taken_on": date(2026, 5, 5)},
    "people_clinician": {"clinician": 23},
    "people_education": {"left_on": None, "study_place": None},
    "people_tenancy": {"rent_cents": None},
}


@pytest.mark.parametrize("why", ["died", "moved_away"])
def test_health_schooling_and_tenancy_end_with_a_life_here(why: str):
    for register, values in LATER.items():
        assert _change(1, register, **values)
    assert people.end(subject=1, on=date(2027, 1, 16), why=why, by=SYSTEM, at=NOON + DAY)
    for register in LATER:
        now = f"select true_until from {register} where known_until = 'infinity'"
        assert _rows(now) == [(date(2027, 1, 16),)]


def test_a_second_diagnosis_stands_beside_the_first_and_a_later_measurement_in_its_place():
    _change(1, "people_diagnosis", code="I10")
    _change(1, "people_diagnosis", code="E11.9")
    assert len(_rows("select 1 from people_diagnosis where known_until = 'infinity'")) == 2
    for day in (date(2026, 5, 5), date(2027, 1, 14)):
        values = {"kind": "blood_pressure", "taken_on": day}
        _change(1, "people_measurement", at=NOON + DAY * day.day, since=day, **values)
    lasting = "known_until = 'infinity' and true_until = 'infinity'"
    assert _rows(f"select taken_on from people_measurement where {lasting}") == [
        (date(2027, 1, 14),)
    ]


@pytest.mark.parametrize(
    ("table", "row", "rule"),
    [
        ("people_measurement", "'weight', '2026-01-01'", "measurement_is_of_blood_pressure"),
        ("people_tenancy", "-1", "rent_is_never_below_nothing"),
    ],
)
def test_the_database_refuses_what_no_register_says(table: str, row: str, rule: str):
    names = ", ".join(REGISTERS[table].fields)
    ranges = "true_since, true_until, known_since, known_until, source"
    times = "'2027-01-01', 'infinity', '2027-01-15Z', 'infinity', 'test'"
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        _rows(f"insert into {table} ({names}, {ranges}) values (1, {row}, {times}) returning 1")
