"""The interpreter: the reference for every other engine, and the one that gives reasons."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from stadi.engine.sql import UNKNOWN_SHIFT, shift
from stadi.kit import rule as r

Row = Mapping[str, object]
Memo = dict[r.Over, Any]
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


Meaning = Callable[[Row, Person, Memo], Any]
ONE = r.Const(value=1)


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
    memo: Memo = {}  # what was said of a person's rows, which a tree may ask more than once
    reasons = tuple(_reason(rule, person, as_of, memo) for rule in rules)
    held = [reason.holds for reason in reasons]
    bits = sum(
        1 << i if value is False else 1 << (UNKNOWN_SHIFT + i)
        for i, value in enumerate(held)
        if value is not True
    )
    outcome = "no" if False in held else "unknown" if None in held else "yes"
    worth = {a.name: _meaning(a.value, as_of)(person.facts, person, memo) for a in amounts}
    return Answer(
        subject=person.subject, outcome=outcome, bits=bits, reasons=reasons, amounts=worth
    )


def _reason(rule: r.Rule, person: Person, as_of: date, memo: Memo) -> Reason:
    holds = _meaning(rule.condition, as_of)(person.facts, person, memo)
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


def _trusted(number: int) -> int | None:
    """Return a number that every engine can count on; a larger one is unknown."""
    return number if abs(number) <= r.LARGEST_VALUE else None


def _all(values: Sequence[object]) -> bool | None:
    return False if False in values else None if None in values else True


def _some(values: Sequence[object]) -> bool | None:
    return True if True in values else None if None in values else False


def value(node: r.Expr, row: Row, person: Person, as_of: date) -> Any:
    """Return a node's value for one person: a bool, int, str or date, or None for unknown."""
    return _meaning(node, as_of)(row, person, {})


@lru_cache(maxsize=8192)
def _meaning(node: r.Expr, as_of: date) -> Meaning:  # noqa: C901, PLR0911 - one line a kind of node
    """Return what a node says of a row on a day: its tree is walked once, not once a person."""

    def below(*nodes: r.Expr) -> list[Meaning]:
        return [_meaning(child, as_of) for child in nodes]

    match node:
        case r.Const(known):
            return lambda *_: known
        case r.AsOf():
            return lambda *_: as_of
        case r.Shifted():
            day = shift(as_of, node)
            return lambda *_: day
        case r.Param():
            return lambda *_: node.at(as_of)
        case r.Fact():
            return _reading(node)
        case r.All(items):
            return _gathered(_all, below(*items))
        case r.Some(items):
            return _gathered(_some, below(*items))
        case r.Choose(condition, then, otherwise):
            return _chosen(*below(condition, then, otherwise))
        case r.Over():
            return _over(node, *below(node.where, ONE if node.value is None else node.value))
        case _:
            return _worked_out(_operation(node, as_of), below(*node.children()))


def _operation(node: r.Expr, as_of: date) -> Callable[..., Any]:  # noqa: C901, PLR0911 - as above
    """Return what a node makes of the values of its children, all of them known."""
    match node:
        case r.Year():
            return lambda day: day.year
        case r.Age():
            return lambda born: (
                as_of.year - born.year - ((born.month, born.day) > (as_of.month, as_of.day))
            )
        case r.Days():
            return lambda later, earlier: (later - earlier).days
        case r.Sum(sign=sign):
            return lambda left, right: left + sign * right
        case r.Product():
            return operator.mul
        case r.Quotient():
            return lambda left, right: left // right if right else None
        case r.Compare(op):
            return COMPARE[op]
        case r.In(values=values):
            return lambda found: found in values
        case r.Not():
            return operator.not_
    message = f"no meaning for {type(node).__name__}"
    raise r.RuleError(message)


def _reading(fact: r.Fact) -> Meaning:
    """Return the reading of a fact; a value of another type is an error, never a silent no."""
    column = fact.column

    def read(row: Row, _person: Person, _memo: Memo) -> Any:
        found = row.get(column)
        if found is not None and r.TYPES.get(type(found)) != fact.type:
            message = f"{fact.name} is {fact.type}, and was given as {type(found).__name__}"
            raise r.RuleError(message)
        return _trusted(found) if type(found) is int else found

    return read


def _gathered(gather: Callable[[Sequence[object]], bool | None], parts: list[Meaning]) -> Meaning:
    return lambda row, person, memo: gather([part(row, person, memo) for part in parts])


def _chosen(condition: Meaning, then: Meaning, otherwise: Meaning) -> Meaning:
    def choose(row: Row, person: Person, memo: Memo) -> Any:
        truth = condition(row, person, memo)
        return None if truth is None else (then if truth else otherwise)(row, person, memo)

    return choose


def _worked_out(work_out: Callable[..., Any], parts: list[Meaning]) -> Meaning:
    def worked(row: Row, person: Person, memo: Memo) -> Any:
        values = [part(row, person, memo) for part in parts]
        return None if None in values else work_out(*values)

    return worked


def _over(node: r.Over, where: Meaning, part: Meaning) -> Meaning:
    def said(_row: Row, person: Person, memo: Memo) -> Any:
        if node not in memo:
            rows = person.rows.get(node.relation.name, ())
            truths = None if rows is None else [where(row, person, memo) for row in rows]
            memo[node] = _said(node, rows, truths, lambda row: part(row, person, memo))
        return memo[node]

    return said


def _said(
    node: r.Over,
    rows: Sequence[Row] | None,
    truths: Sequence[object] | None,
    pick: Callable[[Row], Any],
) -> Any:
    """Return what is said of the rows of a relation; rows of None are rows nobody knows."""
    if rows is None or truths is None:
        return None
    if node.how == "exists":
        found = _some(truths)
        return None if found is False and node.relation.absence == "missing" else found
    held: list[Any] = [
        pick(row) if true else None
        for row, true in zip(rows, truths, strict=True)
        if true is not False
    ]
    if None in held:
        return None
    if node.how == "count":
        return len(held)
    if node.how == "sum":
        return _trusted(sum(held))
    return (min if node.how == "min" else max)(held, default=None)
