"""How adults of the demo city share homes: alone, in pairs, and grown children with parents."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stadi.people.labels import Bools, Floats, Ints
from stadi.people.population import People, Wanted
from stadi.people.sampling import by_chance, by_key, rank_in

STAYING: Final = ((18, 19, 0.75), (20, 24, 0.25), (25, 29, 0.06))
"""First and last age, and the share that lives with parents. Of people of 20-29 years 15 % did so
in Greater Helsinki in 2014 (Statistics Finland, dwellings and housing conditions); how that
divides by age is our assumption.
"""
SIBLINGS: Final = ((18, 19, 0.5), (20, 24, 0.3), (25, 29, 0.1))
"""Of these, the share whose parents have a child under 18 at home too; our assumption."""
_GENERATION: Final = (20, 45)  # years between a grown child and the parent
_ALIKE: Final = 8  # years between others who share a home
_AREA_STEP: Final = 1_000  # years: keeps the ages of two areas apart on one sorted line


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Young:
    """Grown children who live with parents: those in families with children under 18 (rows), and
    whether each resident is one of the others.
    """

    with_siblings: Ints
    stays: Bools


def stays_with_parents(*, people: People, free: Bools, rng: np.random.Generator) -> Young:
    """Choose grown children among free adults."""
    chance, sibling = (_by_age(people.age, table) for table in (STAYING, SIBLINGS))
    stays = free & (rng.random(len(free)) < chance)
    rows = np.flatnonzero(stays & (rng.random(len(free)) < sibling))
    stays[rows] = False
    return Young(with_siblings=rows, stays=stays)


def _by_age(age: Ints, table: tuple[tuple[int, int, float], ...]) -> Floats:
    chance = np.zeros(len(age))
    for low, high, share in table:
        chance[(age >= low) & (age <= high)] = share
    return chance


def take_home(
    of: Ints, rows: Ints, *, people: People, parents: Ints, rng: np.random.Generator
) -> None:
    """Write the family of parents of the right age into `of`; who finds none stays free."""
    eldest = np.where(parents >= 0, people.age[parents], -1).max(axis=1)
    other = np.where(parents >= 0, people.age[parents], eldest[:, None]).min(axis=1)
    families = np.flatnonzero(eldest >= 0)
    if not len(families):
        return
    home = np.where(parents[:, 0] >= 0, parents[:, 0], parents[:, 1])[families]
    found = _near_in_age(rows, people=people, homes=(people.area[home], eldest[families]), rng=rng)
    chosen = families[np.maximum(found, 0)]
    fits = (found >= 0) & (other[chosen] >= people.age[rows] + _GENERATION[0])
    of[rows[fits]] = chosen[fits]


def _near_in_age(
    rows: Ints,
    *,
    people: People,
    homes: tuple[Ints, Ints],
    rng: np.random.Generator,
    years: tuple[int, int] = _GENERATION,
) -> Ints:
    """Return a home per resident, in the area and of an age so many years above; -1 for none."""
    area, age = homes
    key = area * _AREA_STEP + age
    order = np.argsort(key, kind="stable")
    own = people.area[rows] * _AREA_STEP
    low = own + np.maximum(people.age[rows] + years[0], 0)
    high = own + np.minimum(people.age[rows] + years[1], _AREA_STEP - 1)
    first = np.searchsorted(key[order], low)
    last = np.searchsorted(key[order], high, side="right")
    drawn = first + np.floor(rng.random(len(rows)) * (last - first)).astype(np.int64)
    if not len(order):
        return np.full(len(rows), -1, dtype=np.int64)
    return np.where(last > first, order[np.minimum(drawn, len(order) - 1)], -1)


def settle_adults(  # noqa: PLR0913 - the first array is written in place
    of: Ints, stays: Bools, *, people: People, wanted: Wanted, taken: int, rng: np.random.Generator
) -> None:
    """Write households of adults without children into `of`, numbered from `taken`.

    Each area's number lives alone; every other home gets two people, a woman and a man as far as
    there are both; grown children and others left over join the homes that fit their age.
    """
    groups = len(wanted.households)
    free = np.flatnonzero(of < 0)
    late = people.area[free] * 2 + stays[free]  # by area, those who stay with parents last in each
    free = by_chance(free, late, rng=rng)
    area = people.area[free]
    alone = rank_in(area, groups=groups) < wanted.one_person[area]
    of[free[alone]] = taken + np.arange(np.count_nonzero(alone))
    taken += int(np.count_nonzero(alone))
    rest = free[~alone]
    number = np.bincount(people.area[rest], minlength=groups)
    shared = wanted.households - wanted.one_person - wanted.with_children
    some = np.minimum(number, 1)
    count = np.clip(shared, some, np.maximum(number // 2, some))
    homes = _Homes(start=taken + np.cumsum(count) - count, count=count)
    couples = _pair(of, rest, people=people, homes=homes, rng=rng)
    rest = rest[of[rest] < 0]
    area = people.area[rest]
    seated = rank_in(area, groups=groups) < 2 * (homes.count - couples)[area]
    friends = rest[seated]
    friends = by_key(friends, people.area[friends], people.age[friends])
    area = people.area[friends]
    of[friends] = (homes.start + couples)[area] + rank_in(area, groups=groups) // 2
    _join(of, rest[~seated], stays, people=people, homes=homes, rng=rng)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Homes:
    """Homes that adults share, per area: the number of the first, and how many there are."""

    start: Ints
    count: Ints


def _pair(of: Ints, rest: Ints, *, people: People, homes: _Homes, rng: np.random.Generator) -> Ints:
    """Seat a woman and a man of similar age in each area's first homes; return in how many."""
    groups = len(homes.count)
    sexes = [rest[people.woman[rest]], rest[~people.woman[rest]]]
    size = [np.bincount(people.area[rows], minlength=groups) for rows in sexes]
    couples = np.minimum(np.minimum(*size), homes.count)
    for rows in sexes:
        area = people.area[rows]
        first = rows[rank_in(area, groups=groups) < couples[area]]
        blurred = people.age[first] + rng.normal(0, 2, size=len(first))
        first = by_key(first, people.area[first], blurred)
        area = people.area[first]
        of[first] = homes.start[area] + rank_in(area, groups=groups)
    return couples


def _join(  # noqa: PLR0913 - the first array is written in place
    of: Ints,
    rows: Ints,
    stays: Bools,
    *,
    people: People,
    homes: _Homes,
    rng: np.random.Generator,
) -> None:
    """Let whoever is left move in: grown children with parents, others with people of their age."""
    if not len(rows):
        return
    first = int(homes.start[0])
    age = np.zeros(int(homes.count.sum()), dtype=np.int64)
    seated = np.flatnonzero(of >= first)
    np.maximum.at(age, of[seated] - first, people.age[seated])
    area = np.repeat(np.arange(len(homes.count)), homes.count)
    own = people.area[rows]
    anywhere = np.floor(rng.random(len(rows)) * homes.count[own]).astype(np.int64)
    found = homes.start[own] - first + anywhere
    for who, years in ((stays[rows], _GENERATION), (~stays[rows], (-_ALIKE, _ALIKE))):
        near = _near_in_age(rows[who], people=people, homes=(area, age), rng=rng, years=years)
        found[who] = np.where(near >= 0, near, found[who])
    of[rows] = first + found
