"""What is to be done for a case once its regret time is over, and the decision in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils.formats import date_format, number_format
from django.utils.translation import override, pgettext

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Plan, Words
from stadi.kit.service import Decide, Plugin
from stadi.kit.text import LANGUAGES
from stadi.offers.domain import Standing
from stadi.offers.models import Offer, Recipient
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.twin import actions as twin


def plans(cases: Mapping[UUID, Standing]) -> list[Plan]:
    """Return the plan of each case; its decision is put into words now and kept as it is."""
    asked = _recipients(cases)
    offers = Offer.objects.filter(case__in=list(cases)).values_list("case", "reasons", "cents")
    given = {case: (reasons, cents) for case, reasons, cents in offers}
    known = people.residents({c.subject for c in cases.values()})
    units = twin.names({c.unit for c in cases.values() if c.unit is not None})
    made = []
    for case, c in cases.items():
        service = plugin(c.service)
        child = known[c.subject].given_name if c.subject in known else ""
        reasons, cents = given.get(case, ((), None))
        names = {"child": child, "unit": units.get(c.unit or 0, "")}
        made.append(
            Plan(
                case=case,
                service=c.service,
                purpose=service.service.purpose.id,
                subject=c.subject,
                term=c.term,
                unit=c.unit,
                cents=cents,
                recipients=asked.get(case, ()),
                steps=service.service.fulfil,
                decision=_decision(service, names, reasons, (c.term, cents)) or None,
            )
        )
    return made


def _recipients(cases: Mapping[UUID, Standing]) -> dict[UUID, tuple[int, ...]]:
    found: dict[UUID, tuple[int, ...]] = {}
    rows = Recipient.objects.filter(offer__in=list(cases)).order_by("person")
    for case, person in rows.values_list("offer", "person"):
        found[case] = (*found.get(case, ()), person)
    return found


def _decision(
    made: Plugin,
    names: Mapping[str, str],
    reasons: Sequence[Mapping[str, Any]],
    what: tuple[int, int | None],
) -> dict[str, Words]:
    """Return the decision in every language; none where the service makes none.

    `what` is the term and the cents a month.
    """
    if not any(isinstance(step, Decide) for step in made.service.fulfil):
        return {}
    term, cents = what
    because = list(dict.fromkeys(leaf["because"] for leaf in reasons if leaf["because"]))
    return {
        language: Words(
            title=made.say("decision.title", language, **names),
            body=made.say(
                "decision.body",
                language,
                starts=_day(term, language),
                amount=money(cents, language),
                **names,
            ),
            reasons=(
                *(made.say(f"because.{key}", language) for key in because),
                made.say("law", language),
            ),
            appeal=made.say("decision.appeal", language),
        )
        for language in LANGUAGES
    }


@lru_cache(maxsize=4096)
def money(cents: int | None, language: str) -> str:
    """Return cents as people write them in a language, "" where there are none."""
    if cents is None:
        return ""
    with override(language):
        return f"{number_format(cents / 100, decimal_pos=2, force_grouping=True)} €"


@lru_cache(maxsize=64)
def _day(term: int, language: str) -> str:
    starts, _end = fulfil.term_days(term)
    with override(language):
        pattern = pgettext("date pattern: day, month and year", "j F Y")
        return date_format(datetime.combine(starts, datetime.min.time()), pattern)
