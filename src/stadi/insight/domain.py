"""Figures of a whole service: shares of its counts, and the promise that nobody is left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


def share(part: int, whole: int) -> float | None:
    """Return part / whole, None where there is no whole."""
    return round(part / whole, 4) if whole else None


def measures(counts: Mapping[str, int]) -> dict[str, float | None]:
    """Return take-up (fulfilled of the entitled) and precision (fulfilled of those who agreed)."""
    agreed = counts["accepted"] + counts["fulfilled"]
    return {
        "take_up": share(counts["fulfilled"], counts["yes"]),
        "precision": share(counts["fulfilled"], agreed),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Everyone whom the rule finds is offered, or is with a person who has a deadline."""

    entitled: int
    offered: int
    with_a_person: int
    nearest: datetime | None
    late: int

    @property
    def left(self) -> int:
        """How many are neither; the promise is kept at zero."""
        return self.entitled - self.offered - self.with_a_person
