"""What the rules say of one resident, service by service, and why; it is read and never decided."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils.crypto import salted_hmac

from stadi.consent import actions as consent
from stadi.engine import contrast, sweep
from stadi.engine.contrast import Change, Leaf
from stadi.engine.explain import Person, Reason, explain
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.rule import Fact, Rule, facts_in
from stadi.kit.service import Plugin
from stadi.offers.domain import NotYoursError
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.people import family
from stadi.people.facts import RESIDENCE

ONESELF = "me"
Origins = Mapping[str, tuple[str, date] | None]


class NobodyError(StadiError):
    """The registers hold no such resident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One fact that a rule read: whether it is known, and unless it is hidden, what it says."""

    fact: Fact
    known: bool
    shown: bool
    value: object
    source: str
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """One rule's answer, True, False or None for unknown, with the facts that it read."""

    because: str
    holds: bool | None
    facts: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one service's rules say of a resident today; `turns_yes` is when they will by then."""

    service: str
    version: str
    as_of: date
    outcome: str
    reasons: tuple[Because, ...]
    decided_by: tuple[Leaf, ...]
    lacking: tuple[Fact, ...]
    changes: tuple[Change, ...]
    turns_yes: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a resident checks, and what of it their screen may show."""

    oneself: bool
    near: bool
    protected: bool

    def sees(self, fact: Fact) -> bool:
        """Return whether the value of a fact may be shown."""
        at_home = fact.relation != RESIDENCE or self.near
        return is_own(fact) and at_home and not self.protected

    def may_ask(self, plugin: Plugin) -> bool:
        """Return whether a service is told of; one about health only to the person themselves."""
        ordinary = all(fact.category == "ordinary" for fact in plugin.service.purpose.uses)
        return self.oneself or ordinary


def why(*, plugin: Plugin, subject: int, at: datetime) -> Checked:
    """Return what a service says of a resident, with every value: for the city's own operators."""
    origins = _origins(subject, {fact.relation.table for fact in _facts([plugin])}, at)
    (person,) = _persons([plugin], subject, SYSTEM, at)
    return _judged(plugin, person, origins, at.date())


def subjects(*, by: int, at: datetime) -> list[int]:
    """Return whom a resident may check: themselves, and as guardian their children."""
    return [by, *family.wards(guardian=by, day=at.date())]


def handle(*, subject: int, by: int) -> str:
    """Return how an address names whom a resident checks: nobody else can make or read it."""
    if subject == by:
        return ONESELF
    return salted_hmac(__name__, f"{by} {subject}", algorithm="sha256").hexdigest()[:20]


def check(*, subject: int, by: Actor, at: datetime) -> list[Checked]:
    """Return what every service says of a resident, as far as whoever checks may see it.

    A look each, which the resident asked for and finds among those who used their data.
    """
    reader = reads(subject=subject, by=by.id, at=at)
    asked = [plugin for plugin in plugins().values() if reader.may_ask(plugin)]
    seen = {fact.relation.table for fact in _facts(asked) if reader.sees(fact)}
    origins = _origins(subject, seen, at)
    found = []
    for plugin, person in zip(asked, _persons(asked, subject, by, at), strict=True):
        judged = _judged(plugin, person, origins, at.date())
        found.append(_narrowed(judged, plugin.service.who, person, reader))
    return found


def reads(*, subject: int, by: int, at: datetime) -> Reader:
    """Return what a resident may see of a subject, or raise where it is nobody they answer for."""
    if subject not in subjects(by=by, at=at):
        message = "check yourself, or a child whom you answer for"
        raise NotYoursError(message)
    oneself = subject == by
    return Reader(
        oneself=oneself,
        near=oneself or people.share_a_home(subject, by),
        protected=people.any_ban([subject, by]),
    )


def correctable(*, subject: int, by: int, at: datetime) -> dict[str, Fact]:
    """Return the facts by name that a resident sees, and may therefore say to be wrong."""
    reader = reads(subject=subject, by=by, at=at)
    asked = [plugin for plugin in plugins().values() if reader.may_ask(plugin)]
    return {fact.name: fact for fact in _facts(asked) if reader.sees(fact)}


def told_of(*, plugin: Plugin, fact: Fact, subject: int, at: datetime) -> Told:
    """Return what a register says of one fact that a service uses, for whoever corrects it."""
    (person,) = _persons([plugin], subject, SYSTEM, at)
    origins = _origins(subject, {fact.relation.table}, at)
    return _told(fact, _value(fact, person), origins)


