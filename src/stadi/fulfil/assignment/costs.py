"""What each place costs each child: weighted metres, and a lot that anyone can recompute.

A cost is metres x 2^23 plus a lot; the lots of all children together stay below one metre, so
that they decide between equals and nothing else.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stadi.fulfil.domain import AssignmentError, Problem, Seeker, Vacancy

METRE = 1 << 23
LARGEST = 1 << 60  # sums of two costs must stay exact in 64 bits
BLOCK = 256  # rows of 300 units: 600 kB
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
WORD = (1 << 64) - 1
Wants = tuple[tuple[str, object], ...]
SHOWN = 4  # one's own unit and three others


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The problem as arrays: siblings first, then children by lot; open units by id.

    `cost` has shape (children, units); `siblings` counts the rows of those who stay together.
    """

    seekers: tuple[Seeker, ...]
    units: tuple[Vacancy, ...]
    places: Any
    cost: Any
    unplaced: int
    siblings: int


def mix(number: Any) -> Any:
    """Return SplitMix64's scrambled number; whole numbers modulo 2^64, or an array of them."""
    z = (number + GOLDEN) & WORD
    z = ((z ^ (z >> 30)) * FIRST) & WORD
    z = ((z ^ (z >> 27)) * SECOND) & WORD
    return z ^ (z >> 31)


def begin(seed: str) -> int:
    """Return the number that a published seed stands for: the first 8 bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")


def lots(begun: int, numbers: Sequence[int | None]) -> Any:
    """Return mix(begun + number) of each, a number below 2^64."""
    return mix(np.array(numbers, np.int64).astype(np.uint64) + np.uint64(begun))


def board(problem: Problem) -> Board:
    """Return the whole problem as arrays."""
    units = tuple(v for v in problem.vacancies if v.places)
    _refuse_vast(problem)
    seekers, siblings = _in_order(problem)
    cost = costs(problem, seekers, units)
    longest = (int(cost.max()) >> 23) + 1 if cost.size else 1
    return Board(
        seekers=seekers,
        units=units,
        places=np.array([u.places for u in units], np.int64),
        cost=cost,
        unplaced=(len(units) + 1) * longest * METRE,
        siblings=siblings,
    )


def _refuse_vast(problem: Problem) -> None:
    rows: list[Seeker | Vacancy] = [*problem.seekers, *problem.vacancies]
    spans = [max(c) - min(c) for c in ([r.x for r in rows], [r.y for r in rows]) if c]
    furthest = int(sum(spans) * problem.factor) + sum(t.metres for t in problem.terms) + 1
    if (len(rows) + 2) * furthest * METRE >= LARGEST:
        message = "homes and units lie too far apart to be weighed exactly: check the coordinates"
        raise AssignmentError(message)


def _in_order(problem: Problem) -> tuple[tuple[Seeker, ...], int]:
    """Return siblings, groups in order of their lot, then the others in order of theirs."""
    groups = Counter(s.together for s in problem.seekers if s.together is not None)
    joined = {number for number, children in groups.items() if children > 1}
    numbers = [s.together if s.together in joined else s.id for s in problem.seekers]
    drawn = lots(begin(problem.seed), numbers).tolist()
    rows = [
        (s.together not in joined, lot, number, s.id, s)
        for s, lot, number in zip(problem.seekers, drawn, numbers, strict=True)
    ]
    rows.sort(key=lambda row: row[:4])
    return tuple(row[4] for row in rows), sum(not row[0] for row in rows)


def costs(problem: Problem, seekers: Sequence[Seeker], units: Sequence[Vacancy]) -> Any:
    """Return whole costs; shape (seekers, units)."""
    codes, table = _weights(problem, seekers, units)
    found = np.empty((len(seekers), len(units)), np.int64)
    homes, there = points(seekers), points(units)
    begun = begin(problem.seed)
    children, ends = lots(begun, [s.id for s in seekers]), lots(mix(begun), [u.id for u in units])
    room = np.uint64(METRE // max(len(problem.seekers), 1))
    for rows in blocks(len(seekers)):
        block = found[rows]
        block[:] = walks(homes[rows, None], there, problem.factor)
        block += table[codes[rows]]
        block <<= 23
        block += _pairs(children[rows, None], ends, room)
    return found


def blocks(rows: int) -> Iterator[slice]:
    """Return slices of rows, few at a time, so that they stay in the processor's cache."""
    return (slice(row, row + BLOCK) for row in range(0, rows, BLOCK))


def cheapest(cost: Any, count: int) -> Any:
    """Return the columns of each row's `count` least costs, cheapest first, equals by column."""
    bits = cost.shape[1].bit_length()
    found = np.empty((len(cost), count), np.int64)
    for rows in blocks(len(cost)):
        # the column rides in the low bits, so that plain numbers can be sorted, which is fast
        packed = (cost[rows] << bits) | np.arange(cost.shape[1])
        if count < cost.shape[1]:
            packed.partition(count - 1, axis=1)
        found[rows] = np.sort(packed[:, :count], axis=1) & ((1 << bits) - 1)
    return found


def points(rows: Sequence[Seeker] | Sequence[Vacancy]) -> Any:
    """Return coordinates in metres; shape (rows, 2)."""
    return np.array([(r.x, r.y) for r in rows], np.float64).reshape(-1, 2)


def walks(homes: Any, units: Any, factor: float) -> Any:
    """Return straight lines times the factor in whole metres; coordinates lie in the last axis.

    A square root is rounded the same on every machine; `hypot` is not.
    """
    x, y = homes[..., 0] - units[..., 0], homes[..., 1] - units[..., 1]
    return np.rint(np.sqrt(x * x + y * y) * factor)


def _pairs(children: Any, units: Any, room: Any) -> Any:
    """Return each pair's lot: that part of `room` which (child xor unit) x GOLDEN is of 2^64."""
    found = children ^ units
    found *= np.uint64(GOLDEN)
    found >>= np.uint64(32)
    found *= room
    found >>= np.uint64(32)
    return found.view(np.int64)


def _weights(
    problem: Problem, seekers: Sequence[Seeker], units: Sequence[Vacancy]
) -> tuple[Any, Any]:
    """Return each seeker's row in a table of extra metres, and that table; a column per unit."""
    numbered: dict[Wants, int] = {}
    codes = [numbered.setdefault(s.wants, len(numbered)) for s in seekers]
    table = np.zeros((len(numbered), len(units)), np.int64)
    for term in problem.terms:
        there = np.array([getattr(u, term.unit) for u in units])
        known = {getattr(v, term.unit) for v in problem.vacancies} - {None, False, ""}
        for wants, row in numbered.items():
            # what no unit at all can give, or nobody asked for, weighs nothing
            if (wanted := dict(wants).get(term.unit)) in known:
                table[row] += term.metres * (there != wanted)
    return np.array(codes, np.int64), table
