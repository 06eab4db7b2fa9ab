"""A map of circles and squares, as numbers that a template writes into SVG; north is up."""

from collections.abc import Sequence
from dataclasses import dataclass

METRES = 40  # one unit of the drawing
EDGE = 16
UNIT = 5  # the side of a square


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Something on the ground: metres of EPSG:3067, its radius, its class, its words."""

    x: int
    y: int
    words: str
    radius: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A spot on the drawing."""

    x: float
    y: float
    words: str
    radius: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole drawing: its size, its circles from the largest to the smallest, its squares."""

    width: int
    height: int
    circles: tuple[Shape, ...]
    squares: tuple[Shape, ...]
    scale: float
    """The length of five kilometres."""

    @property
    def foot(self) -> int:
        """Where the scale lies."""
        return self.height - EDGE


def draw(*, areas: Sequence[Spot], units: Sequence[Spot]) -> Drawing:
    """Return the drawing of areas and of the units within the frame that the areas give."""
    west = min((a.x - a.radius for a in areas), default=0)
    east = max((a.x + a.radius for a in areas), default=0)
    south = min((a.y - a.radius for a in areas), default=0)
    north = max((a.y + a.radius for a in areas), default=0)
    inside = [u for u in units if west <= u.x <= east and south <= u.y <= north]
    return Drawing(
        width=round((east - west) / METRES) + 2 * EDGE,
        height=round((north - south) / METRES) + 2 * EDGE,
        circles=tuple(
            _shape(a, (west, north)) for a in sorted(areas, key=lambda a: (-a.radius, a.x, a.y))
        ),
        squares=tuple(_shape(u, (west, north), UNIT / 2) for u in inside),
        scale=5000 / METRES,
    )


def _shape(spot: Spot, corner: tuple[int, int], shift: float = 0) -> Shape:
    return Shape(
        x=round((spot.x - corner[0]) / METRES + EDGE - shift, 1),
        y=round((corner[1] - spot.y) / METRES + EDGE - shift, 1),
        words=spot.words,
        radius=round(spot.radius / METRES, 1),
        kind=spot.kind,
    )
