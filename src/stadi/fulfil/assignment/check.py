"""Checks an assignment against its published inputs without the solver, and names what is wrong."""

from typing import Any

import numpy as np

from stadi.fulfil.assignment.costs import Board, board, points, walks
from stadi.fulfil.assignment.files import fingerprint
from stadi.fulfil.assignment.siblings import NOWHERE, place_together
from stadi.fulfil.domain import Assignment


def check(assignment: Assignment) -> list[str]:
    """Return what is wrong with an assignment; none when nothing better could be had."""
    laid = board(assignment.problem)
    if wrong := _about_inputs(assignment, laid):
        return wrong
    column = {u.id: k for k, u in enumerate(laid.units)}
    chosen = np.array(
        [
            column[assignment.placed[s.id].unit] if s.id in assignment.placed else NOWHERE
            for s in laid.seekers
        ],
        np.int64,
    )
    said = [*_about_places(laid, chosen), *_about_metres(assignment, laid, chosen)]
    first, left = place_together(laid)
    if (first != chosen[: laid.siblings]).any():
        said.append("siblings are not where their lot and their costs put them")
    return said or _about_policy(assignment, laid, chosen[laid.siblings :], left)


def _about_inputs(assignment: Assignment, laid: Board) -> list[str]:
    proof, said = assignment.certificate, []
    if proof.inputs != fingerprint(assignment.problem):
        said.append("the certificate speaks about other inputs: their hashes differ")
    if proof.policy != assignment.problem.policy:
        said.append("the certificate speaks about another policy")
    if (proof.unplaced, proof.together) != (laid.unplaced, laid.siblings):
        said.append("the certificate weighs a child without a place, or counts siblings, otherwise")
    if [unit for unit, _ in proof.prices] != [u.id for u in laid.units]:
        said.append("the certificate does not price exactly the units that have places")
    open_, known = {u.id for u in laid.units}, {s.id for s in laid.seekers}
    strays = [p for key, p in assignment.placed.items() if key != p.seeker or key not in known]
    if strays or any(p.unit not in open_ for p in assignment.placed.values()):
        said.append("somebody unknown is placed, or in a unit that has no places")
    return said


def _about_places(laid: Board, chosen: Any) -> list[str]:
    taken = np.bincount(chosen[chosen >= 0], minlength=len(laid.units))
    return [
        f"unit {unit.id} has {unit.places} places for {n} children"
        for unit, n in zip(laid.units, taken.tolist(), strict=True)
        if n > unit.places
    ]


def _about_metres(assignment: Assignment, laid: Board, chosen: Any) -> list[str]:
    rows = np.flatnonzero(chosen >= 0)
    homes, there = points(laid.seekers)[rows], points(laid.units)[chosen[rows]]
    told = np.array([assignment.placed[laid.seekers[row].id].metres for row in rows], np.int64)
    wrong = np.flatnonzero(walks(homes, there, assignment.problem.factor) != told)
    return [f"child {laid.seekers[rows[k]].id} is told a wrong distance" for k in wrong]


def _about_policy(assignment: Assignment, laid: Board, chosen: Any, left: Any) -> list[str]:
    proof, cost = assignment.certificate, laid.cost[laid.siblings :]
    rows = np.arange(len(chosen))
    own = np.full(len(chosen), laid.unplaced)
    own[chosen >= 0] = cost[rows[chosen >= 0], chosen[chosen >= 0]]
    prices = np.array([price for _, price in proof.prices], np.int64)
    free = np.bincount(chosen[chosen >= 0], minlength=len(left)) < left
    said = []
    if (proof.covers, proof.primal) != (len(chosen), sum(own.tolist())):
        said.append("the certificate counts other children, or another total, than were placed")
    if (prices < 0).any() or prices[free].any():
        said.append("a price is below zero, or not zero at a unit with free places")
    judged = _optimum if assignment.problem.policy == "optimum" else _stable
    names = [s.id for s in laid.seekers[laid.siblings :]]
    return [*said, *judged(assignment, cost, own, (chosen, prices, free, left, names))]


def _optimum(assignment: Assignment, cost: Any, own: Any, rest: tuple[Any, ...]) -> list[str]:
    chosen, prices, _, left, names = rest
    unplaced, proof = assignment.certificate.unplaced, assignment.certificate
    at = np.append(prices, 0)[chosen]  # the last column is nowhere, which costs no price
    least = np.minimum((cost + prices).min(axis=1, initial=unplaced), unplaced)
    said = [
        f"child {names[row]} could go elsewhere and lower the sum"
        for row in np.flatnonzero(least < own + at)[:5].tolist()
    ]
    dual = sum(least.tolist()) - sum((left * prices).tolist())
    if not proof.primal == proof.dual == dual:
        said.append(f"the bound {dual} and the total {proof.primal} differ: no optimum is proven")
    return said


def _stable(assignment: Assignment, cost: Any, own: Any, rest: tuple[Any, ...]) -> list[str]:
    chosen, prices, free, _, names = rest
    del assignment
    worst = np.zeros(cost.shape[1], np.int64)
    np.maximum.at(worst, chosen[chosen >= 0], own[chosen >= 0])
    said = []
    if (prices[~free] != worst[~free]).any():
        said.append("the last child accepted somewhere is not the one the certificate names")
    envy = (cost < own[:, None]) & (free | (cost < worst))
    said += [
        f"child {names[row]} may envy another: a unit it likes better would rather have it"
        for row in np.flatnonzero(envy.any(axis=1))[:5].tolist()
    ]
    return said
