"""Why not the nearer one: an answer in bands that names nobody and counts no group under ten."""

from dataclasses import dataclass

from stadi.fulfil.assignment.costs import costs
from stadi.fulfil.domain import Assignment, AssignmentError, Seeker, Vacancy

FEW = 10
BAND = 500  # metres


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a child did not get a unit; a part that would tell of fewer than ten children is None.

    `answer` is yours, no_places, together (siblings need one unit), farther or full. `ahead`: at
    least so many of those placed live closer or continue. `within`: the last one accepted lives
    within so many metres.
    """

    unit: int
    answer: str
    places: int | None = None
    ahead: int | None = None
    within: int | None = None


def why_not(assignment: Assignment, *, seeker: int, unit: int) -> Why:
    """Return why this child was not placed in this unit."""
    problem = assignment.problem
    child = next((s for s in problem.seekers if s.id == seeker), None)
    there = next((v for v in problem.vacancies if v.id == unit), None)
    if child is None or there is None:
        message = "this child or this unit did not take part in the assignment"
        raise AssignmentError(message)
    mine = assignment.placed.get(seeker)
    if mine is not None and mine.unit == unit:
        return Why(unit=unit, answer="yours")
    if not there.places:
        return Why(unit=unit, answer="no_places")
    group = [s for s in problem.seekers if s.together == child.together is not None]
    if len(group) > 1:
        return Why(unit=unit, answer="together")
    inside = [s for s in problem.seekers if _placed_in(assignment, s) == unit]
    if len(inside) < there.places:
        return Why(unit=unit, answer="farther")
    return _full(assignment, child, there, inside)


def parts(why: Why) -> list[tuple[str, int | None]]:
    """Return the sentences to say, each with its number: full, ahead, within."""
    said: list[tuple[str, int | None]] = [(why.answer, why.places)]
    said += [(name, getattr(why, name)) for name in ("ahead", "within")]
    return [(name, n) for name, n in said if name == why.answer or n is not None]


def _placed_in(assignment: Assignment, seeker: Seeker) -> int | None:
    placed = assignment.placed.get(seeker.id)
    return placed.unit if placed else None


def _full(assignment: Assignment, child: Seeker, unit: Vacancy, inside: list[Seeker]) -> Why:
    own, *theirs = costs(assignment.problem, [child, *inside], [unit])[:, 0].tolist()
    last = max(assignment.placed[s.id].metres for s in inside)
    many = len(inside) >= FEW
    return Why(
        unit=unit.id,
        answer="full",
        places=unit.places if unit.places >= FEW else None,
        ahead=sum(cost < own for cost in theirs) // FEW * FEW or None,
        within=-(-last // BAND) * BAND if many else None,
    )
