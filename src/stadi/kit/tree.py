"""A rule tree as text, so that it can be kept by its hash and run again after any upgrade."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from stadi.kit import rule as r

NODES = {
    node.__name__: node
    for node in (
        *(r.Const, r.AsOf, r.Shifted, r.Param, r.Year, r.Age, r.Days, r.Sum, r.Product, r.Quotient),
        *(r.Choose, r.Compare, r.In, r.All, r.Some, r.Not, r.Over, r.Dated),
    )
}


class TreeError(r.RuleError):
    """A kept rule does not fit the facts of today; the sentence names the fact."""


def write(rules: Sequence[r.Rule], amounts: Sequence[r.Amount] = ()) -> str:
    """Return rules and amounts as JSON text, the same for the same rules."""
    roots = [rule.condition for rule in rules] + [amount.value for amount in amounts]
    facts = {f.name: _shape(f) for root in roots for f in r.facts_in(root)}
    whole = {
        "facts": facts,
        "rules": [[rule.because, _out(rule.condition)] for rule in rules],
        "amounts": [[amount.name, _out(amount.value)] for amount in amounts],
    }
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(text: str, facts: Iterable[r.Fact]) -> tuple[tuple[r.Rule, ...], tuple[r.Amount, ...]]:
    """Return the rules and amounts of a text; a fact that has another shape now is an error."""
    whole = json.loads(text)
    known = {fact.name: fact for fact in facts}
    for name, shape in whole["facts"].items():
        if name not in known or _shape(known[name]) != shape:
            message = f"the fact {name} is no longer what it was when the rule was kept"
            raise TreeError(message)
    return (
        tuple(r.Rule(because=b, condition=_in(c, known)) for b, c in whole["rules"]),
        tuple(r.Amount(name=n, value=_in(v, known)) for n, v in whole["amounts"]),
    )


def parameters(rules: Sequence[r.Rule], amounts: Sequence[r.Amount], day: date) -> str:
    """Return every parameter's value in force on a day as JSON text."""
    roots = [rule.condition for rule in rules] + [amount.value for amount in amounts]
    found = {n.name: n.at(day) for root in roots for n in r.walk(root) if isinstance(n, r.Param)}
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Return the name a text is kept by: its sha256."""
    return hashlib.sha256(text.encode()).hexdigest()


def _shape(fact: r.Fact) -> list[object]:
    """Return what a rule's meaning hangs on: type, unit, and what its relation says of absence."""
    relation = fact.relation
    return [fact.type, fact.unit, relation.name, relation.many, relation.absence]


def _out(value: object) -> Any:
    match value:
        case r.Fact():
            return {"fact": value.name}
        case date():
            return {"date": value.isoformat()}
        case tuple():
            return [_out(v) for v in value]
        case r.Relation():
            return {"relation": value.name}
        case r.Expr() | r.Dated():
            held = {f.name: _out(getattr(value, f.name)) for f in fields(value)}  # type: ignore[arg-type]
            return {"node": type(value).__name__, **held}
    return value


def _in(value: Any, known: Mapping[str, r.Fact]) -> Any:
    if isinstance(value, list):
        return tuple(_in(v, known) for v in value)
    if not isinstance(value, dict):
        return value
    if "node" in value:
        parts = {str(k): _in(v, known) for k, v in value.items() if k != "node"}
        return NODES[value["node"]](**parts)
    ((kind, name),) = value.items()
    if kind == "fact":
        return known[name]
    if kind == "date":
        return date.fromisoformat(name)
    return next(f.relation for f in known.values() if f.relation.name == name)
