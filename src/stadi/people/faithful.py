"""How faithful a drawn city is: each published margin beside the drawn one, fitted or held out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from stadi.people.care import TAKING_PART
from stadi.people.city import City
from stadi.people.city_names import LANGUAGES
from stadi.people.households import SCHOOL_AGE
from stadi.people.identity import WOMAN
from stadi.people.incomes import ACTIVITIES, HIGHEST, LOWEST
from stadi.people.labels import Bools, Floats, Ints
from stadi.people.paavo import AGE_BANDS, Area
from stadi.people.population import ADULT

WITH_CHILDREN_2022: Final = {(0, 2): 17_186, (7, 12): 29_032, (13, 17): 22_750}
"""Households with a child of these ages; Statistics Finland, Paavo 2022, the 84 areas together."""
YOUNG_ALONE_2022: Final = 58_332  # people under 35 who live alone; the same
YOUNG: Final = 35
FOUR: Final = 4
FOUR_OR_MORE: Final = 0.107  # of households; the city's district file of 2023, weighted by them
SHARES_2023: Final = {
    "households of one person": 182_420 / 356_921,
    "households with children": 66_612 / 356_921,
    "households with a child under 7": 32_004 / 356_921,
    "one-parent households": 17_232 / 356_921,
}
"""Of all households; Statistics Finland, Paavo 2023."""
CARE_2023: Final = {"ages 1-6 in early education": 0.835, "of other languages": 0.777}
"""Of children; the city's release on 2023."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One published margin: its totals, and the error summed over its cells.

    Figures of a smaller city are scaled to it. A share has no cells: its error is the difference.
    """

    name: str
    kind: Literal["fitted", "drawn by chance", "held out"]
    cells: int
    target: float
    drawn: float
    error: float


def report(city: City, areas: Sequence[Area]) -> list[Margin]:
    """Return every margin: what is fitted, what is left to chance, what is never looked at."""
    homes = _Homes.of(city, number=len(areas))
    scale = len(city.subject) / sum(area.inhabitants for area in areas)
    return [
        *_people(city, areas, scale),
        *_households(city, areas, homes, scale),
        *_incomes(city, areas, scale),
        *_by_chance(city),
        *_held_out(city, homes, scale),
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Homes:
    """Households counted: size, area, youngest resident, and guardians who live there."""

    size: Ints
    area: Ints
    youngest: Ints
    parents: Ints
    per_area: int

    @classmethod
    def of(cls, city: City, *, number: int) -> "_Homes":
        size = np.bincount(city.household)
        area = np.zeros(len(size), dtype=np.int64)
        area[city.household] = city.area
        youngest = np.full(len(size), 127, dtype=np.int64)
        np.minimum.at(youngest, city.household, city.age)
        child, guardian = (city.guardians - city.subject[0]).T
        home = city.household
        at_home = np.unique(guardian[home[child] == home[guardian]])
        parents = np.bincount(home[at_home], minlength=len(size))
        return cls(size=size, area=area, youngest=youngest, parents=parents, per_area=number)

    def where(self, chosen: Bools) -> Ints:
        """Return in how many households of each area this holds."""
        return np.bincount(self.area[chosen], minlength=self.per_area)


def _cells(name: str, target: Sequence[Sequence[int]], drawn: Ints, scale: float = 1.0) -> Margin:
    wanted = np.array(target, dtype=np.float64) * scale
    return Margin(
        name=name,
        kind="fitted",
        cells=wanted.size,
        target=float(wanted.sum()),
        drawn=float(drawn.sum()),
        error=float(np.abs(drawn - wanted).sum()),
    )


def _people(city: City, areas: Sequence[Area], scale: float) -> Iterator[Margin]:
    def count(rows: Bools) -> Ints:
        return np.bincount(city.area[rows], minlength=len(areas))

    ages = np.stack([count((city.age >= low) & (city.age <= high)) for low, high in AGE_BANDS], 1)
    yield _cells("age bands by area", [a.ages for a in areas], ages, scale)
    sexes = np.stack([count(city.sex == WOMAN), count(city.sex != WOMAN)], axis=1)
    yield _cells("sexes by area", [(a.women, a.men) for a in areas], sexes, scale)
    does = np.stack([count(city.activity.are(name)) for name in ACTIVITIES], axis=1)
    yield _cells("activities by area", [_activities(a) for a in areas], does, scale)
    spoken = np.bincount(city.language.code, minlength=len(LANGUAGES))
    edges = np.cumsum(list(LANGUAGES.values())) * len(city.subject)
    whole = np.diff(np.floor(edges + 0.5), prepend=0).astype(np.int64)
    yield _cells("languages of the city", [whole.tolist()], spoken[None, :])


def _households(city: City, areas: Sequence[Area], homes: _Homes, scale: float) -> Iterator[Margin]:
    for name, field, chosen in (
        ("households by area", "households", homes.size > 0),
        ("people who live alone by area", "one_person", homes.size == 1),
        ("households with children by area", "with_children", homes.youngest < ADULT),
        (
            "households with a child under 7 by area",
            "under_school_age",
            homes.youngest < SCHOOL_AGE,
        ),
        ("one-parent households by area", "one_parent", homes.parents == 1),
    ):
        target = [[getattr(a, field)] for a in areas]
        yield _cells(name, target, homes.where(chosen)[:, None], scale)
    held = city.tenure[np.unique(city.household, return_index=True)[1]]
    kinds = (held.are("owned"), held.are("rented", "right_of_occupancy"), held.code < 0)
    tenures = np.stack([homes.where(kind) for kind in kinds], axis=1)
    wanted = [(a.owned, a.rented, a.households - a.owned - a.rented) for a in areas]
    yield _cells("tenure of households by area", wanted, tenures, scale)


def _activities(area: Area) -> tuple[int, ...]:
    known = (area.employed, area.unemployed, area.students, area.pensioners)
    return (*known, area.inhabitants - sum(known) - area.under_15, area.under_15)


def _incomes(city: City, areas: Sequence[Area], scale: float) -> Iterator[Margin]:
    """Give the income classes as fitted cells, and the means and medians in euros a year."""
    number = len(areas)
    year = city.incomes.cents.sum(axis=1, dtype=np.int64) / 100
    area = city.area[city.incomes.row]
    adults = np.bincount(area, minlength=number)
    sides = (year < LOWEST, year > HIGHEST)
    classes = np.stack([np.bincount(area[side], minlength=number) for side in sides], axis=1)
    target = [(a.low_income, a.high_income) for a in areas]
    yield _cells("lowest and highest income class by area", target, classes, scale)
    mean = np.bincount(area, weights=year, minlength=number) / np.maximum(adults, 1)
    order = np.lexsort((year, area))
    middle = np.cumsum(adults) - adults + adults // 2
    lived = np.flatnonzero(adults)
    median = np.zeros(number)
    median[lived] = year[order[middle[lived]]]
    weight = adults / adults.sum()
    for name, field, made in (
        ("mean income by area, euros a year", "mean_income", mean),
        ("median income by area, euros a year", "median_income", median),
    ):
        wanted = np.array([getattr(a, field) for a in areas], dtype=np.float64)
        yield Margin(
            name=name,
            kind="fitted",
            cells=number,
            target=float(wanted @ weight),
            drawn=float(made @ weight),
            error=float(np.abs(made - wanted)[lived] @ weight[lived]),
        )


def _share(
    name: str, kind: Literal["drawn by chance", "held out"], target: float, drawn: float
) -> Margin:
    return Margin(name=name, kind=kind, cells=1, target=target, drawn=drawn, error=drawn - target)


def _by_chance(city: City) -> Iterator[Margin]:
    """Give what each child is drawn for by chance at the city's rates."""
    small = (city.age >= min(TAKING_PART)) & (city.age <= max(TAKING_PART))
    others = small & ~city.language.are("fi", "sv")
    inside = city.care.are("municipal", "private")
    for (name, target), rows in zip(CARE_2023.items(), (small, others), strict=True):
        yield _share(name, "drawn by chance", target, float(inside[rows].mean()))


