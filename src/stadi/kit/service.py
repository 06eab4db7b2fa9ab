"""What a proactive service declares: its owner, why it may look, whom it finds, what it offers."""

from collections.abc import Iterator
from dataclasses import dataclass

from stadi.kit.errors import StadiError
from stadi.kit.rule import Amount, Expr, Fact, Over, Param, Rule, facts_in
from stadi.kit.text import Text

LEVELS = ("L0", "L1", "L2", "L3", "L4")
FORBIDDEN = ("nationality", "native_language", "religion", "name", "appearance", "free_text")


class ServiceError(StadiError):
    """The service is not fit to run; the sentence says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The legal ground: public_task, legal_duty or consent, and the law that gives it."""

    kind: str
    law: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why the city may look, and exactly at what: each fact with a reason of one sentence."""

    id: str
    basis: Basis
    uses: dict[Fact, str]

    @property
    def slug(self) -> str:
        """The purpose's name as the database spells it."""
        return self.id.replace(".", "_").replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How many metres further a unit counts that lacks what `fact` asks of it; dated, with its law.

    `unit` says which property of the unit answers: id (the present unit), language or support.
    """

    fact: Fact
    unit: str
    metres: Param


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Offer one place each, the sum of walks and weights as small as it can be.

    `together` is the fact that siblings of one round share: they get one unit, or a person looks.
    """

    kind: str
    home_x: Fact
    home_y: Fact
    weights: tuple[Weight, ...] = ()
    together: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Offer everyone the same thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardians:
    """The offer goes to every guardian; a safety ban goes to a person instead."""

    guardian: Fact
    language: Fact
    guard: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Self:
    """The offer goes to the subject."""

    language: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How long the offer and the regret last, and how it is told.

    `channels` is a ladder: the inbox holds the message, the others only say that one waits there.
    After `remind_days` without an answer it is said again, once.
    """

    open_days: int
    undo_hours: int = 24
    remind_days: int = 7
    channels: tuple[str, ...] = ("inbox",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Write the place that the case holds into the register; undone by taking it out again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Make the decision document, which a named official signs; undone by annulling it."""

    signer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell the unit whom to expect; undone by telling it not to."""


Fulfilment = Place | Decide | Notify


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """The person who answers for the service, and the queue for what it cannot decide.

    A task past its deadline goes to the owner for as long again; after that it ends unanswered.
    """

    owner: str
    queue: str
    queue_days: int
    contest_days: int = 14
    keep_days: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A whole proactive service."""

    id: str
    line: str
    version: str
    level: str
    owner: str
    purpose: Purpose
    who: tuple[Rule, ...]
    propose: Assign | Fixed
    recipient: Guardians | Self
    offer: Offer
    oversight: Oversight
    cannot_reach: str
    amounts: tuple[Amount, ...] = ()
    fulfil: tuple[Fulfilment, ...] = ()

    def __post_init__(self) -> None:
        for problem in problems(self):
            message = f"service {self.id}: {problem}"
            raise ServiceError(message)

    def facts(self) -> frozenset[Fact]:
        """Return every fact that the rules, the proposal and the recipient read."""
        named = [facts_in(rule.condition) for rule in self.who]
        named += [facts_in(amount.value) for amount in self.amounts]
        return frozenset().union(*named, _named(self.propose), _named(self.recipient))


def problems(service: Service) -> list[str]:
    """Return what is wrong with a service, each with what to do; empty when it is fit."""
    return [*_about_data(service), *_about_level(service), *_about_rules(service)]


def _about_data(service: Service) -> Iterator[str]:
    used = {f.name for f in service.facts()}
    named = {f.name for f in service.purpose.uses}
    if extra := sorted(used - named):
        yield f"reads {extra} which its purpose does not name: add a reason, or drop it"
    if unused := sorted(named - used):
        yield f"its purpose names {unused} which nothing reads: drop it (minimisation)"
    for fact, why in service.purpose.uses.items():
        if not why.strip():
            yield f"gives no reason for {fact.name}"
        if fact.category != "ordinary" and not service.purpose.basis.law:
            yield f"reads special data {fact.name} without a ground"
        if fact.polarity != "help":
            yield f"reads {fact.name}, which is held for control, not for help"


def _about_level(service: Service) -> Iterator[str]:
    if service.level not in LEVELS:
        yield f"has level {service.level!r}, which is none of {LEVELS}"
    if service.level in ("L3", "L4"):
        yield "may not take silence for a yes: L3 and L4 need a named legal rule"


def _about_rules(service: Service) -> Iterator[str]:
    if any(isinstance(step, Place) for step in service.fulfil) and not isinstance(
        service.propose, Assign
    ):
        yield "writes a place, but proposes none: drop Place() or propose by Assign(...)"
    if not service.who:
        yield "finds nobody: give it at least one rule"
    for fact in filter(_is_forbidden, _named(service.propose)):
        yield f"proposes by {fact.name}, which no service may"
    parts = [(f"the rule {rule.because!r}", rule.condition) for rule in service.who]
    parts += [(f"the amount {amount.name!r}", amount.value) for amount in service.amounts]
    for name, tree in parts:
        for fact in filter(_is_forbidden, facts_in(tree)):
            yield f"{name} decides by {fact.name}, which no rule may"
        for fact in (f for f in _loose(tree) if f.relation.many):
            yield f"{name} names {fact.name} outside exists(...), count(...) or total(...)"


def _is_forbidden(fact: Fact) -> bool:
    """Return whether the fact's column or its name says what no rule may decide by."""
    return bool({fact.column, fact.name.rsplit(".", 1)[-1]} & set(FORBIDDEN))


def _named(part: object) -> frozenset[Fact]:
    """Return the facts that a policy, such as Assign or Guardians, holds."""
    slots = getattr(type(part), "__dataclass_fields__", {})
    held = [getattr(part, slot) for slot in slots]
    weighed = [w.fact for w in part.weights] if isinstance(part, Assign) else []
    return frozenset(value for value in [*held, *weighed] if isinstance(value, Fact))


def _loose(node: Expr) -> frozenset[Fact]:
    """Return the facts named outside every question about rows, also if inside one as well."""
    if isinstance(node, Over):
        return frozenset()
    below = [_loose(child) for child in node.children()]
    return frozenset().union(*below, [node] if isinstance(node, Fact) else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One case of cases.toml: facts in, outcome out; a test and a documentation at once."""

    name: str
    as_of: str
    outcome: str
    because: tuple[str, ...]
    facts: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A service with the words and examples of its folder."""

    service: Service
    texts: dict[str, Text]
    examples: tuple[Example, ...]
    digest: str

    def say(self, key: str, language: str, **fields: object) -> str:
        """Return one of the service's texts."""
        return self.texts[key].say(language, **fields)
