"""What later services need of the drawn city: health, leaving school, rents, things to go to."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stadi.people.city import City, draw
from stadi.people.health import CLINICIANS
from stadi.people.openings import HOLIDAYS, KINDS, SORTS
from stadi.people.paavo import built_in

TODAY = date(2027, 1, 15)
NOW = np.datetime64("2027-01-15")
SMALL, WHOLE = 5_000, 652_661


@cache
def drawn(residents: int) -> City:
    return draw(areas=built_in(), residents=residents, seed=2027, today=TODAY)


def kind(of: City, name: str) -> Any:
    return of.openings.kind.are(name)


def places(of: City, name: str) -> int:
    return int(of.openings.places[kind(of, name)].sum())


def test_one_in_thirty_of_the_treated_is_due_and_one_in_a_hundred_was_never_measured() -> None:
    health = drawn(WHOLE).health
    due = health.due(TODAY)
    assert 3_000 < due < 4_000
    assert 0.03 < due / len(health.row) < 0.04
    never = np.isnat(health.measured)
    assert np.mean(never) == pytest.approx(0.01, abs=0.001)
    assert health.measured[~never].min() > NOW - 3 * 365
    assert health.measured[~never].max() < NOW
    assert drawn(WHOLE).age[health.row].min() >= 30


def test_a_clinician_has_some_1500_patients_and_a_number_that_no_resident_has() -> None:
    of = drawn(WHOLE)
    known = of.health.clinician[of.health.clinician >= 0]
    assert np.mean(of.health.clinician < 0) == pytest.approx(0.01, abs=0.001)
    assert np.bincount(known)[CLINICIANS.start :].max() <= 1_600
    assert set(known.tolist()) <= set(CLINICIANS)
    assert not set(CLINICIANS) & set(of.subject.tolist())


def test_few_left_school_lately_and_some_of_them_study_by_now() -> None:
    of = drawn(WHOLE)
    left, age = of.leavers.left, of.age[of.leavers.row]
    lately = left >= NOW - 60
    assert 300 < np.count_nonzero(lately) < 400
    assert 2_000 < np.count_nonzero(~lately) < 4_000
    assert left.max() < NOW
    assert age.min() >= 16
    assert age.max() <= 29
    assert age[~lately].min() >= 19  # so that nobody left school as a child
    assert np.mean(~of.leavers.known) == pytest.approx(0.01, abs=0.002)
    assert np.mean(of.leavers.studies) == pytest.approx(0.15, abs=0.01)
    assert len(np.unique(of.leavers.row)) == len(of.leavers.row)


def test_every_rented_home_has_one_main_tenant_who_is_its_oldest_adult() -> None:
    of = drawn(WHOLE)
    row = of.tenancies.row
    rented = np.unique(of.household[of.tenure.are("rented")])
    assert np.array_equal(np.sort(of.household[row]), rented)
    oldest = np.zeros(of.household.max() + 1, dtype=np.int64)
    np.maximum.at(oldest, of.household, of.age)
    assert (of.age[row] == oldest[of.household[row]]).all()
    assert of.age[row].min() >= 18


def test_rents_grow_with_the_household_and_one_in_fifty_is_missing() -> None:
    of = drawn(WHOLE)
    cents = of.tenancies.cents
    known = cents >= 0
    size = np.bincount(of.household)[of.household[of.tenancies.row]]
    medians = [np.median(cents[known & (size == n)]) for n in range(1, 6)]
    assert medians == sorted(medians)
    assert np.mean(~known) == pytest.approx(0.02, abs=0.002)
    assert (cents[known] % 100 == 0).all()
    assert cents[known].min() > 20_000


def test_nurses_have_time_for_a_fifth_more_than_are_due_on_days_that_are_open() -> None:
    of = drawn(WHOLE)
    there = kind(of, "nurse_time")
    assert places(of, "nurse_time") == pytest.approx(1.2 * of.health.due(TODAY), abs=8)
    assert set(of.openings.places[there].tolist()) == {8}
    days = of.openings.starts[there].astype("datetime64[D]")
    assert days.min() >= np.datetime64("2027-02-01")
    assert days.max() <= np.datetime64("2027-03-31")
    assert np.is_busday(days, holidays=HOLIDAYS).all()
    who = [of.openings.x[there].tolist(), of.openings.y[there].tolist()]
    moments = set(zip(*who, of.openings.starts[there].tolist(), strict=True))
    assert len(moments) == np.count_nonzero(there)


def test_events_have_nine_seats_for_ten_babies_until_the_end_of_june() -> None:
    of = drawn(WHOLE)
    there = kind(of, "culture_event")
    babies = int(np.count_nonzero(of.age < 2))
    assert places(of, "culture_event") == 90 * babies // 100
    assert of.openings.places[there].min() >= 15
    assert of.openings.places[there].max() <= 65
    starts = of.openings.starts[there]
    assert starts.min() >= np.datetime64("2027-02-01T10:00")
    assert starts.max() <= np.datetime64("2027-06-30T14:00")
    lived = np.bincount(of.area[of.age < 2], minlength=len(built_in()))
    assert (lived[of.openings.area[there]] > 0).all()


def test_opportunities_say_how_many_hours_a_week_they_take_and_some_when_they_begin() -> None:
    of = drawn(WHOLE)
    there = kind(of, "opportunity")
    young = len(of.leavers.lately(TODAY))
    assert np.count_nonzero(there) == round(young / 3)
    assert of.openings.hours[there].min() >= 2
    assert of.openings.hours[there].max() <= 36
    assert not of.openings.hours[~there].any()
    assert set(of.openings.places[there].tolist()) <= set(range(5, 21))
    begin = np.isnat(of.openings.starts[there]).reshape(-1)[: len(SORTS)]
    assert begin.tolist() == [not sort.begins for sort in SORTS]


@pytest.mark.parametrize("residents", [400, 3_000, SMALL])
def test_a_small_city_has_a_few_of_everything(residents: int) -> None:
    of = drawn(residents)
    assert of.health.due(TODAY) >= 2
    assert np.isnat(of.health.measured).any()
    assert (of.health.clinician < 0).any()
    assert len(of.leavers.lately(TODAY)) >= 5
    assert not of.leavers.known.all()
    assert (of.leavers.studies & of.leavers.known).any()
    assert (of.tenancies.cents < 0).any()
    for name in KINDS:
        assert np.count_nonzero(kind(of, name)) >= 2
        assert of.openings.places[kind(of, name)].min() >= 1


@pytest.mark.parametrize("residents", [SMALL, WHOLE])
def test_names_are_given_once_in_a_kind(residents: int) -> None:
    of = drawn(residents)
    for name in KINDS:
        names = of.openings.name[kind(of, name)].tolist()
        assert len(set(names)) == len(names)


def test_what_is_drawn_later_leaves_the_rest_of_a_city_as_it_was() -> None:
    of = drawn(6_000)
    homes, incomes = int(of.home_x.sum()), int(of.incomes.cents.sum())
    # the sums of a seed's city when none of this was drawn
    assert (homes, incomes, int(of.given_name.code.sum()), int(of.has_email.sum())) == (
        *(2_328_196_454, 16_808_030_700),
        *(287_691, 4_205),
    )


def test_the_documented_figures_are_those_drawn() -> None:
    text = (Path(__file__).parents[2] / "docs/explanation/demo-city.md").read_text("utf-8")
    of = drawn(WHOLE)
    for name in KINDS:
        units = np.count_nonzero(kind(of, name))
        assert f"| {units} | {places(of, name):,} |" in text
    lately = int(np.count_nonzero(of.leavers.left >= NOW - 60))
    earlier = len(of.leavers.row) - lately
    told = (
        f"{len(of.health.row):,} people",
        f"{of.health.due(TODAY):,} patients not measured",
        f"{np.count_nonzero(of.age < 2):,} children under two",
        f"{len(of.leavers.lately(TODAY))} who left school",
        f"{lately} and {earlier:,} people",
    )
    assert [words for words in told if words not in text] == []
