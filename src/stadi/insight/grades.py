"""How far a service has come: bronze, silver or gold, each by criteria that are worked out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_noop

from stadi.engine.explain import Reason, explain
from stadi.insight.actions import Reach
from stadi.kit.rule import facts_in
from stadi.kit.service import Plugin
from stadi.kit.text import LANGUAGES
from stadi.offers.actions import reading
from stadi.offers.plugins import example_person

GRADES = ("bronze", "silver", "gold")
UNWRITTEN = "CHANGE"  # the mark of what `stadi new service` leaves to be written
TOLD = ("Law", "Owner", "Whom it cannot reach")
STATUTE = re.compile(r"\d+/\d{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a grade rests on: the service's folder, and how it was last measured, if it was."""

    made: Plugin
    reach: Reach | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What a service must show for a grade; the sentence says it as if it were so."""

    name: str
    grade: str
    words: str
    holds: Callable[[Evidence], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The highest grade of which nothing is open, "" for none; and every criterion with its answer.

    A higher grade needs those below it.
    """

    name: str
    criteria: tuple[tuple[Criterion, bool], ...]


def _has_examples(found: Evidence) -> bool:
    return {"yes", "no", "unknown"} <= {e.outcome for e in found.made.examples}


def _speaks(found: Evidence) -> bool:
    return all(text.say(lang).strip() for text in found.made.texts.values() for lang in LANGUAGES)


def _is_owned(found: Evidence) -> bool:
    service, person = found.made.service, found.made.service.oversight
    return all(words.strip() for words in (service.owner, person.owner, person.queue))


def _says_whom_it_misses(found: Evidence) -> bool:
    return bool(found.made.service.cannot_reach.strip())


def _is_written(found: Evidence) -> bool:
    made = found.made
    words = [made.readme, made.service.owner, made.service.oversight.owner]
    words += [text.say(lang) for text in made.texts.values() for lang in LANGUAGES]
    return not any(UNWRITTEN in said for said in words)


def _reasons(made: Plugin) -> list[Reason]:
    """Return what every rule answered in every example."""
    answers = [
        explain(made.service.who, example_person(e), as_of=date.fromisoformat(e.as_of))
        for e in made.examples
    ]
    return [reason for answer in answers for reason in answer.reasons]


def _both_ways(found: Evidence) -> bool:
    told = {(reason.because, reason.holds) for reason in _reasons(found.made)}
    rules = [rule.because for rule in found.made.service.who]
    return all((because, truth) in told for because in rules for truth in (True, False))


def _each_missing(found: Evidence) -> bool:
    """Return whether each fact of the rules is missing in an example that it makes unclear."""
    missed = {
        fact
        for reason in _reasons(found.made)
        for fact, value in reason.leaves
        if reason.holds is None and (value is None or (type(value) is tuple and None in value))
    }
    return missed >= {fact for rule in found.made.service.who for fact in facts_in(rule.condition)}


def _readme_tells(found: Evidence) -> bool:
    law = found.made.service.purpose.basis.law
    named = STATUTE.findall(law) or [law]
    told = all(_heading(found.made.readme, heading) for heading in TOLD)
    return told and all(part in found.made.readme for part in named)


def _heading(readme: str, heading: str) -> bool:
    return re.search(rf"^\*\*{heading}\.\*\* \w", readme, re.MULTILINE) is not None


def _names_an_errand(found: Evidence) -> bool:
    """Return whether it names errands of the city's register, or says in words why it has none."""
    return bool(found.made.service.replaces) or _heading(found.made.readme, "Errand")


def _can_be_undone(found: Evidence) -> bool:
    service = found.made.service
    return service.offer.undo_hours > 0 and service.oversight.contest_days > 0


def _take_up(found: Evidence) -> bool:
    return found.reach is not None and found.reach.figures.take_up is not None


def _precision(found: Evidence) -> bool:
    return found.reach is not None and found.reach.figures.precision is not None


def _groups(found: Evidence) -> bool:
    """Return whether two areas or more, and two languages or more, have a number to show."""
    tables = found.reach.tables if found.reach else {}
    told = [sum(bool(line.entitled) for line in tables.get(by, ())) for by in ("area", "language")]
    return min(told) > 1


def _overturned(found: Evidence) -> bool:
    return found.reach is not None and found.reach.figures.overturned is not None


def _time(found: Evidence) -> bool:
    return found.reach is not None and found.reach.figures.spreads["to_offer"].hours is not None


def _balance(found: Evidence) -> bool:
    counts = found.reach.figures.counts if found.reach else {}
    return bool(counts.get("screened")) and reading.balances(counts)


CRITERIA = tuple(
    Criterion(name=test.__name__.lstrip("_"), grade=grade, words=words, holds=test)
    for grade, words, test in (
        ("bronze", gettext_noop("Examples come out as yes, no and unclear"), _has_examples),
        ("bronze", gettext_noop("Every text is there in three languages"), _speaks),
        ("bronze", gettext_noop("Somebody answers for it, and a queue takes the rest"), _is_owned),
        ("bronze", gettext_noop("It says whom it cannot reach"), _says_whom_it_misses),
        ("bronze", gettext_noop("Nothing of the template is left unwritten"), _is_written),
        ("silver", gettext_noop("Each rule has an example for and one against"), _both_ways),
        ("silver", gettext_noop("Each fact of the rules is missing in an example"), _each_missing),
        (
            "silver",
            gettext_noop("Its description names the law, the owner and whom it cannot reach"),
            _readme_tells,
        ),
        ("silver", gettext_noop("A yes can be taken back, and be contested"), _can_be_undone),
        (
            "silver",
            gettext_noop("It says which errand it replaces, or why none"),
            _names_an_errand,
        ),
        ("gold", gettext_noop("Take-up is measured, of all who are entitled"), _take_up),
        ("gold", gettext_noop("Precision is measured, of all who said yes"), _precision),
        ("gold", gettext_noop("Groups are measured, by area and by language"), _groups),
        ("gold", gettext_noop("The time from event to offer is known, of ten or more"), _time),
        ("gold", gettext_noop("Contests were decided, and how many were right"), _overturned),
        ("gold", gettext_noop("Everyone is counted, the unclear and the stopped too"), _balance),
    )
)
"""What each grade asks for. None is a claim: each is worked out when the page is shown."""


def grade(made: Plugin, reach: Reach | None) -> Grade:
    """Return a service's grade, with every criterion and whether it holds."""
    found = Evidence(made=made, reach=reach)
    answers = tuple((criterion, criterion.holds(found)) for criterion in CRITERIA)
    unmet = [GRADES.index(criterion.grade) for criterion, holds in answers if not holds]
    reached = min(unmet, default=len(GRADES))
    return Grade(name=GRADES[reached - 1] if reached else "", criteria=answers)
