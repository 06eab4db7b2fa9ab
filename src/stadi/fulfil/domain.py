"""Assignment: who gets which place, the sum of distances as short as it can be.

Distances are straight lines times a stated factor. Ties go by a published lot, so that the
result is the same for any order of the input.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow

from stadi.kit.errors import StadiError

NEAREST = 30
LOT_ROOM = 1 << 23  # the lots of all children together stay below one metre


class AssignmentError(StadiError):
    """The places could not be assigned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
    """A child who needs a place: home in EPSG:3067 metres, and the present unit if any."""

    id: int
    x: int
    y: int
    unit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """A unit with its free places."""

    id: int
    x: int
    y: int
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A seeker's place with its distance, and the nearest other units with theirs, in metres."""

    seeker: int
    unit: int
    metres: int
    others: tuple[tuple[int, int], ...]


def lot(seed: str, name: str, room: int) -> int:
    """Return a number below `room` that anyone can recompute from the published seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big") % room


def assign(
    *,
    seekers: Sequence[Seeker],
    vacancies: Sequence[Vacancy],
    factor: float,
    seed: str,
    keep_unit_metres: int = 0,
) -> dict[int, Placed]:
    """Return each placed seeker's place; whoever is not in it found no free place.

    Exact minimum-cost flow over each child's nearest units, over all of them where the nearest
    do not suffice; leaving a child without a place costs more than any walk. `keep_unit_metres`
    is how much nearer the present unit counts.
    """
    if any(v.places < 0 for v in vacancies):
        message = "a unit has fewer than no places: mend its capacity first"
        raise AssignmentError(message)
    seekers = sorted(seekers, key=lambda s: lot(seed, str(s.id), 1 << 62))
    units = sorted((v for v in vacancies if v.places), key=lambda v: v.id)
    if not seekers or not units:
        return {}
    metres = _metres(seekers, units, factor)
    order = np.argsort(metres * len(units) + np.arange(len(units)), axis=1, kind="stable")
    near = order[:, :NEAREST]
    chosen = _choose(seekers, units, metres, near, (seed, keep_unit_metres))
    if None in chosen and near.shape[1] < len(units):
        near = order
        chosen = _choose(seekers, units, metres, near, (seed, keep_unit_metres))
    ids = [u.id for u in units]
    return {
        s.id: Placed(
            seeker=s.id,
            unit=ids[near[i, k]],
            metres=int(metres[i, near[i, k]]),
            others=tuple((ids[u], int(metres[i, u])) for u in near[i, :4] if u != near[i, k])[:3],
        )
        for i, (s, k) in enumerate(zip(seekers, chosen, strict=True))
        if k is not None
    }


def _choose(  # noqa: PLR0917 - one policy, one graph
    seekers: Sequence[Seeker],
    units: Sequence[Vacancy],
    metres: Any,
    near: Any,
    policy: tuple[str, int],
) -> list[int | None]:
    """Return each seeker's column of `near`, None where it has no place; policy: seed, metres."""
    seed, keep_unit_metres = policy
    cost = np.take_along_axis(metres, near, 1)
    ids = np.array([u.id for u in units])
    here = ids[near] == np.array([-1 if s.unit is None else s.unit for s in seekers])[:, None]
    # Every other unit counts further, rather than this one nearer: no walk falls below zero.
    cost = cost + keep_unit_metres * ~here
    unplaced = (len(units) + 1) * (int(metres.max()) + keep_unit_metres + 1)
    room = max(LOT_ROOM // len(seekers), 1)
    lots = [
        [lot(seed, f"{s.id}:{ids[u]}", room) for u in row]
        for s, row in zip(seekers, near, strict=True)
    ]
    return _flow(near, cost * LOT_ROOM + np.array(lots), units, unplaced * LOT_ROOM)


def _metres(seekers: Sequence[Seeker], units: Sequence[Vacancy], factor: float) -> Any:
    """Return straight lines times the factor, whole metres; shape (seekers, units)."""
    x = np.array([s.x for s in seekers])[:, None] - np.array([u.x for u in units])
    y = np.array([s.y for s in seekers])[:, None] - np.array([u.y for u in units])
    return np.rint(np.hypot(x, y) * factor).astype(np.int64)


def _flow(near: Any, cost: Any, units: Sequence[Vacancy], unplaced: int) -> list[int | None]:
    """Return for each child the column of its unit in `near`, None where it has no place."""
    children, width = near.shape
    sink = children + len(units)
    source = np.concatenate(
        [
            np.repeat(np.arange(children), width),
            np.arange(children),
            children + np.arange(len(units)),
        ]
    )
    target = np.concatenate(
        [children + near.ravel(), np.full(children, sink), np.full(len(units), sink)]
    )
    capacity = np.concatenate(
        [np.ones(children * width + children, np.int64), np.array([u.places for u in units])]
    )
    price = np.concatenate(
        [cost.ravel(), np.full(children, unplaced), np.zeros(len(units), np.int64)]
    )
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        source.astype(np.int32), target.astype(np.int32), capacity, price.astype(np.int64)
    )
    supply = np.concatenate(
        [np.ones(children, np.int64), np.zeros(len(units), np.int64), [-children]]
    )
    flow.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        message = f"the solver found no optimum ({status})"
        raise AssignmentError(message)
    used = flow.flows(arcs)[: children * width].reshape(children, width)
    return [int(row.argmax()) if row.any() else None for row in used]
