"""The manual of the rule language: each entry is shown in docs/reference/rules.md and run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from stadi.engine.explain import Person
from stadi.kit import rule, words
from stadi.kit.rule import Amount, Dated, Expr, Fact, Param, Relation, Rule
from stadi.kit.service import (
    Basis,
    Fixed,
    Offer,
    Oversight,
    Purpose,
    Self,
    Service,
)
from stadi.kit.text import Text
from stadi.people import facts as people

TODAY = date(2027, 1, 15)
LAW = "an invented act"
ANY = Text(fi="esimerkki", sv="exempel", en="example")

# ── the facts of the examples that no register holds yet ─────────────────────────────────────

HOME = Relation(name="home", table="example_home")
TRAINING = Relation(name="training", table="example_training", many=True, absence="missing")


def example(name: str, kind: str, relation: Relation = HOME, unit: str = "") -> Fact:
    return Fact(
        name=f"example.{name}", relation=relation, column=name, type=kind, unit=unit, label=ANY
    )


rent = example("rent", "int", unit="cents/month")
savings = example("savings", "int", unit="cents")
rooms = example("rooms", "int")
dwellers = example("dwellers", "int")
religion = example("religion", "text")
trade = example("trade", "text", TRAINING)
LEAVING_AGE = Param(
    "leaving_age",
    (
        Dated(since=date(1999, 1, 1), value=17, law=LAW, until=date(2020, 8, 1)),
        Dated(since=date(2021, 8, 1), value=18, law=LAW),
    ),
    "years",
)


def register(condition: Expr, *uses: Fact) -> Service:
    """Return a service with this one rule, and a purpose that names these facts."""
    language, ban = people.contact_language, people.safety_ban
    return Service(
        id="example",
        line="A1",
        version="1",
        level="L2",
        owner="somebody",
        purpose=Purpose(
            id="example",
            basis=Basis(kind="public_task", law=LAW),
            uses=dict.fromkeys([language, ban, *uses], "an example"),
        ),
        who=(Rule(condition=condition, because="it"),),
        propose=Fixed(),
        recipient=Self(language=language, guard=ban),
        offer=Offer(open_days=14),
        oversight=Oversight(owner="somebody", queue="somewhere", queue_days=10),
        cannot_reach="nobody",
    )


# What a piece of code of the manual may name.
NAMES: dict[str, Any] = {
    **{name: getattr(rule, name) for name in ("Param", "Dated")},
    **{name: value for name, value in vars(words).items() if not name.startswith("_")},
    **{k: v for k, v in vars(people).items() if isinstance(v, Fact | Relation)},
    "rent": rent,
    "savings": savings,
    "rooms": rooms,
    "dwellers": dwellers,
    "trade": trade,
    "religion": religion,
    "TRAINING": TRAINING,
    "LEAVING_AGE": LEAVING_AGE,
    "register": register,
    "date": date,
}

# ── the shape of an entry ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One person and the answer; None is unknown. Rows of a relation are tuples."""

    answer: object
    day: date
    basis: str
    facts: Mapping[str, Any]


def case(answer: object, *, day: date = TODAY, basis: str = "ok", **facts: Any) -> Case:
    return Case(answer=answer, day=day, basis=basis, facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A heading, a sentence, code, and people with the answer that every engine gives."""

    heading: str
    says: str
    code: str
    cases: tuple[Case, ...]

    def parts(self) -> tuple[Expr, ...]:
        """Return what the code says: one rule or amount, or several rules."""
        made = eval(self.code, dict(NAMES))  # noqa: S307 - the manual's own words
        return made if isinstance(made, tuple) else (made,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of the entry; an entry about an amount has one that always holds."""
        conditions = [p for p in self.parts() if p.type == "bool"] or [rule.lift(value=True)]
        return tuple(Rule(condition=c, because=f"rule_{i}") for i, c in enumerate(conditions))

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """The amount of the entry, if it is about one."""
        return tuple(Amount(name="it", value=p) for p in self.parts() if p.type != "bool")

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact that the entry names, in the order of their names."""
        named = frozenset().union(*(rule.facts_in(p) for p in self.parts()))
        return tuple(sorted(named, key=lambda f: f.name))


def person(entry: Entry, one: Case, subject: int) -> Person:
    """Return a case's facts as an engine's person."""
    own: dict[str, object] = {}
    rows: dict[str, list[dict[str, object]]] = {}
    for fact in entry.facts:
        relation = fact.relation
        if not relation.many:
            own[fact.column] = one.facts.get(fact.column)
            continue
        named = [f.column for f in entry.facts if f.relation == relation]
        rows[relation.name] = [
            dict(zip(named, row, strict=True)) for row in one.facts.get(relation.name, ())
        ]
    return Person(subject=subject, basis=one.basis, facts=own, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Code that is refused while it is being written, and the sentence that says why."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Entries that belong together, with a paragraph before them."""

    title: str
    says: str
    entries: tuple[Entry, ...] = ()
    refusals: tuple[Refusal, ...] = field(default=())
