"""A small map of the home and of the places proposed: numbers that a template writes into SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

WIDTH, HEIGHT, EDGE = 360, 270, 34
APART = 30  # a marker and a little more: two that would lie on each other are moved aside
STEPS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)  # metres that a scale may show


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something on the ground, in metres of EPSG:3067."""

    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A numbered place on the drawing."""

    number: int
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole drawing; north is up, and `scale` is the length of `metres`."""

    home: tuple[float, float]
    markers: tuple[Marker, ...]
    scale: float
    metres: int
    width: int = WIDTH
    height: int = HEIGHT


def draw(*, home: Point, places: Sequence[tuple[str, Point]]) -> Drawing:
    """Return the drawing of a home and of named places, the first being the one proposed."""
    points = [home, *(point for _, point in places)]
    west, east = min(p.x for p in points), max(p.x for p in points)
    south, north = min(p.y for p in points), max(p.y for p in points)
    inner = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    per = max((east - west) / inner[0], (north - south) / inner[1], 1)
    left, top = (WIDTH - (east - west) / per) / 2, (HEIGHT - (north - south) / per) / 2
    drawn = [((p.x - west) / per + left, (north - p.y) / per + top) for p in points]
    spread = _spread(drawn)
    metres = max((step for step in STEPS if step / per <= WIDTH / 3), default=STEPS[0])
    return Drawing(
        home=spread[0],
        markers=tuple(
            Marker(number=number, x=x, y=y, words=words)
            for number, ((words, _), (x, y)) in enumerate(
                zip(places, spread[1:], strict=True), start=1
            )
        ),
        scale=round(metres / per, 1),
        metres=metres,
    )


def _spread(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Move markers that lie on each other aside, the home excepted, and keep all on the drawing."""
    placed = [list(point) for point in points]
    for _ in range(20):
        for one, other in combinations(range(len(placed)), 2):
            _part(placed[one], placed[other], moves=one > 0)
    return [
        (round(min(max(x, APART), WIDTH - APART), 1), round(min(max(y, APART), HEIGHT - APART), 1))
        for x, y in placed
    ]


def _part(one: list[float], other: list[float], *, moves: bool) -> None:
    across, down = other[0] - one[0], other[1] - one[1]
    length = (across**2 + down**2) ** 0.5
    if length >= APART:
        return
    if length == 0:
        across, length = 1, 1
    push = (APART - length) / (2 if moves else 1) / length
    other[0], other[1] = other[0] + across * push, other[1] + down * push
    if moves:
        one[0], one[1] = one[0] - across * push, one[1] - down * push
