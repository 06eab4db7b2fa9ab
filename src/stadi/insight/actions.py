"""The front door of insight: how far each service reaches."""

from collections import Counter
from dataclasses import dataclass

from stadi.insight.domain import band, measures, suppressed
from stadi.offers.actions import reading
from stadi.offers.plugins import plugins
from stadi.people import actions as people


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReach:
    """One area's reach, small counts hidden, the share offered as a band."""

    area: str
    yes: str
    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far one service reaches: all counts, shares, and by area."""

    service: str
    counts: dict[str, int]
    measures: dict[str, float | None]
    balances: bool
    areas: tuple[AreaReach, ...]


def reach() -> list[Reach]:
    """Return the reach of every service: nobody the rule finds is left out of the count."""
    return [_reach(service) for service in sorted(plugins())]


def _reach(service: str) -> Reach:
    counts = reading.tally(service)
    cases = [row for row in reading.by_state(service) if row[1] not in ("unclear", "closed")]
    area = people.areas(subject for subject, _, _ in cases)
    found = Counter(area.get(subject, "–") for subject, _, _ in cases)
    sent = Counter(area.get(subject, "–") for subject, _, offered in cases if offered)
    yes = suppressed(found)
    return Reach(
        service=service,
        counts=counts,
        measures=measures(counts),
        balances=reading.balances(counts),
        areas=tuple(
            AreaReach(area=a, yes=yes[a], share=band(sent[a], found[a])) for a in sorted(found)
        ),
    )