def labels(plugin: Plugin, leaves: Collection[Leaf], language: str) -> list[str]:
    """Return what facts are called, a relation by those of it that the service uses; each once."""
    every = sorted(plugin.service.purpose.uses, key=lambda fact: fact.name)
    named = [
        fact.label.say(language)
        for leaf in leaves
        for fact in every
        if fact is leaf or fact.relation is leaf
    ]
    return list(dict.fromkeys(named))


def is_own(fact: Fact) -> bool:
    """Return whether a fact says something of the subject alone.

    Not one of a relative, and not one that names somebody or something else: a number that counts
    nothing is a name.
    """
    is_name = fact.type == "int" and not fact.unit
    return not fact.relation.member and fact.through is None and not is_name


def _persons(asked: Sequence[Plugin], subject: int, by: Actor, at: datetime) -> list[Person]:
    """Return what the purpose of each service may see of a subject, a look each."""
    purposes = [plugin.service.purpose for plugin in asked]
    found = []
    with consent.look_each(
        purposes=purposes, only=[subject], as_of=at.date(), known_at=at, by=by
    ) as looks:
        for look in looks:
            with look as sight:
                person = sweep.person(sight, subject)
            if person is None:
                message = f"the registers hold no resident {subject}"
                raise NobodyError(message)
            found.append(person)
    return found


def _facts(asked: Collection[Plugin]) -> Iterator[Fact]:
    """Yield the facts that decide."""
    for plugin in asked:
        for rule in plugin.service.who:
            yield from facts_in(rule.condition)


def _origins(subject: int, registers: Collection[str], at: datetime) -> Origins:
    return {
        register: people.lineages(subjects=[subject], register=register, at=at).get(subject)
        for register in registers
    }


def _judged(plugin: Plugin, person: Person, origins: Origins, day: date) -> Checked:
    rules = plugin.service.who
    answer = explain(rules, person, as_of=day)
    turns = contrast.turns_yes(rules, person, as_of=day) if answer.outcome == "no" else None
    return Checked(
        service=plugin.service.id,
        version=plugin.service.version,
        as_of=day,
        outcome=answer.outcome,
        reasons=tuple(_because(reason, origins) for reason in answer.reasons),
        decided_by=tuple(contrast.enough(rules, person, as_of=day)),
        lacking=tuple(contrast.lacking(rules, person, as_of=day)),
        changes=tuple(contrast.changes(rules, person, as_of=day)),
        turns_yes=turns,
    )


def _because(reason: Reason, origins: Origins) -> Because:
    facts = tuple(_told(fact, value, origins) for fact, value in reason.leaves)
    return Because(because=reason.because, holds=reason.holds, facts=facts)


def _told(fact: Fact, value: object, origins: Origins) -> Told:
    source, since = origins.get(fact.relation.table) or ("", None)
    known = value is not None
    if isinstance(value, tuple):
        known = None not in value and (bool(value) or fact.relation.absence == "none")
    return Told(fact=fact, known=known, shown=True, value=value, source=source, since=since)


def _value(fact: Fact, person: Person) -> object:
    rows = person.rows.get(fact.relation.name)
    if fact.relation.many:
        return None if rows is None else tuple(row[fact.column] for row in rows)
    return person.facts.get(fact.column)


def _narrowed(checked: Checked, rules: Collection[Rule], person: Person, reader: Reader) -> Checked:
    """Return an answer without what tells a value that the reader may not see."""
    reasons = tuple(
        replace(reason, facts=tuple(_hidden(told, reader) for told in reason.facts))
        for reason in checked.reasons
    )
    return replace(
        checked,
        reasons=reasons,
        changes=tuple(change for change in checked.changes if is_own(change.fact)),
        turns_yes=checked.turns_yes and _own_day(checked, rules, person),
    )


def _hidden(told: Told, reader: Reader) -> Told:
    if reader.sees(told.fact):
        return told
    return replace(told, shown=False, value=None, source="", since=None)


def _own_day(checked: Checked, rules: Collection[Rule], person: Person) -> date | None:
    """Return the day on which the answer turns, unless the day tells of somebody else.

    It tells nothing where all that reads a relative's facts holds today, and the subject's own
    facts alone give the same day.
    """
    own = [rule for rule in rules if all(map(is_own, facts_in(rule.condition)))]
    if len(own) == len(rules):
        return checked.turns_yes
    names = {rule.because for rule in own}
    if any(r.holds is not True for r in checked.reasons if r.because not in names):
        return None
    day = contrast.turns_yes(own, person, as_of=checked.as_of)
    return day if day == checked.turns_yes else None
