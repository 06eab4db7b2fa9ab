"""What residents do and earn: activities and monthly incomes of the demo city."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stadi.people.labels import Floats, Ints, Labels
from stadi.people.paavo import Area
from stadi.people.population import ADULT, People
from stadi.people.sampling import by_key, rank_in, share_out_rows

Cents: TypeAlias = NDArray[np.int32]

WORKING_AGE: Final = 15  # Paavo counts activities from here on
ACTIVITIES: Final = ("employed", "unemployed", "student", "pensioner", "other", "child")
MONTHS: Final = 12
NO_MONTH: Final = 0.01  # of adults lack one month of income; our assumption
LOWEST, HIGHEST = 16_000, 35_900
"""Euros a year that end Paavo's lowest and begin its highest class in 2022. The upper lies between
the medians of the areas where just under and just over half belong to it (35,684 and 36,605); the
lower is our assumption.
"""
_LEVEL: Final = {  # where in its area's incomes an activity lies, and how widely; our assumption
    "employed": (1.0, 1.0),
    "unemployed": (-1.1, 0.6),
    "student": (-1.6, 0.6),
    "pensioner": (-0.3, 0.7),
    "other": (-1.9, 0.8),
    "child": (0.0, 0.0),
}
_VARYING: Final = {  # share of each activity whose months differ; our assumption
    "employed": 0.2,
    "unemployed": 0.3,
    "student": 1.0,
    "pensioner": 0.0,
    "other": 0.5,
    "child": 0.0,
}
_SUMMER: Final = (5, 6, 7)  # June to August
_EARLY: Final = 0.04  # of adults, those who retire young; our assumption
_EARLY_YEARS: Final = 20
_NOTHING: Final = 0.08  # the share of the lowest class without any income; our assumption
_HALF: Final = 0.5
_TAIL: Final = 2.5  # Pareto's exponent of the incomes above the last known point
_EDGE: Final = 12  # euros: whole euros a month never lift a year over the edge of its class


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incomes:
    """Monthly incomes of adults, in cents: `cents` has a row per adult and a column per month.

    `row` is the adult's position among the residents; `missing` is the month, from 0, that the
    register lacks, -1 for none. Incomes are euros at hand after taxes, as Paavo counts them.
    """

    row: Ints
    cents: Cents
    missing: NDArray[np.int8]


def draw_activities(*, people: People, areas: Sequence[Area], rng: np.random.Generator) -> Labels:
    """Give everyone of working age an activity, in each area's numbers.

    Pensioners are the oldest and students the youngest, with some blur; a few retire young.
    """
    figures = [(a.pensioners, a.students, a.employed, a.unemployed, _others(a)) for a in areas]
    grown = np.flatnonzero(people.age >= WORKING_AGE)
    area, age = people.area[grown], people.age[grown]
    size = np.bincount(area, minlength=len(areas))
    wanted = share_out_rows(np.array(figures), totals=size, rng=rng)
    early = (rng.random(len(grown)) < _EARLY) & (age >= ADULT)
    old = age + rng.normal(0, 3, size=len(grown)) + _EARLY_YEARS * early
    young = age + rng.normal(0, 5, size=len(grown))
    code = np.full(len(people.age), ACTIVITIES.index("child"), dtype=np.int64)
    code[grown] = ACTIVITIES.index("other")
    free = np.arange(len(grown))
    # Work and the lack of it go by chance; minors who are not students come last.
    minor = rng.random(len(grown)) + (age < ADULT)
    steps = (("pensioner", -old), ("student", young), ("employed", minor), ("unemployed", minor))
    for column, (name, key) in enumerate(steps):
        ordered = by_key(free, area[free], key[free])
        first = rank_in(area[ordered], groups=len(areas)) < wanted[area[ordered], column]
        code[grown[ordered[first]]] = ACTIVITIES.index(name)
        free = ordered[~first]
    return Labels.of(code, ACTIVITIES)


def _others(area: Area) -> int:
    known = area.under_15 + area.employed + area.unemployed + area.students + area.pensioners
    return area.inhabitants - known


def draw_incomes(
    *, people: People, activity: Labels, areas: Sequence[Area], rng: np.random.Generator
) -> Incomes:
    """Give every adult twelve months of income, ranked by activity within the area."""
    adults = np.flatnonzero(people.age >= ADULT)
    area, does = people.area[adults], activity.code[adults]
    level, spread = np.array([_LEVEL[name] for name in ACTIVITIES]).T
    score = level[does] + spread[does] * rng.normal(size=len(adults))
    order = by_key(np.arange(len(adults)), area, score)
    size = np.bincount(area, minlength=len(areas))
    rank = rank_in(area[order], groups=len(areas))
    year = np.empty(len(adults))
    year[order] = _year(area=area[order], share=(rank + 0.5) / size[area[order]], areas=areas)
    missing = np.full(len(adults), -1, dtype=np.int8)
    lacking = rng.random(len(adults)) < NO_MONTH
    missing[lacking] = rng.integers(MONTHS, size=np.count_nonzero(lacking))
    cents = _months(year=year, does=does.astype(np.int64), rng=rng)
    return Incomes(row=adults, cents=cents, missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Knots:
    """Points that an area's incomes run through: the share of adults below, and euros a year."""

    share: Floats
    euros: Floats


