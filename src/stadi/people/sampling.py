"""Order, rank and share out residents within their areas, alike on every platform."""

from typing import Final

import numpy as np

from stadi.people.labels import Floats, Ints

_STEP: Final = 1_000.0  # keeps the keys of two groups apart on one sorted line


def by_chance(rows: Ints, group: Ints, *, rng: np.random.Generator) -> Ints:
    """Return rows sorted by their group, in random order within each."""
    mixed = rng.permutation(len(rows))
    # Small whole numbers are sorted without comparing: four times as fast as a sort of two keys.
    return rows[mixed[np.argsort(group[mixed].astype(np.int16), kind="stable")]]


def by_key(rows: Ints, group: Ints, key: Floats | Ints) -> Ints:
    """Return rows sorted by their group and then by a key between -400 and 400."""
    return rows[np.argsort(group * _STEP + key, kind="stable")]


def stretched(count: int, *, rng: np.random.Generator) -> Floats:
    """Return chances between 0 and 1 in equal steps, in random order: shares of them are exact."""
    steps: Floats = (rng.permutation(count) + 0.5) / max(count, 1)
    return steps


def rank_in(group: Ints, *, groups: int) -> Ints:
    """Return the position of each entry within its group, for a sorted array of groups."""
    start = np.zeros(groups, dtype=np.int64)
    np.cumsum(np.bincount(group, minlength=groups)[:-1], out=start[1:])
    return np.arange(len(group), dtype=np.int64) - start[group]


def share_out(weights: Ints, *, total: int, start: int = 0) -> Ints:
    """Round weights to whole numbers of the given total by systematic sampling.

    `start`, from 0 to below the sum of the weights, moves where the rounding falls; arithmetic
    is whole, so weights that already add up to `total` come back unchanged.
    """
    whole = int(weights.sum())
    edges = (np.cumsum(weights, dtype=np.int64) * total + start) // max(whole, 1)
    return np.diff(edges, prepend=np.int64(0))


def share_out_rows(weights: Ints, *, totals: Ints, rng: np.random.Generator) -> Ints:
    """Round each row of weights to whole numbers of its own total; a row of zeros falls to the
    last column.
    """
    given = weights.astype(np.int64)
    given[given.sum(axis=1) == 0, -1] = 1
    whole = given.sum(axis=1)
    start = np.floor(rng.random(len(given)) * whole).astype(np.int64)
    edges = (np.cumsum(given, axis=1) * totals[:, None] + start[:, None]) // whole[:, None]
    shares: Ints = np.diff(edges, axis=1, prepend=np.int64(0))
    return shares
