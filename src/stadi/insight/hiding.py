"""What a table of groups may show, so that a reader cannot work out a small number.

A group's entitled are shown exactly or not at all. How many of them were offered is shown as a
range only, never exactly: it holds at least ten counts, moves in steps of ten, and what is left
of the entitled is a range as wide. The city's own totals are known to every reader, which is why
tables that share them tell nothing about each other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

SMALLEST = 10
STEP = 100  # metres; walks are rounded to it
FAR = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is counted and never shown: a group's entitled, those not offered, and all walks."""

    key: str
    entitled: int
    left: int
    walks: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Walks to what was offered, in metres rounded to hundreds; nine of ten are within `far`."""

    mean: int
    median: int
    far: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is shown of a group; None is hidden, `offered` is the least and the most."""

    key: str
    entitled: int | None
    offered: tuple[int, int] | None = None
    walk: Walk | None = None

    @property
    def left(self) -> tuple[int, int] | None:
        """The least and the most who were not offered."""
        if self.entitled is None or self.offered is None:
            return None
        return self.entitled - self.offered[1], self.entitled - self.offered[0]

    @property
    def share(self) -> tuple[int, int] | None:
        """The least and the greatest share offered, in whole per cent."""
        if not self.entitled or self.offered is None:
            return None
        low, high = self.offered
        return low * 100 // self.entitled, math.ceil(high * 100 / self.entitled)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One shown group's entitled, and the least and the most who were not offered."""

    entitled: int
    low: int
    high: int

    @property
    def wide(self) -> bool:
        """Whether the range says nothing that the entitled do not say."""
        return self.high - self.low == self.entitled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What a reader knows: the city's totals, the shown cells, and the sum of the hidden ones."""

    offered: int
    left: int
    hidden: int
    cells: dict[str, _Cell] = field(default_factory=dict)

    @property
    def enough(self) -> int:
        """How many counts must stay possible: ten, or all that a small total of the city allows."""
        return min(SMALLEST, self.offered + 1, self.left + 1)

    @property
    def low(self) -> int:
        return sum(cell.low for cell in self.cells.values())

    @property
    def high(self) -> int:
        return sum(cell.high for cell in self.cells.values()) + self.hidden

    def is_safe(self) -> bool:
        """Return whether every shown group keeps enough possible counts, all sums known.

        The hidden ones then do too: whatever a shown group can give up, they can take.
        """
        return all(map(self._is_vague, self.cells.values()))

    def _is_vague(self, cell: _Cell) -> bool:
        most = min(cell.high, self.left - self.low + cell.low)
        least = max(cell.low, self.left - self.high + cell.high)
        return most - least + 1 >= self.enough or not cell.entitled

    def widened(self) -> "_Table":
        """Return the table with its smallest telling range given up."""
        telling = [key for key, cell in self.cells.items() if not cell.wide]
        key = min(telling, key=lambda k: (self.cells[k].low == 0, self.cells[k].entitled, k))
        whole = self.cells[key].entitled
        return replace(self, cells=self.cells | {key: _Cell(entitled=whole, low=0, high=whole)})


def total(groups: Sequence[Group], key: str = "total") -> Line:
    """Return the city's own line, exact: it says nothing of any group."""
    entitled = sum(group.entitled for group in groups)
    offered = entitled - sum(group.left for group in groups)
    walks = [metres for group in groups for metres in group.walks]
    return Line(key=key, entitled=entitled, offered=(offered, offered), walk=_walk(walks, offered))


def publish(groups: Sequence[Group]) -> tuple[Line, ...]:
    """Return what may be shown of each group of one table."""
    hidden = hide({group.key: group.entitled for group in groups})
    shown = {group.key: group for group in groups if group.key not in hidden}
    left = sum(group.left for group in groups)
    table = _Table(
        offered=sum(group.entitled for group in groups) - left,
        left=left,
        hidden=sum(group.entitled for group in groups if group.key in hidden),
        cells={key: _cell(group) for key, group in shown.items()},
    )
    while not table.is_safe() and not all(cell.wide for cell in table.cells.values()):
        table = table.widened()
    return tuple(
        _line(group, table.cells[group.key])
        if group.key in shown
        else Line(key=group.key, entitled=None)
        for group in groups
    )


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


def _cell(group: Group) -> _Cell:
    """Return the range of ten counts, from 0, in which those left lie; a short last one joins."""
    last = max((group.entitled + 1) // SMALLEST, 1) - 1
    step = min(group.left // SMALLEST, last)
    high = group.entitled if step == last else step * SMALLEST + SMALLEST - 1
    return _Cell(entitled=group.entitled, low=step * SMALLEST, high=high)


def _line(group: Group, cell: _Cell) -> Line:
    offered = (cell.entitled - cell.high, cell.entitled - cell.low)
    known = None if cell.wide and cell.entitled else offered
    # asked of what is shown, not of the count: else the walk would tell that ten were offered
    walk = _walk(group.walks, offered[0])
    return Line(key=group.key, entitled=group.entitled, offered=known, walk=walk)


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
