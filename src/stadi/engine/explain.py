"""The interpreter: the reference for every other engine, and the one that gives reasons."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from stadi.engine.sql import UNKNOWN_SHIFT
from stadi.kit import rule as r

Row = Mapping[str, object]
COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a purpose may see of one subject: own facts, and rows of each relation of many."""

    subject: int
    basis: str
    facts: Row
    rows: Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule's answer for one person: True, False or None for unknown, and what it read."""

    because: str
    holds: bool | None
    leaves: tuple[tuple[r.Fact, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome for one person with its reasons, in the order of the rules."""

    subject: int
    outcome: str
    bits: int
    reasons: tuple[Reason, ...]


def explain(rules: Sequence[r.Rule], person: Person, *, as_of: date) -> Answer:
    """Return the outcome and the reason of each rule."""
    if person.basis != "ok":
        return Answer(subject=person.subject, outcome="stopped", bits=0, reasons=())
    reasons = tuple(_reason(rule, person, as_of) for rule in rules)
    held = [reason.holds for reason in reasons]
    bits = sum(
        1 << i if value is False else 1 << (UNKNOWN_SHIFT + i)
        for i, value in enumerate(held)
        if value is not True
    )
    outcome = "no" if False in held else "unknown" if None in held else "yes"
    return Answer(subject=person.subject, outcome=outcome, bits=bits, reasons=reasons)


def _reason(rule: r.Rule, person: Person, as_of: date) -> Reason:
    holds = _value(rule.condition, person.facts, person, as_of)
    facts = sorted(r.facts_in(rule.condition), key=lambda f: f.name)
    leaves = tuple((f, _seen(f, person)) for f in facts)
    return Reason(because=rule.because, holds=holds, leaves=leaves)


def _seen(fact: r.Fact, person: Person) -> object:
    if not fact.relation.many:
        return person.facts.get(fact.column)
    return tuple(row.get(fact.column) for row in person.rows.get(fact.relation.name, ()))


def _read(fact: r.Fact, row: Row) -> object:
    """Return the fact's value; one of another type is an error, never a silent no."""
    value = row.get(fact.column)
    if value is not None and r.TYPES.get(type(value)) != fact.type:
        message = f"{fact.name} is {fact.type}, and was given as {type(value).__name__}"
        raise r.RuleError(message)
    return value


def _all(values: Sequence[object]) -> bool | None:
    return False if False in values else None if None in values else True


def _some(values: Sequence[object]) -> bool | None:
    return True if True in values else None if None in values else False


def _value(node: r.Expr, row: Row, person: Person, as_of: date) -> Any:  # noqa: C901, PLR0911, PLR0912
    def below(child: r.Expr) -> object:
        return _value(child, row, person, as_of)

    match node:
        case r.Const(value):
            return value
        case r.AsOf():
            return as_of
        case r.Param():
            return node.at(as_of)
        case r.Fact():
            return _read(node, row)
        case r.All(items):
            return _all([below(i) for i in items])
        case r.Some(items):
            return _some([below(i) for i in items])
        case r.Exists(relation, where):
            rows = person.rows.get(relation.name, ())
            found = _some([_value(where, one, person, as_of) for one in rows])
            return None if found is False and relation.absence == "missing" else found
    parts: list[Any] = [below(child) for child in node.children()]
    if None in parts:
        return None
    match node:
        case r.Year():
            return parts[0].year
        case r.Age():
            born = parts[0]
            early = (born.month, born.day) > (as_of.month, as_of.day)
            return as_of.year - born.year - early
        case r.Sum(sign=sign):
            return parts[0] + sign * parts[1]
        case r.Compare(op):
            return COMPARE[op](parts[0], parts[1])
        case r.In(values=values):
            return parts[0] in values
        case r.Not():
            return not parts[0]
    message = f"no meaning for {type(node).__name__}"
    raise r.RuleError(message)
