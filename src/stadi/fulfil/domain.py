"""What an assignment is made of, and what must be done for a case: its plan, its decision."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from uuid import UUID

from stadi.kit.errors import StadiError
from stadi.kit.service import Decide, Fulfilment, Notify, Place
from stadi.kit.text import LANGUAGES

POLICIES = ("optimum", "stable")
# the properties of a unit that a weight may ask for, and what a child may want of each
ANSWERING: dict[str, type] = {"id": int, "language": str, "support": bool}
ASKABLE = "only id (a number), language (a text) and support (true or false) can be asked for"


class AssignmentError(StadiError):
    """The places could not be assigned."""


class PlanError(StadiError):
    """A case cannot be fulfilled like this; the sentence says what its plan lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A decision in one language: what was decided, why, and how to appeal."""

    title: str
    body: str
    reasons: tuple[str, ...]
    appeal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What must be done for one case: its steps in their order, and all that they need.

    `decision` holds the words of the decision in every language; steps that decide nothing need
    none. `unit` is the unit whose place the case holds, and `cents` what it gives a
    month, where it does.
    """

    case: UUID
    service: str
    purpose: str
    subject: int
    term: int
    unit: int | None
    recipients: tuple[int, ...]
    steps: tuple[Fulfilment, ...]
    decision: Mapping[str, Words] | None = None
    cents: int | None = None

    def __post_init__(self) -> None:
        for problem in _lacking(self):
            message = f"the plan of case {self.case} {problem}; nothing was begun"
            raise PlanError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How many steps and cases a run moved.

    `again` steps are tried later, `waiting` ones wait for a signature; `busy` says that somebody
    else held what was needed, and the rest was left for the next run.
    """

    done: int = 0
    undone: int = 0
    again: int = 0
    waiting: int = 0
    finished: int = 0
    failed: int = 0
    stopped: int = 0
    reversed: int = 0
    busy: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision document as it stands: the words kept as they were made, and who signed them.

    `words` are by language and so is each of the `labels` around them; `digest` is the sha256 of
    the words and of what the labels were.
    """

    id: UUID
    case: UUID
    service: str
    subject: int
    recipients: tuple[int, ...]
    words: Mapping[str, Words]
    labels: Mapping[str, Mapping[str, str]]
    digest: str
    signer: str
    made_at: datetime
    signed_by: int | None
    signer_name: str | None
    signer_title: str | None
    signed_at: datetime | None
    annulled_at: datetime | None

    @property
    def number(self) -> str:
        """The number that people may quote."""
        return number(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Money by the month: cents from one first of a month until another, endless where None.

    Where `review_by` is set, a person must say until then whether the smaller `review_cents`
    follows; None in its place means that the facts of today do not tell.
    """

    id: int
    case: UUID
    service: str
    subject: int
    cents: int
    since: date
    until: date | None
    review_cents: int | None
    review_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalculated:
    """Whose award was raised, and whose waits for a person: their cases."""

    raised: tuple[UUID, ...] = ()
    waiting: tuple[UUID, ...] = ()


def number(decision: UUID) -> str:
    """Return the number that people may quote of a decision."""
    return "-".join(decision.hex[i : i + 4] for i in (0, 4, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
    """A child who needs a place: home in EPSG:3067 metres, wants, and whom it must not leave.

    `wants` pairs a property of units with the value asked for; `together` is a number that
    siblings of the same round share.
    """

    id: int
    x: int
    y: int
    wants: tuple[tuple[str, object], ...] = ()
    together: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A published weight: a unit that is not as wanted counts `metres` further; with its law."""

    name: str
    unit: str
    metres: int
    law: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """A unit with its free places, its language and whether it gives support."""

    id: int
    x: int
    y: int
    places: int
    language: str = ""
    support: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Everything an assignment follows from, in one order whatever order it came in."""

    seekers: tuple[Seeker, ...]
    vacancies: tuple[Vacancy, ...]
    terms: tuple[Term, ...]
    factor: float
    seed: str
    policy: str

    def __post_init__(self) -> None:
        for name, key in (("seekers", "id"), ("vacancies", "id"), ("terms", "name")):
            ordered = sorted(getattr(self, name), key=lambda row, k=key: getattr(row, k))  # type: ignore[misc]
            object.__setattr__(self, name, tuple(ordered))
        for wrong in _wrong(self):
            raise AssignmentError(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A seeker's place with its distance, and the nearest other units with theirs, in metres."""

    seeker: int
    unit: int
    metres: int
    others: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What lets an outsider verify the result without our solver; costs are metres x 2^23 + lot.

    Optimum: `prices` says what one more place in a unit would save. Stable: the cost of the last
    child accepted there, 0 where places are free. `covers` counts the children it speaks about;
    the `together` siblings were placed before them by lot.
    """

    inputs: str
    policy: str
    covers: int
    together: int
    unplaced: int
    prices: tuple[tuple[int, int], ...]
    primal: int
    dual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Each placed seeker's place; `apart` names siblings whom no unit could take together."""

    problem: Problem
    placed: dict[int, Placed]
    apart: tuple[int, ...]
    certificate: Certificate


def _wrong(problem: Problem) -> list[str]:
    """Return what makes a problem unfit to be solved, each with what to do."""
    said = [*_twice(problem)]
    said += [
        f"unit {v.id} has fewer than no places: mend its capacity first"
        for v in problem.vacancies
        if v.places < 0
    ]
    said += [wrong for term in problem.terms for wrong in _wrong_term(term)]
    said += [wrong for wants in {s.wants for s in problem.seekers} for wrong in _wrong_wants(wants)]
    if not (isfinite(problem.factor) and problem.factor > 0):
        said.append(f"the walking factor is {problem.factor}: give a number above zero")
    if problem.policy not in POLICIES:
        said.append(f"there is no policy {problem.policy!r}: choose one of {POLICIES}")
    return said


def _twice(problem: Problem) -> list[str]:
    groups = (
        ("child", [s.id for s in problem.seekers]),
        ("unit", [v.id for v in problem.vacancies]),
        ("weight", [t.name for t in problem.terms]),
    )
    return [
        f"{word} {a} is named twice: send each once"
        for word, names in groups
        for a, b in itertools.pairwise(names)
        if a == b
    ]


def _wrong_wants(wants: tuple[tuple[str, object], ...]) -> list[str]:
    # the value itself is personal and is not told
    return [
        f"a child wants {name!r} of a unit as {type(value).__name__}: {ASKABLE}"
        for name, value in wants
        if value is not None and not isinstance(value, ANSWERING.get(name, ()))
    ]


def _wrong_term(term: Term) -> list[str]:
    said = []
    if term.unit not in ANSWERING:
        said.append(f"weight {term.name} asks for {term.unit!r} of a unit: {ASKABLE}")
    if term.metres < 0:
        said.append(f"weight {term.name} is below zero metres: no walk may count as less than none")
    if not term.law.strip():
        said.append(f"weight {term.name} names no law: a weight needs a legal ground of its own")
    return said


def _lacking(plan: Plan) -> list[str]:
    """Return what a plan's steps need and the plan does not say."""
    said = []
    if plan.unit is None and any(isinstance(step, Place | Notify) for step in plan.steps):
        said.append("names no unit for its steps")
    if any(isinstance(step, Decide) for step in plan.steps):
        words = plan.decision or {}
        said += [
            f"has no decision in {language!r}" for language in LANGUAGES if language not in words
        ]
        said += [
            f"has an empty {part} in {language!r}"
            for language, said_there in words.items()
            for part in ("title", "body", "appeal")
            if not getattr(said_there, part).strip()
        ]
    if len({type(step) for step in plan.steps}) < len(plan.steps):
        said.append("takes a step twice")
    return said
