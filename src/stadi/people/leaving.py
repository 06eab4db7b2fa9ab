"""Young people of the demo city who left school, and whether they have a study place by now."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from stadi.people.identity import Dates
from stadi.people.labels import Bools, Ints
from stadi.people.sampling import stretched

YOUNG: Final = (16, 29)
LATELY: Final = 60  # days
LEFT_LATELY: Final = 1 / 345  # of the young left school in the last days; our assumption
LEFT_EARLIER: Final = 1 / 40  # of those of 19 years or more, in three years before; our assumption
FEWEST: Final = 9  # who left lately, also in a small city, so that there is somebody to meet
STUDYING: Final = 0.15  # of those who left have a place by now; our assumption
NO_WORD: Final = 0.01  # of those who left: nobody knows whether they have one; our assumption
_GROWN: Final = 19  # three years ago they were of school age
_EARLIER: Final = (LATELY + 1, 3 * 365)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leavers:
    """One entry per young person who left school, by position among the residents; `studies`
    counts only where `known`.
    """

    row: Ints
    left: Dates
    studies: Bools
    known: Bools

    def lately(self, today: date) -> Ints:
        """Return who left school within the last days and is not known to study."""
        recent = self.left >= np.datetime64(today, "D") - LATELY
        return self.row[recent & ~(self.studies & self.known)]


def draw_leavers(*, age: Ints, today: date, rng: np.random.Generator) -> Leavers:
    """Draw who left school; among those who left lately every kind occurs in any city."""
    young = rng.permutation(np.flatnonzero((age >= YOUNG[0]) & (age <= YOUNG[1])))
    lately, rest = np.split(young, [max(FEWEST, round(len(young) * LEFT_LATELY))])
    grown = rest[age[rest] >= _GROWN]
    earlier = grown[: round(len(grown) * LEFT_EARLIER)]
    row = np.concatenate([lately, earlier])
    ago = rng.integers(
        np.where(np.arange(len(row)) < len(lately), 1, _EARLIER[0]),
        np.where(np.arange(len(row)) < len(lately), LATELY + 1, _EARLIER[1]),
    )
    lot = stretched(len(row), rng=rng)
    studies, known = lot < STUDYING, lot < 1 - NO_WORD
    known[:1], studies[1:2] = False, True
    return Leavers(row=row, left=np.datetime64(today, "D") - ago, studies=studies, known=known)
