"""Stable matching: children propose in the order of their choice, full units keep the best."""

from heapq import heappush, heappushpop
from typing import Any

import numpy as np

from stadi.fulfil.assignment.costs import LARGEST
from stadi.fulfil.assignment.siblings import NOWHERE


def stable(choices: Any, marks: Any, places: Any) -> Any:
    """Return each child's unit, NOWHERE if all refused: deferred acceptance, best for the children.

    `choices` has a row per child with its units in order; `marks` says beside each how the unit
    ranks the child, lower is better, equals by row. No child could change to a unit that it likes
    better and that has a place, or a child it likes less.
    """
    children, length = choices.shape
    if marks.size and int(marks.max()) >= LARGEST // children:
        marks = np.unique(marks, return_inverse=True)[1].reshape(marks.shape)
    keys = -(marks * children + np.arange(children)[:, None])
    unit_of, key_of = choices.item, keys.item
    room = places.tolist()
    kept: list[list[int]] = [[] for _ in room]  # the worst first
    turn = [0] * children
    for child in range(children):
        asking = child
        while (at := turn[asking]) < length:
            turn[asking] = at + 1
            unit = unit_of(asking, at)
            if len(kept[unit]) < room[unit]:
                heappush(kept[unit], key_of(asking, at))
                break
            if room[unit]:
                asking = -heappushpop(kept[unit], key_of(asking, at)) % children
    chosen = np.full(children, NOWHERE)
    for unit, keys_ in enumerate(kept):
        chosen[[-key % children for key in keys_]] = unit
    return chosen
