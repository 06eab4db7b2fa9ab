"""What decided an outcome, what would change it, and when it changes by itself.

Every answer comes from asking the interpreter again with one thing otherwise, never from a
second copy of the rules' meaning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from stadi.engine.explain import Person, explain, value
from stadi.kit import rule as r

HORIZON = 400  # days: a little more than the longest wait for a yearly rule
Leaf = r.Fact | r.Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact with a value that would make the outcome yes; None stands for "no such row"."""

    fact: r.Fact
    value: r.Value | None


def leaves(rules: Sequence[r.Rule]) -> list[Leaf]:
    """Return what can be known or missing: each single fact, each relation of many as a whole."""
    facts = sorted({f for rule in rules for f in r.facts_in(rule.condition)}, key=lambda f: f.name)
    return list(dict.fromkeys(f.relation if f.relation.many else f for f in facts))


def without(person: Person, hidden: Sequence[Leaf]) -> Person:
    """Return the person with these leaves missing."""
    facts = {k: v for k, v in person.facts.items() if not _names(hidden, k)}
    gone = {leaf.name: None for leaf in hidden if isinstance(leaf, r.Relation)}
    return replace(person, facts=facts, rows={**person.rows, **gone})


def _names(hidden: Sequence[Leaf], column: str) -> bool:
    return any(isinstance(leaf, r.Fact) and leaf.column == column for leaf in hidden)


def decisive(rules: Sequence[r.Rule], person: Person, *, as_of: date) -> list[Leaf]:
    """Return a smallest set of leaves that hold the outcome up: without them it is unknown.

    None of them can be left out of the set. Empty where the outcome is unknown or stopped, or
    holds whatever the facts.
    """
    outcome = explain(rules, person, as_of=as_of).outcome
    found = leaves(rules)
    if outcome not in ("yes", "no") or _holds(rules, without(person, found), as_of, outcome):
        return []
    for leaf in list(found):
        rest = [other for other in found if other is not leaf]
        if not _holds(rules, without(person, rest), as_of, outcome):
            found = rest
    return found


def enough(rules: Sequence[r.Rule], person: Person, *, as_of: date) -> list[Leaf]:
    """Return a smallest set of leaves that alone give the outcome, were all others missing."""
    outcome = explain(rules, person, as_of=as_of).outcome
    if outcome not in ("yes", "no"):
        return []
    every = leaves(rules)
    kept = every
    for leaf in every:
        rest = [other for other in kept if other is not leaf]
        hidden = [other for other in every if all(other is not kept_one for kept_one in rest)]
        if _holds(rules, without(person, hidden), as_of, outcome):
            kept = rest
    return kept


def _holds(rules: Sequence[r.Rule], person: Person, as_of: date, outcome: str) -> bool:
    return explain(rules, person, as_of=as_of).outcome == outcome


def lacking(rules: Sequence[r.Rule], person: Person, *, as_of: date) -> list[r.Fact]:
    """Return the facts whose absence leaves an unknown outcome open; empty for other outcomes."""
    reasons = explain(rules, person, as_of=as_of)
    if reasons.outcome != "unknown":
        return []
    open_ = [reason for reason in reasons.reasons if reason.holds is None]
    absent = {
        fact
        for reason in open_
        for fact, seen in reason.leaves
        if seen is None or (isinstance(seen, tuple) and (None in seen or not seen))
    }
    return sorted(absent, key=lambda f: f.name)


def turns_yes(
    rules: Sequence[r.Rule], person: Person, *, as_of: date, within: int = HORIZON
) -> date | None:
    """Return the first later day on which the same facts give a yes, or None within the horizon."""
    for days in range(1, within + 1):
        day = as_of + timedelta(days=days)
        try:
            if _holds(rules, person, day, "yes"):
                return day
        except r.RuleError:  # a parameter that nobody has set yet
            return None
    return None


def changes(rules: Sequence[r.Rule], person: Person, *, as_of: date) -> list[Change]:
    """Return, a fact each, one change that alone would make a no a yes; not of a lasting fact."""
    if explain(rules, person, as_of=as_of).outcome != "no":
        return []
    found: dict[r.Fact, Change] = {}
    for change in _tries(rules, person, as_of):
        fresh = change.fact not in found and not change.fact.lasting
        if fresh and _holds(rules, _with(person, change), as_of, "yes"):
            found[change.fact] = change
    return list(found.values())


def _tries(rules: Sequence[r.Rule], person: Person, as_of: date) -> Iterator[Change]:
    """Yield values at the edges of what the rules compare a fact with, and an emptied relation."""
    for node in (n for rule in rules for n in r.walk(rule.condition)):
        match node:
            case r.Over(relation=relation):
                named = sorted(r.facts_in(node), key=lambda f: f.name)
                if person.rows.get(relation.name):
                    yield Change(fact=named[0], value=None)
            case r.In(item=r.Fact() as fact, values=values):
                yield from (Change(fact=fact, value=v) for v in values)
            case (
                r.Compare(left=r.Fact() as fact, right=other)
                | r.Compare(left=other, right=r.Fact() as fact)
            ) if not r.facts_in(other):
                yield from (Change(fact=fact, value=v) for v in _edges(other, as_of))
            case r.Fact(type="bool"):
                yield from (Change(fact=node, value=v) for v in (True, False))


def _edges(node: r.Expr, as_of: date) -> Iterator[r.Value]:
    nobody = Person(subject=0, basis="ok", facts={}, rows={})
    edge: r.Value = value(node, {}, nobody, as_of)
    yield edge
    if type(edge) is int:
        yield from (edge - 1, edge + 1)
    if isinstance(edge, date):
        yield from (edge - timedelta(days=1), edge + timedelta(days=1))


def _with(person: Person, change: Change) -> Person:
    fact = change.fact
    if fact.relation.many:
        return replace(person, rows={**person.rows, fact.relation.name: ()})
    return replace(person, facts={**person.facts, fact.column: change.value})
