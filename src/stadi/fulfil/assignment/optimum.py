"""The exact optimum: the fewest without a place, then the least cost, with the prices to prove it.

Solved over each child's cheapest units, then priced over all of them; whatever pair could still
lower the cost joins in, and it is solved again until no pair can.
"""

from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow

from stadi.fulfil.assignment.costs import cheapest
from stadi.fulfil.assignment.siblings import NOWHERE
from stadi.fulfil.domain import AssignmentError

CHEAPEST = 40  # with 30 a tight town of two languages had to be solved twice
JOINING = 16  # at most so many more units of a child join at a time
NEVER = 1 << 61


def optimum(cost: Any, places: Any, unplaced: int) -> tuple[Any, Any]:
    """Return each child's unit, NOWHERE if none is left, and each unit's price."""
    pairs = _first_pairs(cost)
    while True:
        chosen = _flow(cost, pairs, places)
        prices = _prices(cost, chosen, places, unplaced)
        if prices is not None:
            return chosen, prices
        joined = _joining(cost, pairs, chosen, (places, unplaced))
        if not joined.any():
            message = "the solver's answer could not be certified: keep the inputs and tell us"
            raise AssignmentError(message)
        pairs |= joined


def _first_pairs(cost: Any) -> Any:
    """Return which pairs of child and unit take part at first."""
    if cost.shape[1] <= CHEAPEST:
        return np.ones(cost.shape, bool)
    pairs = np.zeros(cost.shape, bool)
    np.put_along_axis(pairs, cheapest(cost, CHEAPEST), values=True, axis=1)
    return pairs


def _flow(cost: Any, pairs: Any, places: Any) -> Any:
    """Return each child's unit in a flow of the least cost among the largest ones."""
    children, units = cost.shape
    child, unit = np.nonzero(pairs)
    sink = children + units
    ends = children + np.arange(units)
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([child, ends]).astype(np.int32),
        np.concatenate([children + unit, np.full(units, sink)]).astype(np.int32),
        np.concatenate([np.ones(len(child), np.int64), places]),
        np.concatenate([cost[child, unit], np.zeros(units, np.int64)]),
    )
    supply = np.concatenate([np.ones(children, np.int64), np.zeros(units, np.int64), [-children]])
    flow.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = flow.solve_max_flow_with_min_cost()
    if status != flow.OPTIMAL:
        message = f"the solver found no optimum ({status})"
        raise AssignmentError(message)
    used = flow.flows(arcs)[: len(child)] > 0
    chosen = np.full(children, NOWHERE)
    chosen[child[used]] = unit[used]
    return chosen


def _prices(cost: Any, chosen: Any, places: Any, unplaced: int) -> Any | None:
    """Return the lowest prices that make every child content, None if there are none.

    Longest paths (Bellman-Ford) over units: a child in `a` is content if a's price is at most
    b's price plus what moving to `b` would cost it. Prices of units with free places must be 0.
    """
    order = np.argsort(chosen, kind="stable")
    placed = order[np.searchsorted(chosen[order], 0) :]
    without = np.flatnonzero(chosen == NOWHERE)
    prices = np.zeros(len(places), np.int64)
    if without.size:
        prices = np.maximum(prices, (unplaced - cost[without]).max(axis=0))
    here, first = np.unique(chosen[placed], return_index=True)
    if not here.size:
        return None if prices[places > 0].any() else prices
    own = cost[placed, chosen[placed]]
    move = np.minimum.reduceat(cost[placed] - own[:, None], first, axis=0)
    free = np.bincount(chosen[placed], minlength=len(places)) < places
    ceiling = unplaced - np.maximum.reduceat(own, first)
    for _ in range(len(places) + 1):
        higher = np.maximum(prices, (prices[here, None] - move).max(axis=0))
        if higher[free].any() or (higher[here] > ceiling).any():
            return None
        if (higher == prices).all():
            return prices
        prices = higher
    return None


def _joining(cost: Any, pairs: Any, chosen: Any, ends: tuple[Any, int]) -> Any:
    """Return the pairs left out that could lower the cost, each child's most promising ones."""
    places, unplaced = ends
    prices = _prices(np.where(pairs, cost, NEVER), chosen, places, unplaced)
    joined = np.zeros_like(pairs)
    if prices is None:
        return joined
    sums = cost + prices
    own = np.where(chosen >= 0, sums[np.arange(len(chosen)), chosen], unplaced)
    gain = own[:, None] - sums
    rows = np.flatnonzero((gain > 0).any(axis=1))
    most = min(JOINING, len(places))
    best = np.argpartition(-gain[rows], most - 1, axis=1)[:, :most]
    joined[rows[:, None], best] = gain[rows[:, None], best] > 0
    return joined & ~pairs
