"""What the measure of reach may read of cases: who was offered, and how far the walk is."""

from dataclasses import dataclass

from stadi.offers.domain import WAITING
from stadi.offers.models import Case, Screening, Transition

BACK = (*WAITING, "held", "undelivered")  # where a case may stand whose offer did not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One resident for whom the rule is true; metres only where a place was proposed."""

    subject: int
    offered: bool
    metres: int | None


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
