"""Cases for activities and incomes: whole months, exact classes, honest gaps."""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest

from stadi.people.city import City, draw
from stadi.people.incomes import ACTIVITIES, HIGHEST, LOWEST, MONTHS
from stadi.people.paavo import built_in


@cache
def drawn(residents: int = 20_000) -> City:
    return draw(areas=built_in(), residents=residents, seed=11, today=date(2027, 1, 15))


def test_every_adult_has_twelve_months_and_no_child_has_any() -> None:
    of = drawn()
    assert of.incomes.row.tolist() == np.flatnonzero(of.age >= 18).tolist()
    assert of.incomes.cents.shape == (len(of.incomes.row), MONTHS)
    assert of.incomes.cents.dtype == np.int32


def test_months_are_whole_euros_and_never_below_nothing() -> None:
    cents = drawn().incomes.cents
    assert cents.min() == 0
    assert not (cents % 100).any()


def test_about_one_adult_in_a_hundred_lacks_one_month() -> None:
    missing = drawn().incomes.missing
    assert np.mean(missing >= 0) == pytest.approx(0.01, abs=0.004)
    assert set(np.unique(missing).tolist()) <= set(range(-1, MONTHS))


def test_children_have_no_activity_and_everyone_of_fifteen_has_one() -> None:
    of = drawn()
    assert (of.activity.are("child") == (of.age < 15)).all()
    assert set(of.activity.texts()) == set(ACTIVITIES)


def test_pensioners_are_old_and_students_young_but_not_all() -> None:
    of = drawn()
    old, young = of.age[of.activity.are("pensioner")], of.age[of.activity.are("student")]
    assert np.median(old) > 67
    assert np.median(young) < 25
    assert old.min() < 60


def test_minors_study_and_seldom_work_or_seek_work() -> None:
    of = drawn()
    minor = of.activity[(of.age >= 15) & (of.age < 18)]
    assert np.mean(minor.are("employed", "unemployed")) < 0.01


def test_pay_ranks_above_pensions_and_pensions_above_benefits() -> None:
    of = drawn()
    year = of.incomes.cents.sum(axis=1, dtype=np.int64)
    does = of.activity[of.incomes.row]
    middle = [
        np.median(year[does.are(name)])
        for name in ("employed", "pensioner", "unemployed", "student", "other")
    ]
    assert middle == sorted(middle, reverse=True)


def test_most_salaries_are_steady_and_students_earn_in_summer() -> None:
    of = drawn()
    cents, does = of.incomes.cents, of.activity[of.incomes.row]
    steady = (cents == cents[:, :1]).all(axis=1)
    assert np.mean(steady[does.are("employed")]) == pytest.approx(0.8, abs=0.03)
    assert steady[does.are("pensioner")].all()
    students = cents[does.are("student")].astype(np.int64)
    assert students[:, 5:8].mean() > 1.5 * students[:, :5].mean()


def test_some_have_no_income_of_their_own() -> None:
    year = drawn().incomes.cents.sum(axis=1, dtype=np.int64)
    assert 0 < np.mean(year == 0) < 0.03


def test_no_rounding_lifts_a_year_over_the_edge_of_its_class() -> None:
    year = drawn().incomes.cents.sum(axis=1, dtype=np.int64) / 100
    for edge in (LOWEST, HIGHEST):
        assert not (np.abs(year - edge) < 5).any()


def test_areas_without_income_figures_are_drawn_all_the_same() -> None:
    hidden = tuple(
        replace(area, low_income=0, high_income=0, mean_income=0, median_income=0)
        for area in built_in()
    )
    of = draw(areas=hidden, residents=3_000, seed=1, today=date(2027, 1, 15))
    assert of.incomes.cents.min() >= 0
