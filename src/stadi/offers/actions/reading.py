"""What may be read of cases: the report's counts, the official's list, a resident's offers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from stadi.offers.domain import ASKED, WAITING
from stadi.offers.models import Case, Recipient, Screening, Transition

BACK = (*WAITING, "held", "undelivered")  # where a case may stand whose offer did not hold
ENDS = ("countered", "declined", "objected", "expired", "withdrawn", "fulfilled")
SUMS = {
    "screened": ("yes", "no", "unknown", "stopped"),
    "yes": ("waiting", "offered", "held", "unreached"),
    "offered": ("open", "accepted", *ENDS),
}
"""What each count is the sum of; `seen` is a part of `open`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One resident for whom the rule is true; metres only where a place was proposed."""

    subject: int
    offered: bool
    metres: int | None


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
    outside, inside = _states(service, last.round)
    both = outside + inside
    counts = _screened(service, last.round)
    counts |= {name: inside[name] for name in (*ENDS, "seen")}
    counts["accepted"] = inside["accepted"] + inside["fulfilling"]
    counts["open"] = sum(inside[state] for state in ASKED)
    counts["offered"] = sum(counts[name] for name in SUMS["offered"])
    counts["waiting"] = sum(both[state] for state in WAITING)
    # also an offer that went back to a person
    counts["held"] = both["held"]
    counts["unreached"] = both["undelivered"] + outside["withdrawn"]
    return counts


def _states(service: str, round_: str) -> tuple[Counter[str], Counter[str]]:
    """Return how many cases stand in each state, of those never offered and of those offered."""
    unclear = Transition.objects.filter(old="unclear", new="withdrawn").values("case")
    # who left while a fact was missing was never found to be entitled
    cases = Case.objects.filter(service=service, round=round_).exclude(id__in=unclear)
    outside, inside = Counter[str](), Counter[str]()
    for state, sent in cases.values_list("state", "offer__expires_at"):
        (outside if sent is None else inside)[state] += 1
    return outside, inside


def _screened(service: str, round_: str) -> dict[str, int]:
    """Return what the round's first sweep found, as far as later changes did not move it."""
    names = ("screened", *SUMS["screened"])
    sweeps = list(Screening.objects.filter(service=service, round=round_).order_by("at"))
    counts = {name: int(getattr(sweeps[0], name)) for name in names}
    for later in sweeps[1:]:
        for name, change in later.manifest.get("moved", {}).items():
            counts[name] += change
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


def reached(service: str) -> list[Reached]:
    """Return everyone whom the latest round of a service found, counted as the tally counts."""
    last = Screening.objects.filter(service=service).order_by("-at").values("round")[:1]
    unclear = Transition.objects.filter(old="unclear", new="withdrawn").values("case")
    found = Case.objects.filter(service=service, round__in=last).exclude(id__in=unclear)
    rows = found.exclude(state__in=("unclear", "closed")).values_list(
        "subject", "state", "offer__expires_at", "offer__metres"
    )
    return [
        Reached(subject=subject, offered=sent is not None and state not in BACK, metres=metres)
        for subject, state, sent, metres in rows
    ]


def of_person(person: int) -> list[Recipient]:
    """Return the offers a person was sent, the newest first."""
    found = Recipient.objects.filter(person=person).exclude(offer__expires_at=None)
    return list(found.select_related("offer__case").order_by("-offer__case__since"))


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
