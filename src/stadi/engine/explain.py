"""The interpreter: the reference for every other engine, and the one that gives reasons."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from stadi.engine.sql import UNKNOWN_SHIFT, shift
from stadi.kit import rule as r

Row = Mapping[str, object]
Memo = dict[int, Any]
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
    """What a purpose may see of one subject: own facts, and rows of each relation of many.

    A relation that is not there has no rows; None instead of rows means that nobody knows them.
    """

    subject: int
    basis: str
    facts: Row
    rows: Mapping[str, Sequence[Row] | None]


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
    amounts: dict[str, int | date | None] = field(default_factory=dict)


def explain(
    rules: Sequence[r.Rule], person: Person, *, as_of: date, amounts: Sequence[r.Amount] = ()
) -> Answer:
    """Return the outcome, the reason of each rule, and the amounts, None where unknown."""
    if person.basis != "ok":
        return Answer(subject=person.subject, outcome="stopped", bits=0, reasons=())
    memo: Memo = {}
    reasons = tuple(_reason(rule, person, as_of, memo) for rule in rules)
    held = [reason.holds for reason in reasons]
    bits = sum(
        1 << i if value is False else 1 << (UNKNOWN_SHIFT + i)
        for i, value in enumerate(held)
        if value is not True
    )
    outcome = "no" if False in held else "unknown" if None in held else "yes"
    worth = {a.name: value(a.value, person.facts, person, as_of, memo) for a in amounts}
    return Answer(
        subject=person.subject, outcome=outcome, bits=bits, reasons=reasons, amounts=worth
    )


def _reason(rule: r.Rule, person: Person, as_of: date, memo: Memo) -> Reason:
    holds = value(rule.condition, person.facts, person, as_of, memo)
    leaves = tuple((f, _seen(f, person)) for f in _facts(rule.condition))
    return Reason(because=rule.because, holds=holds, leaves=leaves)


@lru_cache(maxsize=1024)
def _facts(condition: r.Expr) -> tuple[r.Fact, ...]:
    return tuple(sorted(r.facts_in(condition), key=lambda f: f.name))


def _seen(fact: r.Fact, person: Person) -> object:
    if not fact.relation.many:
        return person.facts.get(fact.column)
    rows = person.rows.get(fact.relation.name, ())
    return None if rows is None else tuple(row.get(fact.column) for row in rows)


def _read(fact: r.Fact, row: Row) -> Any:
    """Return the fact's value; one of another type is an error, never a silent no."""
    found = row.get(fact.column)
    if found is not None and r.TYPES.get(type(found)) != fact.type:
        message = f"{fact.name} is {fact.type}, and was given as {type(found).__name__}"
        raise r.RuleError(message)
    return _trusted(found) if type(found) is int else found


def _trusted(number: int) -> int | None:
    """Return a number that every engine can count on; a larger one is unknown."""
    return number if abs(number) <= r.LARGEST_VALUE else None


def _all(values: Sequence[object]) -> bool | None:
    return False if False in values else None if None in values else True


def _some(values: Sequence[object]) -> bool | None:
    return True if True in values else None if None in values else False


def value(  # noqa: C901, PLR0911, PLR0912, PLR0917
    node: r.Expr, row: Row, person: Person, as_of: date, memo: Memo | None = None
) -> Any:
    """Return a node's value for one person: a bool, int, str or date, or None for unknown.

    `memo` keeps what was said of a person's rows, which a tree may ask more than once.
    """

    def below(child: r.Expr) -> Any:
        return value(child, row, person, as_of, memo)

    match node:
        case r.Const(known):
            return known
        case r.AsOf():
            return as_of
        case r.Shifted():
            return shift(as_of, node)
        case r.Param():
            return node.at(as_of)
        case r.Fact():
            return _read(node, row)
        case r.All(items):
            return _all([below(i) for i in items])
        case r.Some(items):
            return _some([below(i) for i in items])
        case r.Choose(condition, then, otherwise):
            truth = below(condition)
            return None if truth is None else below(then) if truth else below(otherwise)
        case r.Over():
            if memo is None:
                return _over(node, person, as_of)
            if id(node) not in memo:
                memo[id(node)] = _over(node, person, as_of)
            return memo[id(node)]
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
        case r.Days():
            return (parts[0] - parts[1]).days
        case r.Sum(sign=sign):
            return parts[0] + sign * parts[1]
        case r.Product():
            return parts[0] * parts[1]
        case r.Quotient():
            return parts[0] // parts[1] if parts[1] else None
        case r.Compare(op):
            return COMPARE[op](parts[0], parts[1])
        case r.In(values=values):
            return parts[0] in values
        case r.Not():
            return not parts[0]
    message = f"no meaning for {type(node).__name__}"
    raise r.RuleError(message)


def _over(node: r.Over, person: Person, as_of: date) -> Any:  # noqa: PLR0911 - one line a question
    """Return what is said of the rows of a relation; rows of None are rows nobody knows."""
    rows = person.rows.get(node.relation.name, ())
    if rows is None:
        return None
    truths = [value(node.where, row, person, as_of) for row in rows]
    if node.how == "exists":
        found = _some(truths)
        return None if found is False and node.relation.absence == "missing" else found
    if None in truths:
        return None
    part = r.Const(value=1) if node.value is None else node.value
    held = [value(part, row, person, as_of) for row, true in zip(rows, truths, strict=True) if true]
    if None in held:
        return None
    if node.how == "count":
        return len(held)
    if node.how == "sum":
        return _trusted(sum(held))
    return (min if node.how == "min" else max)(held, default=None)
