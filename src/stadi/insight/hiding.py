"""What a table of groups may show, so that a reader cannot work out a small number.

A group's entitled are shown exactly or not at all. How many of them were offered, and how many
ended in each way, is shown as a range only, never exactly: it holds at least ten counts, moves in
steps of ten, and what is left of the entitled is a range as wide. The city's own totals are known
to every reader, which is why tables that share them tell nothing about each other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from stadi.insight.guessing import Cell, Range, Reader

SMALLEST = 10
STEP = 100  # metres; walks are rounded to it
FAR = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is counted and never shown: a group's entitled, those not offered, and all walks.

    `ends` are the offered that ended, by how; every group of a table names the same ends.
    """

    key: str
    entitled: int
    left: int
    walks: Sequence[int] = ()
    ends: Mapping[str, int] = field(default_factory=dict)

    @property
    def parts(self) -> list[int]:
        """Those not offered, those of each end, and the rest: together the entitled."""
        told = [self.left, *self.ends.values()]
        return [*told, self.entitled - sum(told)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Walks to what was offered, in metres rounded to hundreds; nine of ten are within `far`."""

    mean: int
    median: int
    far: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is shown of a group; None is hidden, a pair is the least and the most."""

    key: str
    entitled: int | None
    offered: Range | None = None
    walk: Walk | None = None
    ends: Mapping[str, Range | None] = field(default_factory=dict)

    @property
    def left(self) -> Range | None:
        """The least and the most who were not offered."""
        if self.entitled is None or self.offered is None:
            return None
        return self.entitled - self.offered[1], self.entitled - self.offered[0]

    @property
    def share(self) -> Range | None:
        """The least and the greatest share offered, in whole per cent."""
        return self._share(self.offered)

    def share_of(self, end: str) -> Range | None:
        """The least and the greatest share of the entitled that ended so, in whole per cent."""
        return self._share(self.ends.get(end))

    def _share(self, part: Range | None) -> Range | None:
        if not self.entitled or part is None:
            return None
        low, high = part
        return low * 100 // self.entitled, math.ceil(high * 100 / self.entitled)


def total(groups: Sequence[Group], key: str = "total") -> Line:
    """Return the city's own line, exact: it says nothing of any group."""
    entitled = sum(group.entitled for group in groups)
    offered = entitled - sum(group.left for group in groups)
    walks = [metres for group in groups for metres in group.walks]
    sums = {end: sum(group.ends[end] for group in groups) for end in groups[0].ends}
    return Line(
        key=key,
        entitled=entitled,
        offered=(offered, offered),
        walk=_walk(walks, offered),
        ends={end: (count, count) for end, count in sums.items()},
    )


def publish(groups: Sequence[Group]) -> tuple[Line, ...]:
    """Return what may be shown of each group of one table."""
    hidden = hide({group.key: group.entitled for group in groups})
    shown = [group for group in groups if group.key not in hidden]
    told = _Table(shown, [group for group in groups if group.key in hidden]).told()
    return tuple(
        _line(group, told[group.key]) if group.key in told else Line(key=group.key, entitled=None)
        for group in groups
    )


class _Table:
    """The ranges that are told of the parts of each shown group; the hidden ones are one row."""

    def __init__(self, shown: Sequence[Group], hidden: Sequence[Group]) -> None:
        pooled = [[sum(column) for column in zip(*(g.parts for g in hidden), strict=True)]]
        rows = [*(group.parts for group in shown), *(pooled if hidden else [])]
        sums: list[int] = [sum(column) for column in zip(*rows, strict=True)]
        self._shown, self._wholes = shown, [sum(row) for row in rows]
        # how many counts must stay possible: ten, or all that a small total of the city allows
        self._enough = [min(SMALLEST, part + 1, sum(sums) - part + 1) for part in sums]
        self._ranges = {
            (row, column): self._steps(row, column, count)
            for row, counts in enumerate(rows)
            for column, count in enumerate(counts)
        }
        self._reader = Reader(rows, self._ranges)

    def told(self) -> dict[str, list[Range]]:
        """Return the ranges of each group's parts, those given up that sums would narrow."""
        for cell in sorted(self._telling(), key=self._order):
            if not self._is_safe(cell):
                self._give_up(cell)
        # no table was found that needs this; it stays for want of a proof that there is none
        for cell in self._ranges:
            while not self._is_safe(cell) and (telling := self._telling()):
                self._give_up(min(telling, key=lambda c: (not _cross(c, cell), self._order(c))))
        width = len(self._enough)
        return {
            group.key: [self._ranges[row, column] for column in range(width)]
            for row, group in enumerate(self._shown)
        }

    def _steps(self, row: int, column: int, count: int) -> Range:
        """Return the range of ten counts, from 0, that holds a count; a short last one joins.

        Of the last column, which is the rest of the others, and of the hidden nothing is told.
        """
        whole = self._wholes[row]
        if row == len(self._shown) or column == len(self._enough) - 1:
            return 0, whole
        last = max((whole + 1) // SMALLEST, 1) - 1
        step = min(count // SMALLEST, last)
        return step * SMALLEST, whole if step == last else step * SMALLEST + SMALLEST - 1

    def _telling(self) -> list[Cell]:
        """Return the cells whose range says more than the sum of their row does."""
        return [c for c, (low, high) in self._ranges.items() if high - low < self._wholes[c[0]]]

    def _order(self, cell: Cell) -> tuple[bool, int, str, int]:
        """Return which cells are given up first: those that tell of ten or more, the smallest."""
        group = self._shown[cell[0]]
        return self._ranges[cell][0] == 0, group.entitled, group.key, cell[1]

    def _give_up(self, cell: Cell) -> None:
        self._ranges[cell] = 0, self._wholes[cell[0]]
        self._reader.tell(cell, self._ranges[cell])

    def _is_safe(self, cell: Cell) -> bool:
        row, column = cell
        enough = self._enough[column]
        if row == len(self._shown):
            # any one of the hidden may have all of these, or none
            return self._reader.most(cell, enough - 1) >= enough - 1
        return not self._wholes[row] or self._reader.choices(cell, enough) >= enough


def _cross(one: Cell, other: Cell) -> bool:
    """Return whether a sum names both cells."""
    return one[0] == other[0] or one[1] == other[1]


def hide(counts: Mapping[str, int]) -> set[str]:
    """Return the groups whose count is hidden: those from 1 to 9, and what else guards them.

    At least two are hidden, and their sum is above ten: a reader who knows that sum, and that
    nobody hides a zero, still has ten counts to choose from. Zeros are shown unless nothing else
    is left to hide with, or all the city would be one group.
    """
    some = sorted((count, key) for key, count in counts.items() if count)
    zeros = [(0, key) for key, count in counts.items() if not count]
    hidden = {key for count, key in some if count < SMALLEST}
    if not hidden and len(some) > 1:
        return hidden
    for _count, key in [*some, *zeros]:
        if len(hidden) > 1 and sum(counts[k] for k in hidden) > SMALLEST:
            break
        hidden.add(key)
    return hidden


def _line(group: Group, told: Sequence[Range]) -> Line:
    entitled = group.entitled
    known = [None if high - low == entitled and entitled else (low, high) for low, high in told]
    low, high = entitled - told[0][1], entitled - told[0][0]
    # asked of what is shown, not of the count: else the walk would tell that ten were offered
    walk = _walk(group.walks, low)
    return Line(
        key=group.key,
        entitled=entitled,
        offered=known[0] and (low, high),
        walk=walk,
        ends=dict(zip(group.ends, known[1:-1], strict=True)),
    )


def _walk(walks: Sequence[int], offered: int) -> Walk | None:
    if min(offered, len(walks)) < SMALLEST:
        return None
    ordered = sorted(walks)
    mean, median, far = (
        fmean(ordered),
        ordered[(len(ordered) - 1) // 2],
        ordered[math.ceil(len(ordered) * FAR) - 1],
    )
    return Walk(mean=_rounded(mean), median=_rounded(median), far=_rounded(far))


def _rounded(metres: float) -> int:
    return max(STEP, round(metres / STEP) * STEP)
