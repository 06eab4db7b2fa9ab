"""Who lives in the demo city: postal area, age and sex, and how many homes of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stadi.people.labels import Bools, Ints
from stadi.people.paavo import AGE_BANDS, Area
from stadi.people.sampling import by_chance, rank_in, share_out

ADULT: Final = 18
# The band 13-15 is parted: whoever is 15 counts among the activities, children of 14 do not.
BANDS: Final = (*AGE_BANDS[:3], (13, 14), (15, 15), *AGE_BANDS[4:])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Residents before they live together; each array has one entry per resident."""

    area: Ints
    age: Ints
    woman: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """Households to form; each array has one entry per area."""

    households: Ints
    one_person: Ints
    with_children: Ints
    under_school_age: Ints
    one_parent: Ints


def draw_people(*, areas: Sequence[Area], residents: int, rng: np.random.Generator) -> People:
    """Draw residents whose ages add up city-wide, or raise ValueError where there can be none."""
    # Bands first: their totals stay exact in a city of any size.
    ages = np.array([_ages(area) for area in areas], dtype=np.int64).T
    if residents < 1 or not ages.sum():
        message = "a city needs at least one resident and areas with inhabitants"
        raise ValueError(message)
    start = int(rng.integers(ages.sum()))
    cells = share_out(ages.ravel(), total=residents, start=start).reshape(ages.shape)
    _move_children(cells, areas=areas)
    area = np.concatenate([np.repeat(np.arange(len(areas)), row) for row in cells])
    age = np.concatenate(
        [
            low + (np.arange(row.sum()) + rng.integers(high - low + 1)) % (high - low + 1)
            for (low, high), row in zip(BANDS, cells, strict=True)
        ]
    )
    return People(area=area, age=age, woman=_women(area=area, areas=areas, rng=rng))


def _ages(area: Area) -> tuple[int, ...]:
    fifteen = sum(area.ages[:4]) - area.under_15
    return (*area.ages[:3], area.ages[3] - fifteen, fifteen, *area.ages[4:])


def _women(*, area: Ints, areas: Sequence[Area], rng: np.random.Generator) -> Bools:
    size = np.bincount(area, minlength=len(areas))
    women = np.array([each.women for each in areas])
    both = np.maximum(women + np.array([each.men for each in areas]), 1)
    order = by_chance(np.arange(len(area)), area, rng=rng)
    woman = np.empty(len(area), dtype=np.bool_)
    wanted = np.rint(size * women / both)
    woman[order] = rank_in(area[order], groups=len(areas)) < wanted[area[order]]
    return woman


def _move_children(cells: Ints, *, areas: Sequence[Area]) -> None:
    """Move children of areas without an adult to the nearest area with one; only tiny cities have
    such.
    """
    minors = [band for band, (low, _) in enumerate(BANDS) if low < ADULT]
    adults = cells.sum(axis=0) - cells[minors].sum(axis=0)
    with_adults = np.flatnonzero(adults)
    if not len(with_adults):
        message = "a city needs at least one adult"
        raise ValueError(message)
    x, y = np.array([area.x for area in areas]), np.array([area.y for area in areas])
    for empty in np.flatnonzero((adults == 0) & (cells.sum(axis=0) > 0)):
        away = np.hypot(x[with_adults] - x[empty], y[with_adults] - y[empty])
        cells[:, with_adults[np.argmin(away)]] += cells[:, empty]
        cells[:, empty] = 0


def wanted_households(*, areas: Sequence[Area], residents: int, rng: np.random.Generator) -> Wanted:
    """Return the areas' households, scaled to a city of this many residents."""
    inhabitants = sum(area.inhabitants for area in areas)
    start = int(rng.integers(inhabitants))

    def scaled(figures: Sequence[int]) -> Ints:
        edges = (np.cumsum(np.array(figures, dtype=np.int64)) * residents + start) // inhabitants
        return np.diff(edges, prepend=np.int64(0))

    return Wanted(
        households=scaled([area.households for area in areas]),
        one_person=scaled([area.one_person for area in areas]),
        with_children=scaled([area.with_children for area in areas]),
        under_school_age=scaled([area.under_school_age for area in areas]),
        one_parent=scaled([area.one_parent for area in areas]),
    )
