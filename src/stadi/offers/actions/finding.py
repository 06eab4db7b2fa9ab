"""Whom a rule found: what the purpose saw of each, who may answer, where a place is sought."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.compute as pc

from stadi.engine.explain import Person
from stadi.engine.sweep import Extract
from stadi.fulfil.domain import Seeker
from stadi.kit.service import Assign, Every, Guardians, Plugin, Self

Rows = dict[int, list[dict[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One resident for whom the rule is true, with what is needed to propose.

    `assignee` is the professional who sees the case first; `place` is the area that it counts for.
    """

    case: UUID
    subject: int
    round: str
    assignee: int | None
    place: str
    person: Person
    recipients: tuple[tuple[int, str], ...]
    seeker: Seeker | None
    held: str


def rows(table: pa.Table, subjects: Collection[int]) -> Rows:
    """Return each subject's rows of a table."""
    wanted = pc.is_in(table["subject"], value_set=pa.array(subjects, pa.int64()))
    chosen = table.filter(wanted)
    names = [name for name in chosen.column_names if name != "subject"]
    columns = [chosen[name].to_pylist() for name in names]
    found: Rows = {}
    for subject, *values in zip(chosen["subject"].to_pylist(), *columns, strict=True):
        found.setdefault(subject, []).append(dict(zip(names, values, strict=True)))
    return found


def persons(seen: Extract, subjects: Collection[int]) -> dict[int, Person]:
    """Return what the purpose saw of each subject."""
    many = {view: rows(table, subjects) for view, table in seen.tables.items()}
    found = {}
    for subject, (facts,) in many.pop("subject").items():
        found[subject] = Person(
            subject=subject,
            basis=str(facts.pop("basis")),
            facts=facts,
            rows={view: theirs.get(subject, []) for view, theirs in many.items()},
        )
    return found


def guardians(plugin: Plugin, seen: Extract, subjects: Collection[int]) -> set[int]:
    """Return the other residents whose facts are needed to know who may answer."""
    policy = plugin.service.recipient
    if isinstance(policy, Self):
        return set()
    links = rows(seen.tables[policy.guardian.relation.name], subjects)
    return {g for found in links.values() for g in _ids(policy, found)}


def find(plugin: Plugin, seen: Extract, cases: Mapping[int, UUID]) -> list[Found]:
    """Return what is needed to propose to each subject who is seen; `cases` names their cases."""
    others = rows(seen.tables["subject"], sorted(guardians(plugin, seen, cases)))
    theirs = {guardian: facts[0] for guardian, facts in others.items()}
    seen_of = persons(seen, cases)
    there = {s: case for s, case in cases.items() if s in seen_of}
    return [_found(plugin, seen_of[s], case, theirs, seen.as_of) for s, case in there.items()]


def name_cases(subjects: Iterable[int]) -> dict[int, UUID]:
    """Return a new case id for each subject."""
    return {subject: uuid4() for subject in subjects}


def rounds_of(plugin: Plugin, seen: Extract, subjects: Collection[int]) -> dict[int, str]:
    """Return the round of the case that each of these subjects would have."""
    service, day = plugin.service, seen.as_of
    if isinstance(service.when, Every):
        return dict.fromkeys(subjects, service.period(day))
    facts = rows(seen.tables["subject"], subjects)
    return {subject: service.round_of(day, own[0]) for subject, own in facts.items()}


def _found(  # noqa: PLR0917 - what one find is made of
    plugin: Plugin,
    person: Person,
    case: UUID,
    theirs: dict[int, dict[str, object]],
    day: date,
) -> Found:
    recipients, guarded = _recipients(plugin, person, theirs)
    seeker = _seeker(plugin, person)
    homeless = isinstance(plugin.service.propose, Assign) and seeker is None
    assignee, reviewed = _reviewer(plugin, person)
    reason = "reviewed_first" if reviewed else "no_home_point" if homeless else ""
    by_area = plugin.service.oversight.by_area
    return Found(
        case=case,
        subject=person.subject,
        round=plugin.service.round_of(day, person.facts),
        assignee=assignee,
        place=str(person.facts[by_area.column] or "")
        if by_area is not None and not guarded
        else "",
        person=person,
        recipients=recipients,
        seeker=seeker,
        # why a person must look is not told: it would reveal a ban or a custody matter
        held="a_person_decides" if guarded or not recipients else reason,
    )


def _reviewer(plugin: Plugin, person: Person) -> tuple[int | None, bool]:
    """Return the professional who sees the case first, None if unknown, and whether one does."""
    policy = plugin.service.recipient
    fact = policy.reviewed_first_by if isinstance(policy, Self) else None
    value = person.facts.get(fact.column) if fact is not None else None
    return (None if value is None else int(str(value))), fact is not None


def _recipients(
    plugin: Plugin, person: Person, theirs: dict[int, dict[str, object]]
) -> tuple[tuple[tuple[int, str], ...], bool]:
    """Return who may answer, with their languages, and whether a person must look first."""
    policy = plugin.service.recipient
    if isinstance(policy, Self):
        own = (person.subject, str(person.facts[policy.language.column] or ""))
        return (own,), person.facts.get(policy.guard.column) is not False
    known = _ids(policy, person.rows.get(policy.guardian.relation.name) or ())
    # only a ban known to be absent lets the offer go: unknown is never no
    facts = [person.facts, *(theirs.get(g, {}) for g in known)]
    guarded = any(row.get(policy.guard.column) is not False for row in facts)
    spoken = policy.language.column
    return tuple((g, str(theirs.get(g, {}).get(spoken) or "")) for g in known), guarded


def _ids(policy: Guardians, links: Iterable[Mapping[str, object]]) -> list[int]:
    ids = [link[policy.guardian.column] for link in links]
    return [int(str(guardian)) for guardian in ids if guardian is not None]


def _seeker(plugin: Plugin, person: Person) -> Seeker | None:
    what, facts = plugin.service.propose, person.facts
    if not isinstance(what, Assign):
        return None
    x, y = facts[what.home_x.column], facts[what.home_y.column]
    if x is None or y is None:
        return None
    wants = tuple((w.unit, facts[w.fact.column]) for w in what.weights)
    shared = facts[what.together.column] if what.together is not None else None
    return Seeker(
        id=person.subject,
        x=int(str(x)),
        y=int(str(y)),
        wants=tuple((unit, value) for unit, value in wants if value is not None),
        together=int(str(shared)) if shared is not None else None,
    )
