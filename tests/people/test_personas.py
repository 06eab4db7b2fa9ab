"""The fixed people of the demo, as the registers and the units of a filled city hold them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM
from stadi.people import actions as people
from stadi.people import paavo, pages
from stadi.people.openings import KINDS
from stadi.record import actions as record
from stadi.site import figures
from stadi.site.access import STAFF
from stadi.site.fill import fill
from stadi.site.personas import PERSONAS, persona_rows
from stadi.twin import actions as twin

BY_ID = {p.id: p for p in PERSONAS}
NOON = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)


def rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.fixture
def told(db: None) -> None:
    """The personas alone."""
    del db
    record.start_demo_clock(at=NOON, by=SYSTEM)
    own = persona_rows(("091", "00530"), (386_000, 6_674_000), first_unit=1)
    people.introduce(identities=own.identities, by=SYSTEM, at=NOON)
    day = NOON.date()
    people.load(batches=own.registers, true_since=day, source="demo", by=SYSTEM, at=NOON)


def test_ids_are_given_once_below_a_hundred_and_homes_are_shared_by_families_only() -> None:
    assert len(BY_ID) == len(PERSONAS) == 20
    assert max(BY_ID) < 100
    assert BY_ID[25].household == BY_ID[4].household
    assert BY_ID[28].household == BY_ID[29].household
    guardians = {g for p in PERSONAS for g in p.guardians}
    assert guardians <= set(BY_ID)


def test_everyone_who_can_be_chosen_has_a_story_and_whoever_works_has_a_role() -> None:
    stories = {p.story for p in PERSONAS}
    assert stories == set(pages.STORIES)
    assert set(pages.ROLES) == set(STAFF)
    assert BY_ID[23].story in STAFF


@pytest.mark.usefixtures("told")
def test_a_patient_was_measured_too_long_ago_and_has_a_clinician_who_can_be_met() -> None:
    assert rows("select subject, code from people_diagnosis") == [(24, "I10")]
    ((who, kind, day),) = rows("select subject, kind, taken_on::text from people_measurement")
    assert (who, kind, str(day)[:7]) == (24, "blood_pressure", "2025-06")
    assert rows("select subject, clinician from people_clinician") == [(24, 23)]
    assert people.addresses([24])


@pytest.mark.usefixtures("told")
def test_two_left_school_lately_and_neither_has_a_place() -> None:
    left = rows("select subject, left_on::text, study_place from people_education order by 1")
    assert left == [(10, "2027-01-08", False), (28, "2027-01-05", False)]
    assert rows("select guardian from people_guardianship where subject = 28") == [(29,)]
    assert (NOON.date() - BY_ID[28].born).days // 365 == 15


@pytest.mark.usefixtures("told")
def test_a_baby_has_two_guardians_who_do_not_live_together() -> None:
    found = rows("select guardian from people_guardianship where subject = 25 order by 1")
    assert found == [(4,), (29,)]
    assert BY_ID[25].born.isoformat() == "2026-12-20"
    assert BY_ID[4].household != BY_ID[29].household


@pytest.mark.usefixtures("told")
def test_of_two_tenants_alike_in_all_else_one_has_a_rent_that_nobody_knows() -> None:
    assert rows("select subject, rent_cents from people_tenancy order by 1") == [
        (26, 69_000),
        (27, None),
    ]
    months = "select cents from people_income where subject in (26, 27)"
    first, second = rows(months)
    assert first == second
    assert BY_ID[26].tenure == BY_ID[27].tenure == "rented"


def test_a_filled_city_has_units_of_every_kind_with_places_and_moments(db: None) -> None:
    del db
    drawn = figures.draw_city(residents=3_000, seed=7, areas=paavo.built_in())
    fill(drawn.city, drawn.areas)
    free = fulfil.free(term=figures.START.year)
    seen: set[int] = set()
    for kind in ("preschool", *KINDS):
        units = twin.units(kind=kind)
        assert len(units) >= 2
        assert all(free[u.id] >= 1 for u in units)
        assert not seen & {u.id for u in units}
        seen |= {u.id for u in units}
    zone = ZoneInfo("Europe/Helsinki")
    hours = {u.starts.astimezone(zone).hour for u in twin.units(kind="nurse_time") if u.starts}
    assert hours <= {9, 13}
    assert all(u.hours is None and u.starts for u in twin.units(kind="culture_event"))
    assert all(u.hours for u in twin.units(kind="opportunity"))
    assert {u.starts is None for u in twin.units(kind="opportunity")} == {True, False}
    assert rows("select count(*) from people_diagnosis") == [(len(drawn.city.health.row) + 1,)]
    assert rows("select count(*) from people_education where study_place is null") != [(0,)]
    lacking = rows("select count(*) from people_tenancy where rent_cents is null")
    assert lacking == [((drawn.city.tenancies.cents < 0).sum() + 1,)]
