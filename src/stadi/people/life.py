"""What happens to invented residents as days go by: deaths, and moves of whole households."""

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Dates: TypeAlias = NDArray[np.datetime64]
Bools: TypeAlias = NDArray[np.bool_]

FIRST_INVENTED: Final = 1_000  # below are the personas, who neither die nor move
YEAR: Final = 365.25
_1970: Final = date(1970, 1, 1).toordinal()
# Deaths in a year by age from the first number on; our assumption, in the shape of Finland's life
# table: few children and young people, doubling about every eight years from middle age.
DEATHS: Final = (
    (0, 0.002),
    (1, 0.0001),
    (15, 0.0005),
    (30, 0.001),
    (45, 0.0025),
    (55, 0.006),
    (65, 0.015),
    (75, 0.04),
    (85, 0.14),
)
MOVES: Final = 0.14  # of households in a year, to another home in the city; our assumption
LEAVES: Final = 0.05  # of households in a year, out of the city; our assumption


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residents:
    """Who lives here, in the order of `subject`; each array has one entry per resident.

    A birth date that is not known is NaT: of such an age nobody is said to die.
    """

    subject: Ints
    household: Ints
    born: Dates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Life:
    """What happened: positions in the residents, and the day from which each is true.

    `moved` come with `to`, the position of a resident whose former home is like the new one.
    """

    died: Ints
    died_on: Dates
    left: Ints
    left_on: Dates
    moved: Ints
    moved_on: Dates
    to: Ints


def draw_life(residents: Residents, *, since: date, until: date, seed: int) -> Life:
    """Draw who dies and who moves from the day after `since` to `until`; each at most once.

    The same residents, days and seed give the same life. Who dies does not move, and a household
    moves together; whoever shares a home with a persona stays.
    """
    days = (until - since).days
    rng = np.random.Generator(np.random.PCG64([seed, since.toordinal(), until.toordinal()]))
    count = len(residents.subject)
    persona = residents.subject < FIRST_INVENTED
    risk = np.where(persona, 0.0, _risk(residents.born, since))
    dies = rng.random(count) < _within(risk, days)
    died_on = _days(rng, count, since, days)
    homes, of = np.unique(residents.household, return_inverse=True)
    stays = np.zeros(len(homes), np.bool_)
    stays[of[persona]] = True
    lot = rng.random(len(homes))
    leaving = ~stays & (lot < _within(LEAVES, days))
    moving = ~stays & (lot >= 1 - _within(MOVES, days))
    home_on = _days(rng, len(homes), since, days)
    pattern = rng.integers(max(count, 1), size=len(homes))
    died = np.flatnonzero(dies)
    left, moved = (np.flatnonzero(who[of] & ~dies) for who in (leaving, moving))
    return Life(
        died=died,
        died_on=died_on[died],
        left=left,
        left_on=home_on[of[left]],
        moved=moved,
        moved_on=home_on[of[moved]],
        to=pattern[of[moved]],
    )


def _within(yearly: NDArray[np.float64] | float, days: int) -> NDArray[np.float64]:
    """Return the chance within some days of what has this chance in a year."""
    return np.asarray(1 - (1 - np.asarray(yearly)) ** (days / YEAR))


def _risk(born: Dates, today: date) -> NDArray[np.float64]:
    known = ~np.isnat(born)
    lived = today.toordinal() - _1970 - born.astype("datetime64[D]").astype(np.int64)
    from_age, rate = np.array(DEATHS).T
    group = np.searchsorted(from_age, np.where(known, lived, 0) / YEAR, side="right") - 1
    return np.where(known, rate[np.maximum(group, 0)], 0.0)


def _days(rng: np.random.Generator, count: int, since: date, days: int) -> Dates:
    found: Dates = np.datetime64(since, "D") + rng.integers(1, days + 1, size=count)
    return found
