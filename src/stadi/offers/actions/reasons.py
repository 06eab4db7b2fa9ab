"""Why a proposal is made: the facts behind it as the interpreter read them, with their source."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from stadi.engine.explain import Person, explain
from stadi.kit.rule import Fact, walk
from stadi.kit.service import Plugin, Service
from stadi.offers.actions.finding import Found
from stadi.offers.domain import ON_RECORD, DisagreeError
from stadi.people import actions as people

Origin = tuple[str, date]
Leaf = tuple[str, Fact, object]
ABSENT = (None, False)


def reasons(plugin: Plugin, found: Sequence[Found], at: datetime) -> list[str]:
    """Return the reasons of each as JSON text; the interpreter must find the rule true as well.

    It is asked once of all who are alike in everything that it may read.
    """
    registers = sorted({fact.relation.table for fact in plugin.service.purpose.uses})
    subjects = [f.subject for f in found]
    sources = [people.lineages(subjects=subjects, register=name, at=at) for name in registers]
    uses = alike(plugin)
    said: dict[object, list[Leaf]] = {}
    texts: dict[object, str] = {}
    written = []
    for f in found:
        origins = tuple(source.get(f.subject) for source in sources)
        key = uses(f.person)
        if key not in said:
            said[key] = leaves(plugin, f.person, at.date())
        if (key, origins) not in texts:
            known = dict(zip(registers, origins, strict=True))
            texts[key, origins] = _text(said[key], known, at.date())
        written.append(texts[key, origins])
    return written


def alike(plugin: Plugin) -> Callable[[Person], object]:
    """Return what tells apart two people for whom reasons may differ.

    All values that a rule may read, and of the rest only whether there is one on record.
    """
    service = plugin.service
    nodes = [node for rule in service.who for node in walk(rule.condition)]
    relations = {r.name: r for node in nodes if (r := getattr(node, "relation", None))}
    views = sorted(name for name, relation in relations.items() if relation.many)
    columns = sorted({n.column for n in nodes if isinstance(n, Fact) and not n.relation.many})
    read = {node.name for node in nodes if isinstance(node, Fact)}
    rest = [fact for fact in _lines(service) if fact.name not in read]

    def key(person: Person) -> object:
        rows = tuple(_frozen(person.rows.get(view, ())) for view in views)
        own = tuple(person.facts.get(column) for column in columns)
        return person.basis, own, rows, tuple(_on_record(fact, person) for fact in rest)

    return key


def _frozen(rows: Sequence[Mapping[str, object]] | None) -> object:
    return None if rows is None else tuple(tuple(row.values()) for row in rows)


def _lines(service: Service) -> list[Fact]:
    """Return the facts that are told: the two halves of a home point share a name and a line."""
    return list({fact.label.en: fact for fact in service.purpose.uses}.values())


def leaves(plugin: Plugin, person: Person, as_of: date) -> list[Leaf]:
    """Return (because, fact, value) of every fact that was used for a person."""
    service = plugin.service
    answer = explain(service.who, person, as_of=as_of)
    if answer.outcome != "yes":
        message = f"the engines disagree about a case of {service.id}: nothing was proposed"
        raise DisagreeError(message)
    found = [(r.because, fact, value) for r in answer.reasons for fact, value in r.leaves]
    named = {fact.name for _, fact, _ in found}
    # what only the proposal and the message read is told too, but not its value
    return found + [("", f, _on_record(f, person)) for f in _lines(service) if f.name not in named]


def _on_record(fact: Fact, person: Person) -> str | None:
    if not fact.relation.many:
        return None if person.facts.get(fact.column) in ABSENT else ON_RECORD
    rows = person.rows.get(fact.relation.name) or ()
    return ON_RECORD if any(row.get(fact.column) not in ABSENT for row in rows) else None


def _text(told: Sequence[Leaf], origins: Mapping[str, Origin | None], day: date) -> str:
    said = []
    for because, fact, value in told:
        # no row at all: what is known is that there was none on this day
        source, since = origins[fact.relation.table] or (fact.relation.name, day)
        leaf = {"because": because, "fact": fact.name, "value": value}
        said.append(leaf | {"source": source, "since": since})
    return json.dumps(said, default=date.isoformat)
