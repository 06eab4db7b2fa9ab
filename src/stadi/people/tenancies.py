"""In whose name the rented homes of the demo city are rented, and for how much."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stadi.people.incomes import Cents
from stadi.people.labels import Ints, Labels
from stadi.people.population import ADULT

RENT: Final = (680, 890, 1_050, 1_190, 1_320)
"""Euros a month in the middle for households of one, two, ... and of five or more; our
assumption, as is how widely rents differ.
"""
SPREAD: Final = 0.18
NO_RENT: Final = 0.02  # of main tenants: the register does not say how much; our assumption
_OLDEST: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tenancies:
    """One entry per main tenant, by position among the residents; rent in cents a month, -1 where
    the register does not say.
    """

    row: Ints
    cents: Cents


def draw_tenancies(
    *, age: Ints, household: Ints, tenure: Labels, rng: np.random.Generator
) -> Tenancies:
    """Draw the rents; the oldest adult of a household is its main tenant."""
    rows = np.flatnonzero(tenure.are("rented") & (age >= ADULT))
    order = rows[np.argsort(household[rows] * _OLDEST - age[rows], kind="stable")]
    first = np.diff(household[order], prepend=-1) > 0
    row = order[first]
    size = np.bincount(household)[household[row]]
    middle = np.array(RENT)[np.minimum(size, len(RENT)) - 1]
    euros = np.rint(middle * np.exp(SPREAD * rng.normal(size=len(row))))
    cents = (euros * 100).astype(np.int32)
    cents[rng.random(len(row)) < NO_RENT] = -1
    return Tenancies(row=row, cents=cents)