def _held_out(city: City, homes: _Homes, scale: float) -> Iterator[Margin]:
    def share(chosen: Bools) -> float:
        return np.count_nonzero(chosen) / len(chosen)

    def number(name: str, target: int, drawn: int) -> Margin:
        wanted = target * scale
        return Margin(
            name=name,
            kind="held out",
            cells=1,
            target=wanted,
            drawn=drawn,
            error=drawn - wanted,
        )

    many = share(homes.size >= FOUR)
    yield _share("households of four or more", "held out", FOUR_OR_MORE, many)
    for (low, high), target in WITH_CHILDREN_2022.items():
        drawn = len(np.unique(city.household[(city.age >= low) & (city.age <= high)]))
        yield number(f"households with a child of {low}-{high}", target, drawn)
    alone = int(np.count_nonzero((homes.size == 1) & (homes.youngest < YOUNG)))
    yield number(f"people under {YOUNG} who live alone", YOUNG_ALONE_2022, alone)
    found = (
        homes.size == 1,
        homes.youngest < ADULT,
        homes.youngest < SCHOOL_AGE,
        homes.parents == 1,
    )
    for (name, goal), chosen in zip(SHARES_2023.items(), found, strict=True):
        yield _share(f"{name}, share in 2023", "held out", goal, share(chosen))


def districts(city: City, *, district: Ints, others: Floats) -> Margin:
    """Return how far languages by district are off, in residents: held out, as none is fitted.

    `district` gives each area's position in `others`, the published shares of other languages
    than Finnish, Swedish and Sami; -1 leaves an area out.
    """
    of = district[city.area]
    inside = of >= 0
    size = np.bincount(of[inside], minlength=len(others))
    foreign = ~city.language.are("fi", "sv")
    drawn = np.bincount(of[inside & foreign], minlength=len(others))
    wanted = others * size
    return Margin(
        name="other languages by district, residents",
        kind="held out",
        cells=len(others),
        target=float(wanted.sum()),
        drawn=float(drawn.sum()),
        error=float(np.abs(drawn - wanted).sum()),
    )


def decades(city: City, *, counts: Ints) -> Margin:
    """Return how far ages 0-9, 10-19, ... 80 and more are off from a grid's residents."""
    drawn = np.bincount(np.minimum(city.age // 10, 8), minlength=9)
    wanted = counts / counts.sum() * len(city.age)
    return Margin(
        name="ages in tens, the grid",
        kind="held out",
        cells=9,
        target=float(wanted.sum()),
        drawn=float(drawn.sum()),
        error=float(np.abs(drawn - wanted).sum()),
    )
