"""The front door of fulfilment: capacity, assignment, claims, steps for a case, decisions."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from math import hypot
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from stadi.fulfil import awards, deciding, papers, runner, sagas
from stadi.fulfil.assignment import files
from stadi.fulfil.assignment.assign import assign
from stadi.fulfil.assignment.check import check
from stadi.fulfil.claims import held
from stadi.fulfil.domain import (
    Assignment,
    AssignmentError,
    Award,
    Decision,
    Plan,
    Ran,
    Recalculated,
    Seeker,
    Term,
    Vacancy,
)
from stadi.fulfil.models import Capacity, Claim, Notice, Round, Saga
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.ids import listed
from stadi.record import actions as record
from stadi.record.domain import News
from stadi.twin import actions as twin


class FullError(StadiError):
    """The unit has no free place left."""


class NoClaimError(StadiError):
    """The place is no longer held for this case."""


def term_days(term: int) -> tuple[date, date]:
    """Return the first day of a term and the day after its last."""
    return date(term, *settings.CITY.term_starts), date(term + 1, *settings.CITY.term_ends)


@transaction.atomic
def set_capacity(*, places: Mapping[int, int], term: int, by: Actor, at: datetime) -> None:
    """Say how many places each unit has for a term, never fewer than are claimed."""
    known = _lock(places, term)
    taken = {unit: known[unit] - left for unit, left in free(term=term).items() if unit in known}
    if short := sorted(unit for unit, n in places.items() if 0 <= n < taken.get(unit, 0)):
        message = (
            f"unit {short[0]} has {taken[short[0]]} places claimed already; nothing was changed"
        )
        raise FullError(message)
    Capacity.objects.bulk_create(
        [Capacity(unit=unit, term=term, places=n) for unit, n in places.items()],
        update_conflicts=True,
        unique_fields=["unit", "term"],
        update_fields=["places"],
    )
    body = {"units": len(places), "places": sum(places.values()), "term": term}
    record.write(News(kind="fulfil.capacity_set", body=body), by=by, at=at)


def places(*, term: int, units: Collection[int]) -> int:
    """Return how many places these units have for a term."""
    rows = Capacity.objects.filter(term=term, unit__in=units)
    total = rows.aggregate(n=Sum("places"))["n"]
    return int(total or 0)


def free(*, term: int, but: Collection[UUID] = ()) -> dict[int, int]:
    """Return the free places of each unit for a term; what `but` these cases hold is free."""
    since, _ = term_days(term)
    taken: dict[int, int] = dict(
        Claim.objects.exclude(hold="released")
        .exclude(case__in=list(but))
        .filter(since=since)
        .values("unit")
        .annotate(n=Sum("quantity"))
        .values_list("unit", "n")
    )
    rows = Capacity.objects.filter(term=term).values_list("unit", "places")
    return {unit: n - taken.get(unit, 0) for unit, n in rows}


def vacant(
    *, kind: str, term: int, after: datetime | None, but: Collection[UUID] = ()
) -> list[Vacancy]:
    """Return the units of a kind, each with its free places for a term, full ones too.

    What takes place at a moment is left out unless that is later than `after`. What `but` these
    cases hold counts as free.
    """
    left = free(term=term, but=but)
    return [
        Vacancy(
            id=u.id,
            x=u.x,
            y=u.y,
            places=left.get(u.id, 0),
            language=u.language,
            support=u.support,
        )
        for u in twin.units(kind=kind)
        if after is None or u.starts is None or u.starts > after
    ]


def find_places(  # noqa: PLR0913 - everything that an assignment follows from
    *,
    kind: str,
    seekers: Sequence[Seeker],
    term: int,
    terms: Sequence[Term],
    factor: float,
    seed: str,
    policy: str = "optimum",
    after: datetime | None = None,
    but: Collection[UUID] = (),
) -> Assignment:
    """Return the best vacant places, checked against their certificate; nothing is claimed yet."""
    vacancies = vacant(kind=kind, term=term, after=after, but=but)
    found = assign(
        seekers=seekers, vacancies=vacancies, terms=terms, factor=factor, seed=seed, policy=policy
    )
    if wrong := check(found):
        message = f"the assignment does not pass its own check: {wrong[0]}; nothing was claimed"
        raise AssignmentError(message)
    return found


def nearest(  # noqa: PLR0913 - what is near depends on all of this
    *,
    kind: str,
    points: Mapping[int, tuple[int, int] | None],
    most: int,
    term: int,
    factor: float,
    after: datetime,
) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return for each subject the (unit, metres) of the nearest of a kind that have places left.

    Whoever's home point is None is shown the first of them, 0 metres away.
    """
    there = [u for u in vacant(kind=kind, term=term, after=after) if u.places > 0]
    found = {}
    for subject, point in points.items():
        x, y = point or (0, 0)
        away = {u.id: int(hypot(u.x - x, u.y - y) * factor) if point else 0 for u in there}
        found[subject] = tuple(sorted(away.items(), key=lambda item: (item[1], item[0]))[:most])
    return found


