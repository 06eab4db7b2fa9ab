"""The words of the pages of insight, and numbers as people read them."""

import math

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from stadi.insight.actions import REST
from stadi.offers.plugins import plugin
from stadi.people import paavo

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
    (
        "resting",
        gettext_noop("Left in peace"),
        gettext_noop("Paid already, or a case of theirs runs or ended lately."),
    ),
    ("open", gettext_noop("Not answered yet"), ""),
    (
        "accepted",
        gettext_noop("Said yes, not done yet"),
        gettext_noop("The time for regret runs, or the decision is being made."),
    ),
    (
        "contested",
        gettext_noop("Contested"),
        gettext_noop("Another official looks at it; until then nothing goes on."),
    ),
    ("fulfilled", gettext_noop("Has the place"), ""),
    ("declined", gettext_noop("Said no"), ""),
    ("objected", gettext_noop("Stopped the service"), ""),
    ("expired", gettext_noop("Time ran out"), gettext_noop("A person follows it up.")),
    ("withdrawn", gettext_noop("Withdrawn by the city"), ""),
    ("settled", gettext_noop("Settled in another way"), gettext_noop("An official said how.")),
    (
        "unanswered",
        gettext_noop("The city did not answer"),
        gettext_noop("Nobody decided in time. It is never taken for a no."),
    ),
)
TABLES = {
    "area": (gettext_noop("By area"), gettext_noop("Area")),
    "language": (gettext_noop("By contact language"), gettext_noop("Contact language")),
    "care": (gettext_noop("By form of care"), gettext_noop("Form of care")),
}
NAMES = {
    ("language", "fi"): gettext_noop("Finnish"),
    ("language", "sv"): gettext_noop("Swedish"),
    ("language", "en"): gettext_noop("English"),
    ("care", "municipal"): gettext_noop("Municipal day care"),
    ("care", "private"): gettext_noop("Private day care"),
    ("care", "home"): gettext_noop("At home"),
    ("area", REST): gettext_noop("Elsewhere or not on record"),
    ("language", REST): gettext_noop("Another language or not on record"),
    ("care", REST): gettext_noop("No care on record"),
}
GRADES = {
    "bronze": gettext_noop("Bronze"),
    "silver": gettext_noop("Silver"),
    "gold": gettext_noop("Gold"),
    "": gettext_noop("No grade yet"),
}
WALKS, PEOPLE = (500, 1000, 2000), (50, 100, 200)
WALK_KINDS = (
    gettext_noop("under 500 m"),
    gettext_noop("500 m to 1 km"),
    gettext_noop("1 to 2 km"),
    gettext_noop("2 km or more"),
)
PEOPLE_KINDS = (
    gettext_noop("under 50"),
    gettext_noop("50 to 99"),
    gettext_noop("100 to 199"),
    gettext_noop("200 or more"),
)


def title_of(service: str) -> str:
    """Return what a service is called in the language of the page."""
    return plugin(service).say("title", get_language() or "en")


def label_of(count: str) -> str:
    """Return what a count of the report is called."""
    (found,) = (label for name, label, _help in ROWS if name == count)
    return _(found)


def name_of(by: str, key: str) -> str:
    """Return what a group of a table is called."""
    if (by, key) in NAMES:
        known = NAMES[by, key]
        return _(known)
    names = {area.code: area.name for area in paavo.built_in()}
    return f"{key} {names.get(key, '')}".rstrip()


def span(pair: tuple[int, int] | None) -> str:
    """Return the least and the most, or the one count that both are; hidden is empty."""
    if pair is None:
        return ""
    low, high = map(number, pair)
    return low if low == high else f"{low}–{high}"


def number(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def in_metres(metres: int) -> str:
    return f"{number(metres)}\N{NO-BREAK SPACE}m"


def in_hours(hours: int) -> str:
    """Return hours as people read them."""
    return f"{number(hours)}\N{NO-BREAK SPACE}h"


def per_cent(part: float | None) -> str:
    """Return a share as whole per cent, some as some; a share of nobody is a dash."""
    if part is None:
        return "–"
    whole = math.floor(100 * part)
    return f"{'<1' if part and not whole else whole}\N{NO-BREAK SPACE}%"
