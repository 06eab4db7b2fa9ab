"""A fact that was used, as people read it: what it was used for, its value, where it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from stadi.kit.rule import Fact
from stadi.kit.service import Plugin
from stadi.offers.actions.plans import money
from stadi.offers.domain import ON_RECORD
from stadi.offers.pages import words

FEW = 3  # days that are named one by one; of more the first and the last are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that was used: what it was used for, and where it came from."""

    sentence: str
    fact: str
    value: str
    source: str
    since: date


def reason(made: Plugin, leaf: Mapping[str, Any], language: str) -> Reason:
    """Return one fact that was used as people read it."""
    fact = next(f for f in made.service.purpose.uses if f.name == leaf["fact"])
    because = leaf["because"]
    return Reason(
        sentence=made.say(f"because.{because}" if because else f"uses.{fact.column}", language),
        fact=fact.label.say(language).capitalize(),
        value=value(fact, leaf["value"]),
        source=words.spoken(words.SOURCES, leaf["source"]),
        since=date.fromisoformat(leaf["since"]),
    )


def value(fact: Fact, told: Any) -> str:
    """Return a fact's value as people write it, as a look gives it or as an offer keeps it.

    Of rows that are other residents' only how many, and of their money only the total.
    """
    if told is None or told in ([], ()):
        return _("none")
    if told == ON_RECORD:
        return _("on record")
    if isinstance(told, Sequence) and not isinstance(told, str):
        return _many(fact, [one for one in told if one is not None])
    return _one(fact, told)


def _many(fact: Fact, told: Sequence[Any]) -> str:
    if fact.column == fact.relation.member:
        number = len(told)
        return ngettext("%(number)s person", "%(number)s people", number) % {"number": number}
    if fact.unit == "cents":
        return _("%(sum)s in all") % {"sum": _one(fact, sum(told))}
    if fact.type == "date":
        return days(sorted(_date(day) for day in told))
    return ", ".join(dict.fromkeys(_one(fact, one) for one in told))


def days(found: Sequence[date]) -> str:
    """Return days in their order as people write them: each of a few, the span of many.

    The first days of months stand for the months.
    """
    known = list(dict.fromkeys(found))
    monthly = len(known) > FEW and all(day.day == 1 for day in known)
    pattern = words.month_pattern() if monthly else words.day_pattern()
    written = [date_format(day, pattern) for day in known]
    return f"{written[0]} – {written[-1]}" if len(known) > FEW else ", ".join(written)


def _one(fact: Fact, told: Any) -> str:
    if isinstance(told, bool):
        return _("yes") if told else _("no")
    if fact.unit == "cents":
        return money(told, get_language() or "en")
    if fact.type == "date":
        return date_format(_date(told), words.day_pattern())
    if told == settings.CITY.municipality:
        return str(settings.CITY.name)
    return words.spoken(words.CODES.get(fact.name, {}), str(told))


def _date(told: date | str) -> date:
    """Return a day, which an offer keeps as text."""
    return date.fromisoformat(told) if isinstance(told, str) else told
