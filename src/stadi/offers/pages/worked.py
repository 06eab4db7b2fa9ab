"""How an amount was worked out, in words: its facts as recorded, the parameters of that day, steps.

The tree of the amount is walked the way it was walked for this one person: of what the law says
only that is told which counted for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from stadi.engine.explain import Person
from stadi.engine.explain import value as worth
from stadi.kit import rule as r
from stadi.kit.service import Award, Plugin
from stadi.offers.actions.plans import money
from stadi.offers.domain import ON_RECORD
from stadi.offers.models import Offer
from stadi.offers.pages import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One number that counted: a fact, or a parameter with its law and since when it is in force.

    Lines of the steps have neither.
    """

    words: str
    value: str
    law: str = ""
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Everything that an amount follows from."""

    facts: tuple[Line, ...]
    parameters: tuple[Line, ...]
    steps: tuple[Line, ...]


def working(made: Plugin, offer: Offer, language: str) -> Working | None:
    """Return how an offered amount was worked out, None where the record does not tell it all."""
    what, sent = made.service.propose, offer.case.sent_at
    if not isinstance(what, Award) or offer.cents is None or sent is None:
        return None
    (amount,) = [a for a in made.service.amounts if a.name == what.amount]
    telling = _Telling(made, _recorded(made, offer.reasons), sent.date(), language)
    if telling.of(amount.value) != offer.cents:
        return None
    telling.operand(amount.value)
    return Working(
        facts=tuple(telling.facts.values()),
        parameters=tuple(telling.parameters.values()),
        steps=tuple(telling.steps),
    )


def _recorded(made: Plugin, reasons: Sequence[Mapping[str, Any]]) -> Person:
    """Return the person as the offer's reasons recorded them."""
    facts = {fact.name: fact for fact in made.service.purpose.uses}
    own: dict[str, object] = {}
    columns: dict[str, dict[str, list[object]]] = {}
    for leaf in reasons:
        fact, value = facts[leaf["fact"]], leaf["value"]
        if value == ON_RECORD:
            continue
        if fact.relation.many:
            column = [_read(fact, one) for one in value or ()]
            columns.setdefault(fact.relation.name, {})[fact.column] = column
        else:
            own[fact.column] = _read(fact, value)
    rows = {
        name: [dict(zip(known, row, strict=True)) for row in zip(*known.values(), strict=True)]
        for name, known in columns.items()
    }
    return Person(subject=0, basis="ok", facts=own, rows=rows)


def _read(fact: r.Fact, value: Any) -> object:
    return date.fromisoformat(value) if fact.type == "date" and value is not None else value


@dataclass(slots=True)
class _Telling:
    """One walk down the tree of an amount; what it meets is kept in the order it was met."""

    made: Plugin
    person: Person
    day: date
    language: str
    facts: dict[str, Line] = field(default_factory=dict)
    parameters: dict[str, Line] = field(default_factory=dict)
    steps: list[Line] = field(default_factory=list)

    def of(self, node: r.Expr) -> Any:
        """Return a node's value."""
        return worth(node, self.person.facts, self.person, self.day)

    def written(self, node: r.Expr) -> str:
        """Return a node's value with its unit."""
        number = self.of(node)
        if node.unit == "cents":
            return money(number, self.language)
        return f"{number} {node.unit}".strip()

    def operand(self, node: r.Expr) -> str:
        """Return what stands for a node in a step; what it follows from is told before."""
        match node:
            case r.Param():
                return self._parameter(node)
            case r.Fact() | r.Over():
                return self._fact(node)
            case r.Choose():
                return self._choice(node)
            case r.Const() | r.Year() | r.Age() | r.Days():
                return self.written(node)
        return self._step(self._worked(node), node)

    def _worked(self, node: r.Expr) -> str:
        """Return what is done with numbers, in words."""
        match node:
            case r.Product(r.Quotient(whole, r.Const(value=100)), r.Param() as percent):
                self._parameter(percent)
                share = {"percent": self.of(percent), "whole": self.operand(whole)}
                return _("%(percent)s %% of %(whole)s, in whole euros") % share
            case r.Quotient():
                sides = {"one": self.operand(node.left), "other": self.operand(node.right)}
                return _("%(one)s divided by %(other)s") % sides
            case r.Sum(sign=-1):
                sides = {"one": self.operand(node.left), "other": self.operand(node.right)}
                return _("%(one)s minus %(other)s") % sides
            case r.Sum():
                sides = {"one": self.operand(node.left), "other": self.operand(node.right)}
                return _("%(one)s plus %(other)s") % sides
        one, other = (self.operand(side) for side in node.children())
        return _("%(one)s times %(other)s") % {"one": one, "other": other}

    def _step(self, words: str, node: r.Expr) -> str:
        value = self.written(node)
        self.steps.append(Line(words=words[:1].upper() + words[1:], value=value))
        return value

    def _parameter(self, node: r.Param) -> str:
        words, value = self.made.say(f"param.{node.name}", self.language), self.written(node)
        dated = max((v for v in node.values if v.since <= self.day), key=lambda v: v.since)
        self.parameters[node.name] = Line(
            words=words, value=value, law=dated.law, since=dated.since
        )
        return f"{words[:1].lower()}{words[1:]} ({value})"

    def _fact(self, node: r.Fact | r.Over) -> str:
        fact = node if isinstance(node, r.Fact) else node.value
        label = fact.label.say(self.language) if isinstance(fact, r.Fact) else ""
        words = f"{label}, {span}" if (span := self._span(node)) else label
        value = self.written(node)
        self.facts[label] = Line(words=words[:1].upper() + words[1:], value=value)
        return f"{label} ({value})"

    def _span(self, node: r.Fact | r.Over) -> str:
        """Return which days the rows of a question are of, where it asks about days."""
        if isinstance(node, r.Fact):
            return ""
        dated = [f for f in r.facts_in(node.where) if f.type == "date"]
        rows = self.person.rows.get(node.relation.name) or ()
        held = [row for row in rows if worth(node.where, row, self.person, self.day) is True]
        return told.days(
            sorted(date.fromisoformat(str(row[f.column])) for f in dated for row in held)
        )

    def _choice(self, node: r.Choose) -> str:
        """Return the side that was taken; of two that were compared, both are told."""
        taken = node.then if self.of(node.condition) else node.otherwise
        asked = node.condition
        if not isinstance(asked, r.Compare) or asked.left is not node.then:
            self._asked(asked)
            return self.operand(taken)
        one = self.operand(node.then)
        if isinstance(node.otherwise, r.Const):
            return one if taken is node.then else self.written(taken)
        sides = {"one": one, "other": self.operand(node.otherwise)}
        smaller = _("the smaller of %(one)s and %(other)s") % sides
        larger = _("the larger of %(one)s and %(other)s") % sides
        return self._step(smaller if asked.op == "<" else larger, node)

    def _asked(self, condition: r.Expr) -> None:
        """Tell of the facts that a condition asks about, such as how many live in the home."""
        for node in r.walk(condition):
            if isinstance(node, r.Over) and node.how != "exists":
                self._fact(node)
