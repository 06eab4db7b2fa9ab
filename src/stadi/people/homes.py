"""What a household of the demo city shares: its language and how it holds its home."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stadi.people.city_names import LANGUAGES
from stadi.people.incomes import Incomes
from stadi.people.labels import Ints, Labels
from stadi.people.paavo import Area
from stadi.people.population import People
from stadi.people.sampling import by_key, rank_in, share_out, share_out_rows

TENURES: Final = ("owned", "rented", "right_of_occupancy")
RIGHT_OF_OCCUPANCY: Final = 0.05
"""Share of the households that Paavo counts as rented, right-of-occupancy homes among them; our
assumption.
"""
_PER_MILLE: Final = 1_000


def draw_languages(*, household: Ints, rng: np.random.Generator) -> Labels:
    """Give each household a language, so that residents add up to the city's shares.

    Those who live alone come last and fill what is left of each share exactly.
    """
    size = np.bincount(household)
    weights = np.array([round(share * _PER_MILLE) for share in LANGUAGES.values()])
    wanted = share_out(weights, total=int(size.sum()), start=_PER_MILLE // 2)
    code = np.full(len(size), -1, dtype=np.int64)
    many = rng.permutation(np.flatnonzero(size > 1))
    singles = rng.permutation(np.flatnonzero(size == 1))
    aim = np.cumsum(wanted * (size[many].sum() / max(size.sum(), 1)))
    middle = np.cumsum(size[many]) - size[many] / 2
    code[many] = np.minimum(np.searchsorted(aim, middle, side="right"), len(weights) - 1)
    got = np.bincount(code[many], weights=size[many], minlength=len(weights)).astype(np.int64)
    lacks = np.maximum(wanted - got, 0)
    code[singles] = np.repeat(np.arange(len(weights)), lacks)[: len(singles)]
    return Labels.of(code[household], LANGUAGES)


def draw_tenures(
    *,
    people: People,
    household: Ints,
    incomes: Incomes,
    areas: Sequence[Area],
    rng: np.random.Generator,
) -> Labels:
    """Give each household a tenure in its area's numbers: owners have more income and years.

    Paavo's "other dwellings" are no word here: the register of such a home names no tenure.
    """
    number = int(household.max()) + 1
    place = np.zeros(number, dtype=np.int64)
    place[household] = people.area
    oldest = np.zeros(number, dtype=np.int64)
    np.maximum.at(oldest, household, people.age)
    year = incomes.cents.sum(axis=1, dtype=np.int64) / 100
    euros = np.bincount(household[incomes.row], weights=year, minlength=number)
    wealth = np.log1p(euros / np.sqrt(np.bincount(household))) + np.minimum(oldest, 60) / 30
    wealth += rng.normal(0, 0.8, size=number)
    figures = [(a.households - a.owned - a.rented, a.owned, a.rented) for a in areas]
    wanted = share_out_rows(
        np.array(figures), totals=np.bincount(place, minlength=len(areas)), rng=rng
    )
    code = np.full(number, TENURES.index("rented"), dtype=np.int64)
    left = np.arange(number)
    steps = ((-1, rng.random(number)), (TENURES.index("owned"), -wealth))
    for column, (held, key) in enumerate(steps):
        ordered = by_key(left, place[left], key[left])
        first = rank_in(place[ordered], groups=len(areas)) < wanted[place[ordered], column]
        code[ordered[first]] = held
        left = ordered[~first]
    rented = code == TENURES.index("rented")
    code[rented & (rng.random(number) < RIGHT_OF_OCCUPANCY)] = TENURES.index("right_of_occupancy")
    return Labels.of(code[household], TENURES)
