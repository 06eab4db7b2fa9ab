"""What a proactive service declares: its owner, why it may look, whom it finds, what it offers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from stadi.kit.errors import StadiError
from stadi.kit.rule import Amount, Expr, Fact, Over, Param, Rule, facts_in, walk
from stadi.kit.text import Text

LEVELS = ("L0", "L1", "L2", "L3", "L4")
INFORMING, GRANTING = ("L0", "L1"), ("L3", "L4")
PERIODS = ("year", "half-year", "month")
BASES = ("public_task", "legal_duty", "consent")
# the least of each number that a service promises
_LEAST = (
    *(("offer", "open_days", 1), ("offer", "undo_hours", 0), ("offer", "remind_days", 0)),
    *(("offer", "rest_days", 0), ("offer", "self_check", 0), ("oversight", "queue_days", 1)),
    *(("oversight", "contest_days", 1), ("oversight", "keep_days", 1)),
)
# what no rule or amount may say of a person, in any of its names
JUDGING = (
    *("score", "points", "rating", "risk", "rank", "priorit", "label", "profile"),
    *("suspic", "fraud", "sanction", "penalty", "debt", "claw"),
)
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
    """Why the city may look, and exactly at what: each fact with a reason of one sentence.

    `art9` is the ground of GDPR article 9(2) on which special data, such as health, are read.
    """

    id: str
    basis: Basis
    uses: dict[Fact, str]
    art9: str = ""

    @property
    def slug(self) -> str:
        """The purpose's name as the database spells it."""
        return self.id.replace(".", "_").replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Look at everyone once a year, a half-year or a month; such a period is a round.

    `on` is the (month, day) that a year's round begins.
    """

    period: str = "year"
    on: tuple[int, int] = (1, 1)

    def period_of(self, day: date) -> str:
        """Return the round that a day lies in: 2027, 2027-1 for its first half, or 2027-02."""
        if self.period == "year":
            return str(day.year if (day.month, day.day) >= self.on else day.year - 1)
        part = f"{day.month:02}" if self.period == "month" else str(1 + day.month // 7)
        return f"{day.year}-{part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Look once for each event, whose day a fact tells; the event is the round of its case."""

    fact: Fact

    def period_of(self, day: date) -> str:
        """Return the month that a day lies in: events are looked for and counted by months."""
        return f"{day.year}-{day.month:02}"


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
    Whoever gets none waits `wait_days` for one that comes free before a person is asked.
    """

    kind: str
    home_x: Fact
    home_y: Fact
    weights: tuple[Weight, ...] = ()
    together: Fact | None = None
    wait_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Show the nearest things of a kind, as many as `most`; one is taken by choosing it."""

    kind: str
    home_x: Fact
    home_y: Fact
    most: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Offer money every month: the amount of this name, in cents.

    It is worked out again as facts change, and for the months to come alone: a larger amount
    follows by itself, a smaller one waits for a person.
    """

    amount: str


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
    """The offer goes to the subject; a safety ban goes to a person instead.

    `reviewed_first_by` is the fact that names a professional, who sees each case before anybody
    else and decides whether it is offered.
    """

    language: Fact
    guard: Fact
    reviewed_first_by: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAPerson:
    """Silence is neither a yes nor a no: after a reminder a person takes it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapses:
    """Silence ends the offer after one reminder; nothing follows from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Silence is a yes once the offer's days are over, because this law says so."""

    law: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How long the offer and the regret last, and how it is told.

    `channels` is a ladder: the inbox holds the message, the others only say that one waits there.
    After `remind_days` without an answer it is said again, once; `silence` says what follows.
    Nobody is asked again within `rest_days` of their last case. `self_check` is how many questions
    one may answer for oneself; the answers stay on one's own device until one shares them.
    """

    open_days: int
    undo_hours: int = 24
    remind_days: int = 7
    channels: tuple[str, ...] = ("inbox",)
    silence: ToAPerson | Lapses | Grants = ToAPerson()
    rest_days: int = 0
    self_check: int = 0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Pay the awarded amount from the next month on; undone by ending it, never by taking back."""


Fulfilment = Place | Decide | Notify | Pay


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """The person who answers for the service, and the queue for what it cannot decide.

    A task past its deadline goes to the owner for as long again; after that it ends unanswered.
    Scarce hands go to places, not to persons: with `by_area`, the tasks of the areas with the most
    of them come first, and in an area whoever has waited longest.
    """

    owner: str
    queue: str
    queue_days: int
    contest_days: int = 14
    keep_days: int = 400
    by_area: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Ask once, with one tap, how it was: so many days after what was offered took place."""

    after_days: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A whole proactive service.

    `costs` says what a yes costs or binds the resident to; "" where it is free and does not bind.
    `replaces` are the errands of the city's register that it offers before anyone asks, by id.
    """

    id: str
    line: str
    version: str
    level: str
    owner: str
    purpose: Purpose
    who: tuple[Rule, ...]
    propose: Assign | Choice | Award | Fixed
    recipient: Guardians | Self
    offer: Offer
    oversight: Oversight
    cannot_reach: str
    when: Every | Event = Every()
    amounts: tuple[Amount, ...] = ()
    fulfil: tuple[Fulfilment, ...] = ()
    feedback: Feedback | None = None
    costs: str = ""
    replaces: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for problem in problems(self):
            message = f"service {self.id}: {problem}"
            raise ServiceError(message)

    def facts(self) -> frozenset[Fact]:
        """Return every fact that the rules, the proposal and the recipient read."""
        named = [facts_in(rule.condition) for rule in self.who]
        named += [facts_in(amount.value) for amount in self.amounts]
        policies = (self.when, self.propose, self.recipient, self.oversight)
        return frozenset().union(*named, *(_named(policy) for policy in policies))

    def period(self, day: date) -> str:
        """Return the round of everyone whom a sweep on this day finds."""
        return self.when.period_of(day)

    def term(self, day: date) -> int:
        """Return the year whose places a sweep on this day may give."""
        return int(self.period(day)[:4])

    def round_of(self, day: date, facts: Mapping[str, object]) -> str:
        """Return the round of one whom a sweep on this day finds, seen with these facts."""
        happened = facts.get(self.when.fact.column) if isinstance(self.when, Event) else None
        return self.period(day) if happened is None else str(happened)


