"""Households of the demo city: children with adults of parent age, the rest alone or together."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stadi.people.labels import Bools, Floats, Ints
from stadi.people.population import ADULT, People, Wanted
from stadi.people.sampling import by_chance, by_key, rank_in
from stadi.people.sharing import settle_adults, stays_with_parents, take_home

SCHOOL_AGE: Final = 7  # "under school age" in Paavo means 0-6
PARENT_YEARS: Final = (
    20,
    45,
)  # a parent is this many years older than every child, in calendar years
FIRST_BIRTH: Final = (
    30.0,
    5.0,
)  # mean and deviation of a parent's age at the oldest child; our assumption
LONE_MOTHERS: Final = 0.8  # share of mothers among one-parent families; our assumption
LONE_BY_CHILDREN: Final = (
    1.0,
    0.55,
    0.45,
)  # how readily a family of one, two, three or more children has one parent; our assumption
JOINT_CUSTODY: Final = (
    0.05  # one-parent families with a guardian in another household; our assumption
)
_ROUNDS: Final = 10
_AREA_STEP: Final = 1_000  # years: keeps the ages of two areas apart on one sorted line


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Households:
    """Who lives with whom: a household number per resident from 0, and rows of (child,
    guardian).
    """

    of: Ints
    guardians: Ints


def form(*, people: People, wanted: Wanted, rng: np.random.Generator) -> Households:
    """Give every resident a household in their own area; needs an adult in every area with
    children.
    """
    children, family, family_area = _gather_children(people=people, wanted=wanted, rng=rng)
    families = _families(people=people, home=(children, family), area=family_area)
    lone = _lone(families=families, wanted=wanted, rng=rng)
    parents, joined = _find_parents(people=people, families=families, lone=lone, rng=rng)
    family = joined[family]
    of = np.full(len(people.age), -1, dtype=np.int64)
    of[children] = family
    for column in parents.T:
        held = column >= 0
        of[column[held]] = np.flatnonzero(held)
    young = stays_with_parents(people=people, free=of < 0, rng=rng)
    take_home(of, young.with_siblings, people=people, parents=parents, rng=rng)
    settle_adults(of, young.stays, people=people, wanted=wanted, taken=len(family_area), rng=rng)
    rows = [np.stack([children, column[family]], axis=1) for column in parents.T]
    rows.append(
        _joint_custody(
            people=people, families=families, parents=parents, home=(children, family), rng=rng
        )
    )
    guardians = np.concatenate(rows)
    guardians = guardians[guardians[:, 1] >= 0]
    order = np.lexsort((guardians[:, 1], guardians[:, 0]))
    lived_in = np.bincount(of) > 0  # a family that moved in with neighbours leaves its number
    return Households(of=(np.cumsum(lived_in) - 1)[of], guardians=guardians[order])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Families:
    """Families without parents yet; `low` and `high` bound the age of a parent."""

    area: Ints
    children: Ints
    low: Ints
    high: Ints


def _families(*, people: People, home: tuple[Ints, Ints], area: Ints) -> _Families:
    children, family = home
    oldest = np.zeros(len(area), dtype=np.int64)
    youngest = np.full(len(area), ADULT, dtype=np.int64)
    np.maximum.at(oldest, family, people.age[children])
    np.minimum.at(youngest, family, people.age[children])
    return _Families(
        area=area,
        children=np.bincount(family, minlength=len(area)),
        low=oldest + PARENT_YEARS[0],
        high=youngest + PARENT_YEARS[1],
    )


def _lone(*, families: _Families, wanted: Wanted, rng: np.random.Generator) -> Bools:
    """Choose the one-parent families in each area's number, mostly among the small families."""
    weight = np.array(LONE_BY_CHILDREN)[np.minimum(families.children, len(LONE_BY_CHILDREN)) - 1]
    chance = -np.log(rng.random(len(weight))) / weight  # the smallest are a weighted sample
    order = by_key(np.arange(len(weight)), families.area, np.minimum(chance, 400.0))
    area = families.area[order]
    lone = np.zeros(len(weight), dtype=np.bool_)
    lone[order] = rank_in(area, groups=len(wanted.one_parent)) < wanted.one_parent[area]
    return lone