@transaction.atomic
def record_round(*, assignment: Assignment, kind: str, term: int, by: Actor, at: datetime) -> UUID:
    """Keep the proof of a solved round, so that it can be verified long after; return its name."""
    proof = assignment.certificate
    made = Round.objects.create(
        id=uuid4(),
        kind=kind,
        term=term,
        policy=proof.policy,
        seed=assignment.problem.seed,
        inputs=proof.inputs,
        certificate=asdict(proof),
        solved_at=at,
    )
    body = {
        "round": str(made.id),
        "term": term,
        "policy": proof.policy,
        "inputs": proof.inputs,
        "covers": proof.covers,
        "primal": str(proof.primal),
        "dual": str(proof.dual),
    }
    record.write(News(kind="fulfil.round_solved", body=body), by=by, at=at)
    return made.id


def export(*, assignment: Assignment, folder: Path) -> None:
    """Write the inputs, the result and the proof for an auditor under secrecy: never open data."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**files.inputs(assignment.problem), **files.results(assignment)}.items():
        path = folder / name
        path.touch()
        path.chmod(0o600)  # before a word of it is there
        path.write_text(text, "utf-8", newline="")


@transaction.atomic
def hold(*, wanted: Mapping[UUID, int], term: int, by: Actor, at: datetime) -> None:
    """Hold a place softly for each case, all or none."""
    since, until = term_days(term)
    _lock(wanted.values(), term)
    left = Counter(free(term=term))
    left.subtract(wanted.values())
    if full := sorted(unit for unit in set(wanted.values()) if left[unit] < 0):
        message = f"no free place left at unit {full[0]}; nothing was held"
        raise FullError(message)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(
            'copy fulfil_claim (unit, since, until, quantity, hold, "case") from stdin'
        ) as rows,
    ):
        for case, unit in wanted.items():
            rows.write_row((unit, since, until, 1, "soft", case))
    news = [News(kind="fulfil.held", case=c, body={"unit": u}) for c, u in wanted.items()]
    record.write_many(news, by=by, at=at)


def _lock(units: Iterable[int], term: int) -> dict[int, int]:
    """Return the places of these units, nobody else claiming any until the transaction ends."""
    rows = Capacity.objects.select_for_update().filter(unit__in=set(units), term=term)
    return dict(rows.order_by("unit").values_list("unit", "places"))


def overfull() -> list[int]:
    """Return the units with more claims than places: always none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.unit from fulfil_capacity c join fulfil_claim k on k.unit = c.unit"
            " and k.hold <> 'released' and extract(year from k.since) = c.term"
            " group by c.id having sum(k.quantity) > c.places"
        )
        return [row[0] for row in cursor.fetchall()]


def holding(*, cases: Collection[UUID]) -> dict[UUID, int]:
    """Return the unit that each case holds; the claims stay so until the transaction ends."""
    return held(cases)


def confirm(*, by: Mapping[UUID, Actor], at: datetime) -> None:
    """Make the soft claims of cases hard, all or none, each `by` its actor.

    Within the caller's transaction, which an error ends.
    """
    turned = _turn(by, "hold = 'soft'", "hard", "fulfil.confirmed", at)
    rest = set(by) - turned
    if rest and (lost := rest - set(holding(cases=rest))):
        message = f"the places of {len(lost)} cases are no longer held; nothing was confirmed"
        raise NoClaimError(message)


def soften(*, by: Mapping[UUID, Actor], at: datetime) -> None:
    """Make the hard claims of cases soft again, after an undo, each `by` its actor.

    Within the caller's transaction.
    """
    _turn(by, "hold = 'hard'", "soft", "fulfil.softened", at)


def release(*, by: Mapping[UUID, Actor], at: datetime) -> None:
    """Free the places of cases, each `by` its actor; freeing one twice changes nothing.

    Within the caller's transaction.
    """
    _turn(by, "hold <> 'released'", "released", "fulfil.released", at)


