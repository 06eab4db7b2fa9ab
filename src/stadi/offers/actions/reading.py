"""What may be read of cases: the report's counts, the official's list, a resident's offers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from stadi.offers.domain import ASKED, WAITING
from stadi.offers.models import Case, Offer, Recipient, Screening

ENDS = ("countered", "declined", "objected", "expired", "withdrawn", "fulfilled")
SUMS = {
    "screened": ("yes", "no", "unknown", "stopped"),
    "yes": ("waiting", "offered", "held", "unreached"),
    "offered": ("open", "accepted", *ENDS),
}
"""What each count is the sum of; `seen` is a part of `open`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A case that waits for a person."""

    case: UUID
    service: str
    subject: int
    state: str
    reason: str
    since: datetime
    deadline: datetime | None


def tally(service: str) -> dict[str, int]:
    """Return the report's counts: cases of the latest round by their latest state."""
    last = Screening.objects.filter(service=service).order_by("-at").first()
    if last is None:
        return dict.fromkeys({"seen", *SUMS, *chain(*SUMS.values())}, 0)
    cases = Case.objects.filter(service=service, round=last.round)
    asked = set(Offer.objects.exclude(expires_at=None).values_list("case", flat=True))
    outside, inside = Counter[str](), Counter[str]()
    for case, state in cases.values_list("id", "state"):
        (inside if case in asked else outside)[state] += 1
    first = (
        Screening.objects.filter(service=service, round=last.round).order_by("at").first() or last
    )
    counts = {name: getattr(first, name) for name in ("screened", *SUMS["screened"])}
    counts |= {name: inside[name] for name in (*ENDS, "seen")}
    counts["accepted"] = inside["accepted"] + inside["fulfilling"]
    counts["open"] = sum(inside[state] for state in ASKED)
    counts["offered"] = sum(inside.values())
    counts["waiting"] = sum(outside[state] for state in WAITING)
    counts["held"] = outside["held"]
    counts["unreached"] = outside["undelivered"] + outside["withdrawn"] + inside["undelivered"]
    return counts


def balances(counts: Mapping[str, int]) -> bool:
    """Return whether nobody was lost or counted twice."""
    return all(counts[whole] == sum(counts[n] for n in parts) for whole, parts in SUMS.items())


def tasks() -> list[Task]:
    """Return the cases that wait for a person, the nearest deadline first."""
    rows = Case.objects.filter(state__in=("held", "unclear", "expired")).order_by("deadline", "id")
    return [
        Task(
            case=c.id,
            service=c.service,
            subject=c.subject,
            state=c.state,
            reason=c.reason,
            since=c.since,
            deadline=c.deadline,
        )
        for c in rows
    ]


def of_person(person: int) -> list[Recipient]:
    """Return the offers a person was sent, the newest first."""
    found = Recipient.objects.filter(person=person).exclude(offer__expires_at=None)
    return list(found.select_related("offer__case").order_by("-offer__case__since"))


def by_state(service: str) -> list[tuple[int, str, bool]]:
    """Return (subject, state, whether it was offered) of every case of a service."""
    rows = Case.objects.filter(service=service).values_list("subject", "state", "offer__expires_at")
    return [(subject, state, sent is not None) for subject, state, sent in rows]


def receipt(case: UUID) -> str:
    """Return the short number of a case's receipt."""
    return case.hex[:8]


def unanswered(*, above: int) -> list[tuple[UUID, int]]:
    """Return (link, person) of open offers, one recipient each, to people numbered above."""
    rows = (
        Recipient.objects.filter(offer__case__state__in=ASKED, offer__case__subject__gte=above)
        .exclude(person__lt=above)
        .order_by("offer__case__subject", "person")
        .values_list("id", "person", "offer")
    )
    first: dict[UUID, tuple[UUID, int]] = {}
    for link, person, case in rows:
        first.setdefault(case, (link, person))
    return list(first.values())