def _knots(areas: Sequence[Area]) -> _Knots:
    """Return three points per area: the end of the lowest class, the median, the highest class."""
    adults = np.array([max(area.adults, 1) for area in areas])
    low = np.array([area.low_income for area in areas]) / adults
    high = 1 - np.array([area.high_income for area in areas]) / adults
    median = np.array([area.median_income for area in areas], dtype=np.float64)
    rich = high < _HALF  # most belong to the highest class, so the median does too
    share = np.stack(
        [np.minimum(low, _HALF), np.minimum(high, _HALF), np.maximum(high, _HALF)], axis=1
    )
    edge = np.where(rich, np.minimum(HIGHEST, median), np.maximum(HIGHEST, median))
    euros = np.stack(
        [
            np.minimum(LOWEST, median),
            np.where(rich, edge, median),
            np.where(rich, median, edge),
        ],
        axis=1,
    )
    return _Knots(share=share, euros=euros)


def _year(*, area: Ints, share: Floats, areas: Sequence[Area]) -> Floats:
    """Return euros a year by the share of adults in the area who have less.

    The classes and the median are the area's own; what its mean still lacks goes to the top.
    """
    knots = _knots(areas)
    (at_low, at_mid, at_top), (low, mid, top) = knots.share[area].T, knots.euros[area].T

    def between(left: Floats, right: Floats, start: Floats, end: Floats) -> Floats:
        part = (share - left) / np.maximum(right - left, 1e-9)
        return start + _EDGE + part * (end - start - 2 * _EDGE)

    within = share / np.maximum(at_low, 1e-9)
    euros = np.where(within < _NOTHING, 0.0, (low - _EDGE) * within**0.6)
    euros = np.where(share >= at_low, between(at_low, at_mid, low, mid), euros)
    euros = np.where(share >= at_mid, between(at_mid, at_top, mid, top), euros)
    rich = share >= at_top
    euros[rich] = top[rich] + _EDGE
    steep = np.zeros(len(share))
    above = (share[rich] - at_top[rich]) / np.maximum(1 - at_top[rich], 1e-9)
    steep[rich] = (1 - above) ** (-1 / _TAIL) - 1
    number = len(areas)
    mean = np.array([each.mean_income for each in areas], dtype=np.float64)
    lacks = mean * np.bincount(area, minlength=number)
    lacks -= np.bincount(area, weights=euros, minlength=number)
    tail = np.bincount(area, weights=steep, minlength=number)
    stretch = np.where(tail > 0, np.maximum(lacks, 0) / np.maximum(tail, 1e-9), 0.0)
    made: Floats = np.maximum(euros + stretch[area] * steep, 0.0)
    return made


def _months(*, year: Floats, does: Ints, rng: np.random.Generator) -> Cents:
    """Part a year's income into months of whole euros; most people's months are alike."""
    cents = np.repeat((np.rint(year / MONTHS) * 100).astype(np.int32)[:, None], MONTHS, axis=1)
    varies = np.array([_VARYING[name] for name in ACTIVITIES])
    rows = np.flatnonzero(rng.random(len(year)) < varies[does])
    weight = np.maximum(rng.normal(1, 0.35, size=(len(rows), MONTHS)), 0.05)
    weight[np.ix_(does[rows] == ACTIVITIES.index("student"), _SUMMER)] *= 2.5
    weight /= weight.sum(axis=1, keepdims=True)
    euros = np.rint(weight * year[rows, None])
    # December takes the rounding, so that the year is the drawn one to half a euro.
    euros[:, -1] = np.maximum(np.rint(year[rows]) - euros[:, :-1].sum(axis=1), 0)
    cents[rows] = (euros * 100).astype(np.int32)
    return cents
