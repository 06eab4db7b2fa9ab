"""What if, before anything is sent: a unit closed, places added, a weight changed; by area.

The numbers are exact and may be small: whoever shows them hides groups under ten.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from stadi.fulfil.assignment.assign import solve
from stadi.fulfil.domain import Assignment, AssignmentError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area's children before and after a change; metres are None where nobody is placed."""

    area: str
    children: int
    moved: int
    placed: tuple[int, int]
    mean_metres: tuple[float | None, float | None]
    longest_metres: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The assignment after a change, and what it does to each area and to the whole city."""

    after: Assignment
    areas: tuple[Area, ...]
    city: Area


def what_if(  # noqa: PLR0913 - each is a change that can be asked for
    before: Assignment,
    *,
    areas: Mapping[int, str],
    closed: Collection[int] = (),
    added: Mapping[int, int] | None = None,
    metres: Mapping[str, int] | None = None,
    policy: str | None = None,
) -> WhatIf:
    """Solve again with the change; `areas` says where each seeker lives."""
    problem = before.problem
    changed = _changed(problem, frozenset(closed), added or {}, metres or {})
    after = solve(replace(changed, policy=policy or problem.policy))
    children: dict[str, list[int]] = {}
    for s in problem.seekers:
        children.setdefault(areas.get(s.id, ""), []).append(s.id)
    both = (before, after)
    return WhatIf(
        after=after,
        areas=tuple(_area(name, ids, both) for name, ids in sorted(children.items())),
        city=_area("", [s.id for s in problem.seekers], both),
    )


def _changed(
    problem: Problem,
    closed: frozenset[int],
    added: Mapping[int, int],
    metres: Mapping[str, int],
) -> Problem:
    units, terms = {v.id for v in problem.vacancies}, {t.name for t in problem.terms}
    if strange := sorted((closed | added.keys()) - units):
        message = f"unit {strange[0]} is not in this assignment: nothing was changed"
        raise AssignmentError(message)
    if unnamed := sorted(metres.keys() - terms):
        message = f"no weight is called {unnamed[0]!r}: there are {sorted(terms)}"
        raise AssignmentError(message)
    return replace(
        problem,
        vacancies=tuple(
            replace(v, places=0 if v.id in closed else v.places + added.get(v.id, 0))
            for v in problem.vacancies
        ),
        terms=tuple(replace(t, metres=metres.get(t.name, t.metres)) for t in problem.terms),
    )


def _area(name: str, ids: list[int], both: tuple[Assignment, Assignment]) -> Area:
    walks = [[a.placed[i].metres for i in ids if i in a.placed] for a in both]
    units = [[a.placed[i].unit if i in a.placed else None for i in ids] for a in both]
    means = [sum(w) / len(w) if w else None for w in walks]
    longest = [max(w, default=None) for w in walks]
    return Area(
        area=name,
        children=len(ids),
        moved=sum(one != other for one, other in zip(*units, strict=True)),
        placed=(len(walks[0]), len(walks[1])),
        mean_metres=(means[0], means[1]),
        longest_metres=(longest[0], longest[1]),
    )
