"""What may be read of cases: the report's counts, the official's list, a resident's offers."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from uuid import UUID

from stadi.offers.domain import ASKED, ENDED, WAITING
from stadi.offers.models import Case, Recipient, Screening, Transition

COUNTED = (
    *("contested", "fulfilled", "declined", "objected", "expired", "withdrawn"),
    *("settled", "unanswered"),
)
SUMS = {
    "screened": ("yes", "no", "unknown", "stopped"),
    "yes": ("waiting", "offered", "held", "unreached", "resting"),
    "offered": ("open", "accepted", *COUNTED),
}
"""What each count is the sum of; `seen` is a part of `open`."""


def tally(service: str) -> dict[str, int]:
    """Return the report's counts: cases of the latest round by their latest state."""
    last = Screening.objects.filter(service=service).order_by("-at").first()
    if last is None:
        return dict.fromkeys({"seen", *SUMS, *chain(*SUMS.values())}, 0)
    outside, inside = _states(service, last.round)
    both = outside + inside
    counts = _screened(service, last.round)
    counts |= {name: inside[name] for name in (*COUNTED, "seen")}
    counts["accepted"] = inside["accepted"] + inside["fulfilling"]
    counts["open"] = sum(inside[state] for state in ASKED)
    counts["offered"] = sum(counts[name] for name in SUMS["offered"])
    counts["waiting"] = sum(both[state] for state in WAITING)
    # also an offer that went back to a person
    counts["held"] = both["held"]
    never = ("withdrawn", "settled", "unanswered")
    counts["unreached"] = both["undelivered"] + sum(outside[end] for end in never)
    return counts


def _states(service: str, round_: str) -> tuple[Counter[str], Counter[str]]:
    """Return how many cases stand or ended how, of those never offered and of those offered.

    Left out: who was never found to be entitled, and what a correction replaced by a new case.
    """
    unclear = Transition.objects.filter(old="unclear", new__in=("withdrawn", "closed"))
    cases = Case.objects.filter(service=service, screening__round=round_).exclude(state="corrected")
    outside, inside = Counter[str](), Counter[str]()
    rows = cases.exclude(id__in=unclear.values("case"))
    for state, ended, sent in rows.values_list("state", "ended", "sent_at"):
        (inside if sent else outside)[ended if state in ENDED else state] += 1
    return outside, inside


def _screened(service: str, round_: str) -> dict[str, int]:
    """Return what the round's first sweep found, as far as later changes did not move it."""
    names = ("screened", *SUMS["screened"], "resting")
    sweeps = list(Screening.objects.filter(service=service, round=round_).order_by("at"))
    counts = {name: int(getattr(sweeps[0], name)) for name in names}
    for later in sweeps[1:]:
        for name, change in later.manifest.get("moved", {}).items():
            counts[name] += change
    return counts


def balances(counts: Mapping[str, int]) -> bool:
    """Return whether nobody was lost or counted twice."""
    return all(counts[whole] == sum(counts[n] for n in parts) for whole, parts in SUMS.items())


def deadlines(service: str) -> list[datetime]:
    """Return by when a person must have decided each held case of a service."""
    held = Case.objects.filter(service=service, state="held", deadline__isnull=False)
    return [deadline for deadline in held.values_list("deadline", flat=True) if deadline]


def of_person(person: int) -> list[Recipient]:
    """Return the offers a person was sent, the newest first."""
    found = Recipient.objects.filter(person=person).exclude(offer__expires_at=None)
    return list(found.select_related("offer__case").order_by("-offer__case__since"))


def receipt(case: UUID) -> str:
    """Return the short number of a case's receipt."""
    return case.hex[:8]


def unanswered(*, above: int) -> list[tuple[UUID, int, tuple[int, ...]]]:
    """Return (link, person, what must be chosen of) of open offers to people numbered above.

    One recipient each; nothing is chosen of where one thing is proposed.
    """
    rows = (
        Recipient.objects.filter(offer__case__state__in=ASKED, offer__case__subject__gte=above)
        .exclude(person__lt=above)
        .order_by("offer__case__subject", "person")
        .values_list("id", "person", "offer", "offer__unit", "offer__others")
    )
    first: dict[UUID, tuple[UUID, int, tuple[int, ...]]] = {}
    for link, person, case, unit, others in rows:
        shown = tuple(other for other, _ in others) if unit is None else ()
        first.setdefault(case, (link, person, shown))
    return list(first.values())