def problems(service: Service) -> list[str]:
    """Return what is wrong with a service, each with what to do; empty when it is fit."""
    checks = (_about_values, _about_data, _about_level, _about_rules, _about_persons, _about_offer)
    return [problem for check in checks for problem in check(service)]


def _about_values(service: Service) -> Iterator[str]:
    """Yield the values that are of another kind than a service can have there."""
    if service.purpose.basis.kind not in BASES:
        yield f"rests on {service.purpose.basis.kind!r}, which is none of {BASES}"
    silence: object = service.offer.silence
    if not isinstance(silence, ToAPerson | Lapses | Grants):
        yield f"says silence={silence!r}: write ToAPerson(), Lapses() or Grants(law=...)"
    for part, name, least in _LEAST:
        number = getattr(getattr(service, part), name)
        if type(number) is not int or number < least:
            yield f"says {name}={number!r}: write a whole number, {least} or more"
    for name in ("id", "line", "version"):
        if not str(getattr(service, name)).strip():
            yield f"says nothing in {name}: fill it in"


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
        if fact.category != "ordinary" and not service.purpose.art9:
            yield f"reads special data {fact.name}: name the ground of GDPR article 9(2) in art9"
        if fact.provenance == "learned":
            yield f"reads {fact.name}, which a model made: a service goes by what is on record"
        if fact.polarity != "help":
            yield f"reads {fact.name}, which is held for control, not for help"


def _about_level(service: Service) -> Iterator[str]:
    """Yield what the level of proactivity does not allow."""
    level, silence = service.level, service.offer.silence
    if level not in LEVELS:
        yield f"has level {level!r}, which is none of {LEVELS}"
    if level in INFORMING and service.fulfil:
        yield f"only tells at {level}, so nothing is fulfilled: drop fulfil, or be an offer at L2"
    if level in INFORMING and not isinstance(silence, Lapses):
        yield f"only tells at {level}: nothing follows from silence; write silence=Lapses()"
    if level not in GRANTING and isinstance(silence, Grants):
        yield f"may not take silence for a yes at {level}"
    if level in GRANTING and not (isinstance(silence, Grants) and silence.law.strip()):
        yield f"takes silence for a yes at {level}: name the law in silence=Grants(law=...)"
    if level in GRANTING and service.purpose.basis.kind == "consent":
        yield f"rests on consent, and silence is no consent: be an offer at L2, not {level}"
    if level in GRANTING and service.costs:
        yield f"grants at {level} what costs or binds ({service.costs}): be an offer at L2"


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
        for fact in facts_in(tree):
            if _is_forbidden(fact) or fact.column == "language":
                yield f"{name} decides by {fact.name}, which no rule may"
        for fact in (f for f in _loose(tree) if f.relation.many):
            yield f"{name} names {fact.name} outside exists(...), count(...) or total(...)"


def _about_persons(service: Service) -> Iterator[str]:
    """Yield where a service would say something of a person that no service may say."""
    offered = service.propose.amount if isinstance(service.propose, Award) else None
    for amount in service.amounts:
        if amount.name != offered:
            yield (
                f"works out {amount.name!r} and offers it to nobody: a number about a person that"
                " is not theirs is a score; drop it, or offer it by Award(...)"
            )
    if offered is not None and offered not in {amount.name for amount in service.amounts}:
        yield f"awards {offered!r}, which none of its amounts works out"
    trees = [rule.condition for rule in service.who] + [a.value for a in service.amounts]
    names = [service.id, service.purpose.id, *(rule.because for rule in service.who)]
    names += [amount.name for amount in service.amounts]
    names += [node.name for tree in trees for node in walk(tree) if isinstance(node, Param)]
    for name in dict.fromkeys(names):
        words = re.split("[^a-z]", name.lower())
        if word := next((w for w in JUDGING if any(x.startswith(w) for x in words)), ""):
            yield f"says {name!r}: no {word} of a person can be said here; name the fact instead"
    by_area = service.oversight.by_area
    if by_area is not None and by_area.column != "area":
        yield f"orders people by {by_area.name}: scarce hands go by area alone"


def _about_offer(service: Service) -> Iterator[str]:
    """Yield what an offer, its fulfilment and its event lack."""
    if any(isinstance(step, Pay) for step in service.fulfil) != isinstance(service.propose, Award):
        yield "pays what it does not award, or awards what it does not pay: Award and Pay go along"
    if isinstance(service.when, Every) and service.when.period not in PERIODS:
        yield f"looks every {service.when.period}, which is none of {PERIODS}"
    decided = frozenset().union(*(facts_in(rule.condition) for rule in service.who))
    if isinstance(service.when, Event) and service.when.fact not in decided:
        yield (
            f"follows the event {service.when.fact.name}, and no rule says how long ago it may be:"
            " compare it with ago(...)"
        )
    first = service.recipient.reviewed_first_by if isinstance(service.recipient, Self) else None
    if first is not None and service.level in GRANTING:
        yield "is decided case by case by a professional, so silence may not grant it"


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
    readme: str = ""

    def say(self, key: str, language: str, **fields: object) -> str:
        """Return one of the service's texts."""
        return self.texts[key].say(language, **fields)
