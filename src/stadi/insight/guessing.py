"""What a reader can work out of a table: they know every sum, and a range for each count."""

from collections.abc import Mapping, Sequence

Cell = tuple[int, int]  # a row and a column
Range = tuple[int, int]


class Reader:
    """Somebody who knows a table's sums by row and by column, and between what each count lies.

    Every table that fits what they know comes from the true one by moves that go round: one count
    up, another of its column down, and so on back to the first row. So the counts that a cell may
    have are without gaps, and pushing it as far as it goes finds the last.
    """

    def __init__(self, counts: Sequence[Sequence[int]], ranges: Mapping[Cell, Range]) -> None:
        self._now = [list(row) for row in counts]  # one table that fits; it wanders
        self._ranges = dict(ranges)

    def tell(self, cell: Cell, told: Range) -> None:
        """Tell the reader another range for a cell, as wide as the one before or wider."""
        self._ranges[cell] = told

    def choices(self, cell: Cell, enough: int) -> int:
        """Return how many counts a cell may have, as far as `enough`."""
        self._push(cell, 1, enough - 1)
        return self._push(cell, -1, enough - 1) + 1

    def most(self, cell: Cell, enough: int) -> int:
        """Return the greatest count that a cell may have, or one that is enough."""
        row, column = cell
        self._push(cell, 1, enough - self._now[row][column])
        return self._now[row][column]

    def _push(self, cell: Cell, sign: int, steps: int) -> int:
        """Move a cell up or down by as many steps as it goes; return how many those were."""
        gone = 0
        while gone < steps and (moves := self._moves(cell, sign)):
            step = min(steps - gone, *(self._room(*move) for move in moves))
            for row, column, way in moves:
                self._now[row][column] += way * step
            gone += step
        return gone

    def _room(self, row: int, column: int, sign: int) -> int:
        low, high = self._ranges[row, column]
        now = self._now[row][column]
        return high - now if sign > 0 else now - low

    def _moves(self, cell: Cell, sign: int) -> list[tuple[int, int, int]]:
        """Return the moves that let a cell go one step and leave every sum as it was."""
        row, column = cell
        if not self._room(row, column, sign):
            return []
        came: dict[int, Cell] = {}  # a column: through which row from which column
        rows, queue = set(range(len(self._now))) - {row}, [column]
        for here in queue:
            if here != column and self._room(row, here, -sign):
                return [(row, column, sign), (row, here, -sign), *_back(came, here, column, sign)]
            for other in [r for r in rows if self._room(r, here, -sign)]:
                rows.remove(other)
                for there in range(len(self._now[other])):
                    if there != column and there not in came and self._room(other, there, sign):
                        came[there] = other, here
                        queue.append(there)
        return []


def _back(
    came: Mapping[int, Cell], here: int, column: int, sign: int
) -> list[tuple[int, int, int]]:
    moves = []
    while here != column:
        row, before = came[here]
        moves += [(row, here, sign), (row, before, -sign)]
        here = before
    return moves
