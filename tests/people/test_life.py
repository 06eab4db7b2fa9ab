"""What happens to invented residents: plausible, the same each time, and never to a persona."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection

from stadi.kit.actor import SYSTEM
from stadi.people import actions as people
from stadi.people.domain import Batch
from stadi.people.life import LEAVES, MOVES, Residents, draw_life
from stadi.record import actions as record

NOON = datetime(2027, 1, 15, 10, tzinfo=UTC)
TODAY, LATER = date(2027, 1, 15), date(2028, 1, 15)


def _people(count: int, *, born: str | None = "1980-05-05", first: int = 1_000) -> Residents:
    return Residents(
        subject=np.arange(first, first + count),
        household=np.arange(count) // 2,
        born=np.full(count, np.datetime64(born or "NaT", "D")),
    )


def test_the_same_call_gives_the_same_life_and_another_seed_another():
    one, again, other = (
        draw_life(_people(2_000), since=TODAY, until=LATER, seed=seed) for seed in (7, 7, 8)
    )
    assert np.array_equal(one.moved, again.moved)
    assert np.array_equal(one.moved_on, again.moved_on)
    assert not np.array_equal(one.moved, other.moved)


def test_a_year_moves_about_as_many_as_assumed_and_nobody_twice():
    life = draw_life(_people(40_000), since=TODAY, until=LATER, seed=7)
    assert len(life.moved) / 40_000 == pytest.approx(MOVES, abs=0.01)
    assert len(life.left) / 40_000 == pytest.approx(LEAVES, abs=0.01)
    whole = np.concatenate([life.died, life.left, life.moved])
    assert len(np.unique(whole)) == len(whole)


def test_the_old_die_more_than_the_young_and_of_an_unknown_age_nobody():
    def dead(born: str | None) -> int:
        return len(draw_life(_people(20_000, born=born), since=TODAY, until=LATER, seed=7).died)

    assert dead("1935-01-01") > 50 * dead("1990-01-01") > 0
    assert dead(None) == 0


def test_everything_happens_after_the_first_day_and_by_the_last():
    life = draw_life(_people(20_000), since=TODAY, until=date(2027, 1, 17), seed=7)
    days = np.concatenate([life.died_on, life.left_on, life.moved_on])
    assert set(days.tolist()) == {date(2027, 1, 16), date(2027, 1, 17)}


def test_a_household_moves_together_and_those_with_a_persona_stay():
    crowd = _people(2_000, first=900, born="1920-01-01")
    life = draw_life(crowd, since=TODAY, until=date(2060, 1, 1), seed=7)
    touched = crowd.subject[np.concatenate([life.left, life.moved])]
    assert len(touched) > 0
    assert touched.min() >= 1_000
    assert crowd.subject[life.died].min() >= 1_000
    partners = touched ^ 1  # two share a home: an even number and the next
    died = set(crowd.subject[life.died].tolist())
    assert set(partners.tolist()) <= set(touched.tolist()) | died


@pytest.fixture
def city(db: None) -> None:
    """Two hundred old people who guard two hundred children, and one persona; the clock runs."""
    del db
    record.start_demo_clock(at=NOON, by=SYSTEM)
    old, young = range(2_000, 2_200), range(3_000, 3_200)
    tenures = ("rented", "owned", None)
    homes = [(i, i % 1_000 + 1, "00100", 10, 20, tenures[i % 3]) for i in (*old, *young)]
    born = [(i, date(1930, 1, 1), 1) for i in old] + [(i, date(2021, 2, 2), 2) for i in young]
    people.load(
        batches=[
            Batch.of("people_person", ("subject", "birth_date", "sex"), [*born, (1, None, 1)]),
            Batch.of(
                "people_residence",
                ("subject", "household", "area", "home_x", "home_y", "tenure"),
                [*homes, (1, 5_000, "00200", 1, 2, "owned")],
            ),
            Batch.of("people_tenancy", ("subject", "rent_cents"), [(i, 70_000) for i in old]),
            Batch.of("people_diagnosis", ("subject", "code"), [(i, "I10") for i in old]),
            Batch.of(
                "people_measurement",
                ("subject", "kind", "taken_on"),
                [(i, "blood_pressure", date(2026, 5, 5)) for i in old],
            ),
            Batch.of("people_clinician", ("subject", "clinician"), [(i, 100) for i in old]),
            Batch.of("people_care", ("subject", "form"), [(i, "home") for i in young]),
            Batch.of(
                "people_guardianship", ("subject", "guardian"), [(i, i - 1_000) for i in young]
            ),
        ],
        true_since=date(2026, 12, 31),
        source="test",
        by=SYSTEM,
        at=NOON,
    )


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {query}")
        return int(cursor.fetchone()[0])


def _live(days: int = 365) -> tuple[int, ...]:
    at = record.advance(by=SYSTEM, step=timedelta(days=days))
    return people.live(since=TODAY, until=TODAY + timedelta(days=days), seed=7, by=SYSTEM, at=at)


@pytest.mark.usefixtures("city")
def test_a_death_ends_home_and_guardianship_and_the_history_stays():
    changed = _live()
    ended = "known_until = 'infinity' and true_until <> 'infinity'"
    dead = _count(f"people_guardianship where {ended}")
    assert dead > 0
    assert _count(f"people_residence where {ended}") > dead
    assert _count("people_guardianship where known_until <> 'infinity'") == dead
    assert _count(f"people_care where {ended}") > 0
    for register in ("diagnosis", "measurement", "clinician"):
        assert _count(f"people_{register} where {ended}") >= dead
    assert changed
    assert 1 not in changed
    assert people.count()[0] < 401


@pytest.mark.usefixtures("city")
def test_no_day_has_two_homes_and_children_are_named_when_their_guardian_dies():
    changed = set(_live())
    twice = (
        "people_residence a join people_residence b on a.subject = b.subject"
        " and a.known_until = 'infinity' and b.known_until = 'infinity'"
        " and a.true_since < b.true_since and b.true_since < a.true_until"
    )
    assert _count(twice) == 0
    with connection.cursor() as cursor:
        cursor.execute("select subject from people_guardianship where known_until <> 'infinity'")
        assert {row[0] for row in cursor.fetchall()} <= changed


@pytest.mark.usefixtures("city")
def test_who_moves_into_a_rented_home_has_a_rent_that_nobody_knows_yet():
    _live()
    now = "known_until = 'infinity' and true_until = 'infinity'"
    rents = f"(select subject, rent_cents from people_tenancy where {now}) t"
    moved = f"(select subject, tenure from people_residence where {now} and source like 'demo%') r"
    assert _count(f"{rents} join {moved} using (subject) where rent_cents is null") > 0
    assert _count(f"{rents} join {moved} using (subject) where rent_cents is not null") == 0
    assert (
        _count(f"{rents} join {moved} using (subject) where tenure is distinct from 'rented'") == 0
    )
    assert _count(f"people_tenancy where {now} and rent_cents = 70000") > 0


@pytest.mark.usefixtures("city")
def test_no_day_passes_nothing_happens():
    assert people.live(since=TODAY, until=TODAY, seed=7, by=SYSTEM, at=NOON) == ()


@pytest.mark.django_db
def test_only_a_demo_city_lives_by_lot():
    with pytest.raises(people.LoadError, match="only a demo city"):
        people.live(since=TODAY, until=LATER, seed=7, by=SYSTEM, at=NOON)
