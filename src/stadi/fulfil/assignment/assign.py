"""Assign places: siblings first, then everyone by the published policy, with a certificate."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stadi.fulfil.assignment.costs import SHOWN, Board, blocks, board, cheapest, points, walks
from stadi.fulfil.assignment.files import fingerprint
from stadi.fulfil.assignment.optimum import optimum
from stadi.fulfil.assignment.siblings import NOWHERE, place_together
from stadi.fulfil.assignment.stable import stable
from stadi.fulfil.domain import Assignment, Certificate, Placed, Problem, Seeker, Term, Vacancy


def assign(  # noqa: PLR0913 - everything that an assignment follows from
    *,
    seekers: Sequence[Seeker],
    vacancies: Sequence[Vacancy],
    terms: Sequence[Term] = (),
    factor: float,
    seed: str,
    policy: str = "optimum",
) -> Assignment:
    """Return who gets which place; the same for any order of the input.

    Whoever is not among the placed found no free place, or (`apart`) none for all siblings.
    """
    problem = Problem(
        seekers=tuple(seekers),
        vacancies=tuple(vacancies),
        terms=tuple(terms),
        factor=factor,
        seed=seed,
        policy=policy,
    )
    return solve(problem)


def solve(problem: Problem) -> Assignment:
    """Return who gets which place."""
    laid = board(problem)
    first, left = place_together(laid)
    rest = laid.cost[laid.siblings :]
    then, prices = _policy(problem, laid, rest, left)
    primal = total(rest, then, laid.unplaced)
    dual = primal
    if problem.policy == "optimum":
        least = np.minimum((rest + prices).min(axis=1, initial=laid.unplaced), laid.unplaced)
        dual = sum(least.tolist()) - sum((left * prices).tolist())
    apart = [s.id for s, unit in zip(laid.seekers, first, strict=False) if unit == NOWHERE]
    return Assignment(
        problem=problem,
        placed=_placed(laid, np.concatenate([first, then]), problem.factor),
        apart=tuple(sorted(apart)),
        certificate=Certificate(
            inputs=fingerprint(problem),
            policy=problem.policy,
            covers=len(then),
            together=len(first),
            unplaced=laid.unplaced,
            prices=tuple((u.id, p) for u, p in zip(laid.units, prices.tolist(), strict=True)),
            primal=primal,
            dual=dual,
        ),
    )


def total(cost: Any, chosen: Any, unplaced: int) -> int:
    """Return the exact sum of costs, with that of leaving a child without a place."""
    placed = np.flatnonzero(chosen >= 0)
    paid: list[int] = cost[placed, chosen[placed]].tolist()
    return sum(paid) + unplaced * (len(chosen) - len(placed))


def _policy(problem: Problem, laid: Board, rest: Any, left: Any) -> tuple[Any, Any]:
    if not rest.size:
        return np.full(len(rest), NOWHERE), np.zeros(len(left), np.int64)
    if problem.policy == "optimum":
        return optimum(rest, left, laid.unplaced)
    choices = cheapest(rest, len(left))
    chosen = stable(choices, np.take_along_axis(rest, choices, 1), left)
    return chosen, last_accepted(rest, chosen, left)


def last_accepted(cost: Any, chosen: Any, places: Any) -> Any:
    """Return the cost of the last child that each full unit accepted, 0 where places are free."""
    placed = np.flatnonzero(chosen >= 0)
    worst = np.zeros(len(places), np.int64)
    np.maximum.at(worst, chosen[placed], cost[placed, chosen[placed]])
    full = np.bincount(chosen[placed], minlength=len(places)) >= places
    return np.where(full, worst, 0)


def _placed(laid: Board, chosen: Any, factor: float) -> dict[int, Placed]:
    rows = np.flatnonzero(chosen >= 0)
    if not rows.size:
        return {}
    homes, there = points([laid.seekers[row] for row in rows]), points(laid.units)
    metres = walks(homes, there[chosen[rows]], factor).astype(np.int64).tolist()
    near, far = _nearest(homes, there, chosen[rows], factor)
    ids = np.array([u.id for u in laid.units])
    names = [laid.seekers[row].id for row in rows.tolist()]
    shown = zip(names, ids[chosen[rows]].tolist(), metres, ids[near].tolist(), far, strict=True)
    return {
        seeker: Placed(
            seeker=seeker,
            unit=unit,
            metres=own,
            others=tuple(zip(units, others, strict=True)),
        )
        for seeker, unit, own, units, others in shown
    }


def _nearest(homes: Any, there: Any, chosen: Any, factor: float) -> tuple[Any, list[list[int]]]:
    """Return the columns of the nearest other units and their metres, nearest first, then by id."""
    keep = min(SHOWN, len(there))
    columns, metres = np.empty((2, len(homes), keep - 1), np.int64)
    for rows in blocks(len(homes)):
        block = walks(homes[rows, None], there, factor).astype(np.int64)
        near = cheapest(block, keep)
        # one's own unit, if it is among them, goes last and falls off
        others = np.argsort(near == chosen[rows, None], axis=1, kind="stable")[:, : keep - 1]
        columns[rows] = np.take_along_axis(near, others, axis=1)
        metres[rows] = np.take_along_axis(block, columns[rows], axis=1)
    return columns, metres.tolist()
