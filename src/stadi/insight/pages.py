"""The reach report."""

from typing import Any

from django.shortcuts import render
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from stadi.insight import actions as insight
from stadi.kit.access import MANAGER, OFFICIAL, open_to
from stadi.offers.plugins import plugin

ROWS = (
    ("screened", gettext_noop("Looked at"), gettext_noop("Everyone in the register on that day.")),
    ("yes", gettext_noop("Entitled"), gettext_noop("The rule is true.")),
    ("no", gettext_noop("Not entitled"), ""),
    ("unknown", gettext_noop("Unclear"), gettext_noop("A fact is missing: a person finds out.")),
    ("stopped", gettext_noop("Stopped"), gettext_noop("They said stop: no message, no case.")),
    ("offered", gettext_noop("Offered"), ""),
    (
        "held",
        gettext_noop("With a person"),
        gettext_noop("A person decides before anything is sent."),
    ),
    ("waiting", gettext_noop("About to be offered"), ""),
    ("unreached", gettext_noop("Not reached"), ""),
    ("open", gettext_noop("Not answered yet"), ""),
    ("accepted", gettext_noop("Said yes, within regret time"), ""),
    ("fulfilled", gettext_noop("Has the place"), ""),
    ("declined", gettext_noop("Said no"), ""),
    ("objected", gettext_noop("Stopped the service"), ""),
    ("expired", gettext_noop("Time ran out"), gettext_noop("A person follows it up.")),
    ("withdrawn", gettext_noop("Withdrawn by the city"), ""),
)


@open_to(OFFICIAL, MANAGER)
def reach(request: Any) -> Any:
    """Show how far each service reaches."""
    language = get_language() or "en"
    services = []
    for found in insight.reach():
        rows = [
            {
                "label": _(label),
                "value": _shown(found.counts[key]),
                "help": _(help_) if help_ else "",
            }
            for key, label, help_ in ROWS
        ]
        services.append(
            {
                "id": found.service,
                "title": plugin(found.service).say("title", language),
                "rows": rows,
                "balance_ok": found.balances,
                "areas": [{"label": a.area, "yes": a.yes, "share": a.share} for a in found.areas],
            }
        )
    return render(request, "insight/reach.html", {"services": services})


def _shown(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")
