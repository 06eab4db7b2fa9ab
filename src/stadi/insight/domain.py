"""Figures that may be shown: shares, and counts with the small ones hidden."""

from collections.abc import Mapping

SMALLEST = 10


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


def suppressed(counts: Mapping[str, int]) -> dict[str, str]:
    """Return each group's count as text, those from 1 to 9 as "<10".

    Where only one group is hidden, the next smallest is hidden too: else the total tells it.
    """
    hidden = {group for group, n in counts.items() if 0 < n < SMALLEST}
    if len(hidden) == 1 and len(counts) > 1:
        rest = {g: n for g, n in counts.items() if g not in hidden and n}
        if rest:
            hidden.add(min(rest, key=lambda g: (rest[g], g)))
    return {
        g: ("<10" if n < SMALLEST else "–") if g in hidden else str(n) for g, n in counts.items()
    }


def band(part: int, whole: int) -> str:
    """Return the share of part in whole as a band of ten per cent, "" where whole is small.

    An exact share would tell how few were left out, and why a family is left out may be a ban.
    """
    if whole < SMALLEST:
        return ""
    low = min(part * 10 // whole * 10, 90)
    return f"{low}–{low + 10} %"