def _turn(  # noqa: PLR0917 - one update, one line
    by: Mapping[UUID, Actor], where: str, new: str, kind: str, at: datetime
) -> set[UUID]:
    if not by:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f'update fulfil_claim set hold = %s where "case" = any(%s::uuid[]) and {where}'
            ' returning "case"',
            [new, listed(by)],
        )
        turned = {row[0] for row in cursor.fetchall()}
    news = [News(kind=kind, case=case, by=actor) for case, actor in by.items() if case in turned]
    record.write_many(news, by=SYSTEM, at=at)
    return turned


@transaction.atomic
def begin(*, plans: Sequence[Plan], by: Actor, at: datetime) -> int:
    """Begin to fulfil cases, and return how many; one that is under way or finished is left alone.

    A case that was undone is begun anew.
    """
    begun = sagas.begin(plans, at)
    news = [News(kind="fulfil.begun", case=plan.case) for plan in plans if plan.case in begun]
    record.write_many(news, by=by, at=at)
    return len(begun)


def run_due(*, by: Actor, at: datetime) -> Ran:
    """Do what is due for the cases under way, and undo what must not stand; return what moved.

    Each batch is one transaction. Whoever listens hears `fulfil.finished`, or, when all is
    undone, `fulfil.failed` or `fulfil.stopped`; `fulfil.stuck` tells of an undo that keeps failing.
    """
    counts = runner.run(by, at)
    return Ran(**{part.name: counts[part.name] for part in fields(Ran)})


@transaction.atomic
def undo(*, by: Mapping[UUID, Actor], at: datetime) -> None:
    """Undo what was done for cases, finished or not, the last step first, each `by` its actor.

    Nothing more is done for them from now on. Whoever listens hears `fulfil.stopped` where the
    subject has objected, else `fulfil.undone`. An undo that fails is tried again by later runs.
    """
    runner.undo(by, at)


@transaction.atomic
def erase(*, cases: Collection[UUID]) -> None:
    """Forget whom the fulfilment of these cases was about; decisions and claims stay."""
    Saga.objects.filter(case__in=list(cases)).delete()
    Notice.objects.filter(case__in=list(cases)).delete()


def awarded(
    *, service: str, at: datetime, among: Collection[int] | None = None
) -> dict[int, Award]:
    """Return who gets money of a service by the month, and what; also what begins or ends later.

    Of these subjects, or of everybody where `among` is None.
    """
    return awards.running(service, among, at)


def paid_for(*, service: str, at: datetime) -> set[UUID]:
    """Return the cases by which money of a service runs."""
    return {award.case for award in awards.running(service, None, at).values()}


def to_review() -> list[Award]:
    """Return the awards that may be too large by the facts of today, the most urgent first."""
    return awards.to_review()


@transaction.atomic
def recalculate(
    *, service: str, worth: Mapping[int, int | None], due: datetime, by: Actor, at: datetime
) -> Recalculated:
    """Let running awards follow what they come to now, from the next month on; again is nothing.

    A larger amount follows by itself. A smaller one, or one that is unknown now (None), waits for
    a person until `due`.
    """
    return awards.recalculate(service, worth, due, by, at)


@transaction.atomic
def lower(*, award: int, by: Actor, at: datetime) -> Award:
    """Let an award follow to the smaller amount from the next month on; nothing is taken back."""
    return awards.lower(award, by, at)


@transaction.atomic
def leave(*, award: int, by: Actor, at: datetime) -> Award:
    """Leave an award as it is, whatever the facts of today come to."""
    return awards.leave(award, by, at)


def unsigned(*, services: Collection[str]) -> list[Decision]:
    """Return the decisions of these services that wait for a signature, oldest first."""
    return deciding.unsigned(services)


def count_unsigned(*, services: Collection[str]) -> int:
    """Return how many decisions of these services wait for a signature."""
    return deciding.count(services)


@transaction.atomic
def sign(*, decisions: Collection[UUID], by: Actor, name: str, title: str, at: datetime) -> None:
    """Sign decisions by one act of a named official, all or none; each can be signed once."""
    deciding.sign(decisions, by, name, title, at)


def decision(*, case: UUID) -> Decision | None:
    """Return the decision in force in a case, else the last that was annulled, else None."""
    return deciding.of(case)


def decision_html(*, decision: Decision, language: str) -> str:
    """Return a decision as a whole HTML document in one language."""
    return papers.html(decision, language)


def decision_pdf(*, decision: Decision, language: str) -> bytes:
    """Return a decision as PDF/A-2a in one language; the same decision gives the same bytes."""
    return papers.pdf(decision, language)
