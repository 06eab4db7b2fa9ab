"""What decided an outcome, what would change it, and when it changes by itself.

Every answer comes from asking the interpreter again with one thing otherwise, never from a
second copy of the rules' meaning.
"""

from bisect import bisect_right
from calendar import isleap
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


def _yes(rules: Sequence[r.Rule], person: Person, as_of: date) -> bool:
    return all(value(rule.condition, person.facts, person, as_of) is True for rule in rules)


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
    if person.basis != "ok":
        return None
    turns = [_Turn(rule=rule, days=_turning(rule, person, as_of, within)) for rule in rules]
    for days in range(1, within + 1):
        day = as_of + timedelta(days=days)
        try:
            if all(turn.holds(person, day) for turn in turns):
                return day
        except r.RuleError:  # a parameter that nobody has set yet
            return None
    return None


@dataclass(slots=True, kw_only=True)
class _Turn:
    """A rule with the later days on which it may say something else; None is any day."""

    rule: r.Rule
    days: Sequence[date] | None
    true: bool = False
    until: date = date.min

    def holds(self, person: Person, day: date) -> bool:
        """Return whether the rule is true on a day no earlier than the one asked about before."""
        if day >= self.until:
            self.true = value(self.rule.condition, person.facts, person, day) is True
            later = bisect_right(self.days, day) if self.days is not None else 0
            self.until = self._next(day, later)
        return self.true

    def _next(self, day: date, later: int) -> date:
        if self.days is None:
            return day + timedelta(days=1)
        return self.days[later] if later < len(self.days) else date.max


def _turning(rule: r.Rule, person: Person, as_of: date, within: int) -> list[date] | None:
    """Return on which days within the horizon a rule may turn, or None where it may on any.

    By calendar years alone it turns at new year, by an age on the days of the dates it may be
    counted from, by a parameter when the law says.
    """
    nodes = list(r.walk(rule.condition))
    by_year = sum(isinstance(n, r.Year) and isinstance(n.day, r.AsOf) for n in nodes)
    if any(isinstance(n, r.Shifted) for n in nodes) or by_year < sum(
        isinstance(n, r.AsOf) for n in nodes
    ):
        return None
    found = {
        d
        for n in nodes
        if isinstance(n, r.Param)
        for v in n.values
        for d in (v.since, v.until)
        if d
    }
    years = range(as_of.year, (as_of + timedelta(days=within)).year + 1)
    if by_year:
        found |= {date(year, 1, 1) for year in years}
    if any(isinstance(n, r.Age) for n in nodes):
        found |= {_anniversary(day, year) for day in _dates(nodes, person) for year in years}
    return sorted(found)


def _dates(nodes: Sequence[r.Expr], person: Person) -> set[date]:
    """Return every date that an age may be counted from."""
    rows = (row for rows in person.rows.values() for row in rows or ())
    held = [v for row in (person.facts, *rows) for v in row.values()]
    held += [n.value for n in nodes if isinstance(n, r.Const)]
    return {v for v in held if isinstance(v, date)}


def _anniversary(day: date, year: int) -> date:
    """Return the day of a year on which one more is counted; from 29 February it may be 1 March."""
    leap = (day.month, day.day) == (2, 29) and not isleap(year)
    return date(year, 3, 1) if leap else day.replace(year=year)


def changes(rules: Sequence[r.Rule], person: Person, *, as_of: date) -> list[Change]:
    """Return, a fact each, one change that alone would make a no a yes; not of a lasting fact."""
    answer = explain(rules, person, as_of=as_of)
    if answer.outcome != "no":
        return []
    held = {reason.because: reason.holds for reason in answer.reasons}
    # what fails today first: most changes mend nothing, and so are found out at once
    first = sorted(rules, key=lambda rule: held[rule.because] is True)
    found: dict[r.Fact, Change] = {}
    for change in _tries(rules, person, as_of):
        # of many rows only the lack of all is tried, never another value in one of them
        tried = change.value is None or not change.fact.relation.many
        fresh = tried and change.fact not in found and not change.fact.lasting
        if fresh and _yes(first, _with(person, change), as_of):
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
