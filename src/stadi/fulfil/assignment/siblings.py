"""Siblings of one round get one unit, before all others and in the order of their lot."""

from itertools import groupby
from typing import Any

import numpy as np

from stadi.fulfil.assignment.costs import Board

NOWHERE = -1


def place_together(board: Board) -> tuple[Any, Any]:
    """Return the unit of each sibling's row, NOWHERE if no unit has room, and places left."""
    left = board.places.copy()
    chosen = np.full(board.siblings, NOWHERE)
    rows = range(board.siblings)
    for _, members in groupby(rows, key=lambda row: board.seekers[row].together):
        group = list(members)
        open_ = np.flatnonzero(left >= len(group))
        if open_.size:
            unit = open_[board.cost[group][:, open_].sum(axis=0).argmin()]
            chosen[group] = unit
            left[unit] -= len(group)
    return chosen, left
