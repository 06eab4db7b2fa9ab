"""Early education and care of the demo city's children: which form, and who needs support."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stadi.people.labels import Bools, Floats, Ints, Labels

FORMS: Final = ("municipal", "private", "home")
TAKING_PART: Final = {1: 0.50, 2: 0.80, 3: 0.90, 4: 0.93, 5: 0.94, 6: 0.94}
"""Share of each age in early education. Their mean is the city's 83.5 % of ages 1-6 in 2023; how
it divides by age is our assumption.
"""
OTHER_LANGUAGES: Final = 0.777  # of ages 1-6, children of other languages; the city, 2023
OTHERS_SHARE: Final = 0.191  # of residents, other languages; the city's district file of 2023
PRIVATE: Final = 0.09  # of children in early education; our assumption
SUPPORT: Final = 0.07  # of children in early education; our assumption
SUPPORT_UNKNOWN: Final = 0.01  # of children in early education; our assumption


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Care:
    """One entry per resident: the form of care, -1 outside ages 1-6; whether support was decided
    on; and whether the register says so.
    """

    form: Labels
    support: Bools
    support_known: Bools


def draw_care(*, age: Ints, language: Labels, lot: Ints, rng: np.random.Generator) -> Care:
    """Draw forms of care by age and language; `lot` holds the starters in random order.

    Every form occurs among the starters, and support both needed and unknown, however small the
    city: the rare cases are what a demo is for.
    """
    some = np.flatnonzero((age >= min(TAKING_PART)) & (age <= max(TAKING_PART)))
    luck = np.ones(len(age))
    luck[some] = rng.random(len(some))
    luck[lot] = (np.arange(len(lot)) + 0.5) / len(lot)  # equal steps, as the lot is by chance
    chance = _taking_part(age=age, language=language)
    code = np.full(len(age), -1, dtype=np.int64)
    taking_part = luck[some] < chance[some]
    private = luck[some] < chance[some] * PRIVATE
    code[some] = np.where(private, 1, np.where(taking_part, 0, 2))
    if len(lot) >= len(FORMS):
        middle = len(lot) // 2
        code[lot[[middle, 0, -1]]] = range(len(FORMS))
    outside = np.flatnonzero((code == 0) | (code == 1))
    support = np.zeros(len(age), dtype=np.bool_)
    known = np.ones(len(age), dtype=np.bool_)
    support[outside] = rng.random(len(outside)) < SUPPORT
    known[outside] = rng.random(len(outside)) >= SUPPORT_UNKNOWN
    certain = lot[(code[lot] == 0) | (code[lot] == 1)]
    if len(certain) > 1:
        support[certain[-1]], known[certain[-1]] = True, True
        known[certain[-2]] = False
    return Care(form=Labels.of(code, FORMS), support=support, support_known=known)


def _taking_part(*, age: Ints, language: Labels) -> Floats:
    city = sum(TAKING_PART.values()) / len(TAKING_PART)
    ours = (city - OTHERS_SHARE * OTHER_LANGUAGES) / (1 - OTHERS_SHARE)
    of_age = np.array([TAKING_PART.get(year, 0.0) for year in range(int(age.max()) + 1)])[age]
    scale = np.where(language.are("fi", "sv"), ours, OTHER_LANGUAGES) / city
    made: Floats = of_age * scale
    return made
