"""Figures of a whole service: shares of its counts, and the promise that nobody is left out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

HOUR = 3600
# how an offer may end; what was corrected goes on as another case
ENDS = ("fulfilled", "declined", "objected", "expired", "withdrawn", "settled", "unanswered")


def share(part: int, whole: int) -> float | None:
    """Return part / whole, None where there is no whole."""
    return round(part / whole, 4) if whole else None


def measures(counts: Mapping[str, int], fell: int) -> dict[str, float | None]:
    """Return take-up (fulfilled of the entitled) and precision (fulfilled of those who agreed).

    Who is left in peace, since a case of theirs runs or ended lately, counts in that case's round.

    `fell` are those who agreed for good and got nothing: without them precision says nothing, as
    it becomes 1 by construction once every time for regret is over.
    """
    agreed = counts["accepted"] + counts["fulfilled"] + fell
    return {
        "take_up": share(counts["fulfilled"], counts["yes"] - counts["resting"]),
        "precision": share(counts["fulfilled"], agreed),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long something took those who have gone through it, in whole hours begun.

    The hours are those within which one in ten, a quarter, half, three quarters and nine in ten
    were through; None where fewer than ten were, whose own times they would be.
    """

    count: int
    hours: tuple[int, int, int, int, int] | None


def spread(count: int, seconds: Sequence[float], *, least: int) -> Spread:
    """Return a spread of times, unless too few have them."""
    if count < least:
        return Spread(count=count, hours=None)
    tenth, quarter, half, most, nearly = (math.ceil(s / HOUR) for s in seconds)
    return Spread(count=count, hours=(tenth, quarter, half, most, nearly))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A service as a whole, measured: the report's counts, and what happened on the way.

    `minutes` are those of officials who acted in a case, None where fewer than ten acts were;
    `unheard` are contests that nobody at the city decided in time.
    """

    counts: Mapping[str, int]
    seen: int
    reminded: int
    fell: int
    contested: int
    upheld: int
    unheard: int
    corrected: int
    answers: Mapping[str, int]
    openings: int
    minutes: int | None
    spreads: Mapping[str, Spread]

    @property
    def take_up(self) -> float | None:
        """The fulfilled of the entitled: never of those who were offered."""
        return measures(self.counts, self.fell)["take_up"]

    @property
    def precision(self) -> float | None:
        """The fulfilled of those who agreed."""
        return measures(self.counts, self.fell)["precision"]

    @property
    def overturned(self) -> float | None:
        """The corrected of the contests that another official decided."""
        return share(self.corrected, self.upheld + self.corrected)

    @property
    def undecided(self) -> int:
        """The contests that are not decided: they wait, or ended with their case."""
        return self.contested - self.upheld - self.unheard - self.corrected

    @property
    def going(self) -> int:
        """The entitled whose case has not ended."""
        ended = sum(self.counts[end] for end in (*ENDS, "unreached", "resting"))
        return self.counts["yes"] - ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Everyone whom the rule finds is offered, or is with a person who has a deadline.

    `entitled` leaves out whoever is left in peace: a case of theirs runs or ended lately.
    """

    entitled: int
    offered: int
    with_a_person: int
    nearest: datetime | None
    late: int

    @property
    def left(self) -> int:
        """How many are neither; the promise is kept at zero."""
        return self.entitled - self.offered - self.with_a_person