def _gather_children(
    *, people: People, wanted: Wanted, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Return children, the family of each, and the area of each family.

    The number of families with a child under school age is a constraint: siblings dealt freely
    would cluster and leave it a sixth too low.
    """
    groups = len(wanted.households)
    small = np.flatnonzero(people.age < SCHOOL_AGE)
    big = np.flatnonzero((people.age >= SCHOOL_AGE) & (people.age < ADULT))
    small, big = (by_chance(rows, people.area[rows], rng=rng) for rows in (small, big))
    smalls, bigs = (np.bincount(people.area[rows], minlength=groups) for rows in (small, big))
    young = np.clip(wanted.under_school_age, np.minimum(smalls, 1), smalls)
    least = ((young == 0) & (bigs > 0)).astype(np.int64)
    older = np.clip(wanted.with_children - young, least, bigs)
    count = young + older
    start = np.cumsum(count) - count

    def deal(rows: Ints, *, first: Ints, seeds: Ints, among: Ints) -> Ints:
        area = people.area[rows]
        rank = rank_in(area, groups=groups)
        drawn = start[area] + np.floor(rng.random(len(rows)) * among[area]).astype(np.int64)
        return np.where(rank < seeds[area], first[area] + rank, drawn)

    family = np.concatenate(
        [
            deal(small, first=start, seeds=young, among=young),
            deal(big, first=start + young, seeds=older, among=count),
        ]
    )
    return np.concatenate([small, big]), family, np.repeat(np.arange(groups), count)


def _find_parents(
    *, people: People, families: _Families, lone: Bools, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return parents, shape (families, 2), -1 for none; and the family that each family lives
    in.
    """
    mother = ~lone | (rng.random(len(lone)) < LONE_MOTHERS)
    needs = np.stack([mother, ~lone | ~mother], axis=1)
    parents = np.full(needs.shape, -1, dtype=np.int64)
    for column, of_sex in enumerate((people.woman, ~people.woman)):
        pool = np.flatnonzero(of_sex & (people.age >= ADULT))
        _match(
            parents[:, column],
            needs[:, column],
            pool=pool,
            people=people,
            families=families,
            rng=rng,
        )
    return parents, _take_in(parents, needs, people=people, families=families)


def _match(  # noqa: PLR0913 - the two arrays are columns written in place
    found: Ints,
    need: Bools,
    *,
    pool: Ints,
    people: People,
    families: _Families,
    rng: np.random.Generator,
) -> None:
    """Fill `found` with adults of the pool in the family's area and of parent age, each at most
    once.
    """
    for turn in range(_ROUNDS):
        open_ = np.flatnonzero(need & (found < 0))
        if not len(open_) or not len(pool):
            return
        low, high = families.low[open_], families.high[open_]
        target: Floats = rng.random(len(open_)) * (high - low) + low
        if turn == 0:
            target = low - PARENT_YEARS[0] + rng.normal(*FIRST_BIRTH, size=len(open_))
        wish = families.area[open_] * _AREA_STEP + np.clip(target, low, high)
        years = people.area[pool] * _AREA_STEP + people.age[pool] + rng.random(len(pool)) * 0.5
        rising, older = np.argsort(wish, kind="stable"), np.argsort(years, kind="stable")
        open_, wish = open_[rising], wish[rising]
        pool, years = pool[older], years[older]
        # The next free adult at or above each wish: positions must rise by at least one.
        step = np.arange(len(open_))
        place = step + np.maximum.accumulate(np.searchsorted(years, wish) - step)
        adult = pool[np.minimum(place, len(pool) - 1)]
        age = people.age[adult]
        good = (place < len(pool)) & (people.area[adult] == families.area[open_])
        good &= (age >= families.low[open_]) & (age <= families.high[open_])
        found[open_[good]] = adult[good]
        pool = np.delete(pool, place[good])


def _take_in(parents: Ints, needs: Bools, *, people: People, families: _Families) -> Ints:
    """Find a parent of either sex for families left over; failing that, they move in with
    neighbours.
    """
    joined = np.arange(len(parents), dtype=np.int64)
    short: Bools = np.any(needs & (parents < 0), axis=1)
    if not short.any():
        return joined
    free = np.ones(len(people.age), dtype=np.bool_)
    free[parents[parents >= 0]] = False
    adults = np.flatnonzero(people.age >= ADULT)
    alone: Bools = np.all(parents < 0, axis=1)
    for family in [*np.flatnonzero(short & alone), *np.flatnonzero(short & ~alone)]:
        near = adults[people.area[adults] == families.area[family]]
        spare = near[free[near]]
        age = people.age[spare]
        fit = spare[(age >= families.low[family]) & (age <= families.high[family])]
        if not len(fit) and alone[family] and len(spare):
            # No one of parent age is free: a grandparent or an elder sibling, the nearest in age.
            fit = spare[np.argsort(np.abs(age - families.low[family]), kind="stable")][:1]
        if len(fit):
            parents[family, int(np.argmin(parents[family]))] = fit[0]
            free[fit[0]] = False
        elif alone[family]:
            same = np.flatnonzero(
                (families.area == families.area[family]) & (parents >= 0).any(axis=1)
            )
            joined[family] = same[0]
    return joined


def _joint_custody(
    *,
    people: People,
    families: _Families,
    parents: Ints,
    home: tuple[Ints, Ints],
    rng: np.random.Generator,
) -> Ints:
    """Return rows of (child, guardian) where the guardian of parent age lives in another
    household.
    """
    children, family = home
    lone = np.flatnonzero((parents >= 0).sum(axis=1) == 1)
    if not len(lone):
        return np.empty((0, 2), dtype=np.int64)
    chosen = rng.choice(lone, size=max(1, round(len(lone) * JOINT_CUSTODY)), replace=False)
    adults = np.flatnonzero(people.age >= ADULT)
    adults = adults[np.argsort(people.age[adults], kind="stable")]
    first = np.searchsorted(people.age[adults], families.low[chosen])
    last = np.searchsorted(people.age[adults], families.high[chosen], side="right")
    drawn = first + np.floor(rng.random(len(chosen)) * (last - first)).astype(np.int64)
    other = np.full(len(parents), -1, dtype=np.int64)
    some = last > first
    other[chosen[some]] = adults[drawn[some]]
    other[other == parents.max(axis=1)] = -1
    return np.stack([children, other[family]], axis=1)
