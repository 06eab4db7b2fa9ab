"""Who in the demo city is treated for high blood pressure, when it was last measured, by whom."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from stadi.people.identity import Dates
from stadi.people.labels import Ints
from stadi.people.sampling import stretched

HYPERTENSION: Final = "I10"
BLOOD_PRESSURE: Final = "blood_pressure"
TREATED: Final = (
    (0, 0.0),
    (30, 0.02),
    (40, 0.07),
    (50, 0.18),
    (60, 0.33),
    (70, 0.48),
    (80, 0.55),
)
"""First age, and the share that is treated for high blood pressure; our assumption."""
NEVER: Final = 0.01  # of the treated were never measured; our assumption
LATE: Final = 0.028  # of the treated were last measured one to three years ago; our assumption
NO_CLINICIAN: Final = 0.01  # of the treated have no clinician on record; our assumption
PATIENTS: Final = 1_500  # of the treated to one clinician; our assumption
CLINICIANS: Final = range(100, 1_000)
"""Numbers of invented clinicians: residents are numbered from 1,000 on, and personas, one of whom
is a clinician, below 100. Nobody is registered under them.
"""
BETWEEN: Final = (330, 370)  # days from one measurement to the next: once a year; our assumption
_YEAR: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Health:
    """One entry per resident who is treated for high blood pressure, by position among residents.

    `measured` is the day of the latest measurement, NaT for never, and `before` of the one before
    it; `clinician` is -1 where the register names none.
    """

    row: Ints
    measured: Dates
    before: Dates
    clinician: Ints

    def due(self, today: date) -> int:
        """Return how many of them were not measured within a year."""
        last = np.datetime64(today, "D") - _YEAR
        return int(np.count_nonzero(np.isnat(self.measured) | (self.measured < last)))


def draw_health(*, age: Ints, area: Ints, today: date, rng: np.random.Generator) -> Health:
    """Draw the treated by age; neighbours share a clinician.

    Most were measured lately, so that a city whose clock moves on fills with gaps but slowly.
    """
    first, share = np.array(TREATED).T
    chance = share[np.searchsorted(first, np.arange(int(age.max()) + 1), side="right") - 1]
    row = np.flatnonzero(rng.random(len(age)) < chance[age])
    lot = stretched(len(row), rng=rng)
    ago = 1 + np.floor(_YEAR * rng.random(len(row)) ** 3).astype(np.int64)
    late = lot < NEVER + LATE
    ago[late] = rng.integers(_YEAR + 1, 3 * _YEAR, size=np.count_nonzero(late))
    measured = np.datetime64(today, "D") - ago
    measured[lot < NEVER] = np.datetime64("NaT")
    number = min(max(1, round(len(row) / PATIENTS)), len(CLINICIANS))
    clinician = np.empty(len(row), dtype=np.int64)
    near = np.argsort(area[row], kind="stable")
    clinician[near] = CLINICIANS.start + np.arange(len(row)) * number // max(len(row), 1)
    clinician[stretched(len(row), rng=rng) < NO_CLINICIAN] = -1
    # a stream of its own: what is drawn next stays as it was
    (apart,) = rng.spawn(1)
    before = measured - apart.integers(*BETWEEN, size=len(row))
    return Health(row=row, measured=measured, before=before, clinician=clinician)
