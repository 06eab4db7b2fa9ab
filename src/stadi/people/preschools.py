"""Invented pre-primary units of the demo city: where they stand, for whom, and who is nearest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stadi.people.labels import Bools, Ints, Labels
from stadi.people.paavo import AGE_BANDS, Area
from stadi.people.population import People
from stadi.people.sampling import share_out

Metres: TypeAlias = NDArray[np.int32]
Texts: TypeAlias = NDArray[np.str_]

SPARE_PLACES: Final = 103  # places per hundred starters
STARTERS_PER_UNIT: Final = 22
SWEDISH_UNITS: Final = 0.07
SUPPORTING_UNITS: Final = 0.15  # share of units with support for children; our assumption


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Invented pre-primary units; each array has one entry per unit, positions in metres
    (EPSG:3067). `support` tells whether the unit has staff for children who need support.
    """

    name: Texts
    area: Ints
    x: Metres
    y: Metres
    language: Texts
    support: Bools
    places: Ints


def points(*, areas: Sequence[Area], area: Ints, rng: np.random.Generator) -> tuple[Metres, Metres]:
    """Draw a point per entry, evenly over the circle of its area."""
    away = np.array([each.radius for each in areas])[area] * np.sqrt(rng.random(len(area)))
    turn = rng.random(len(area)) * 2 * np.pi
    x = np.array([each.x for each in areas])[area] + np.trunc(away * np.cos(turn))
    y = np.array([each.y for each in areas])[area] + np.trunc(away * np.sin(turn))
    return x.astype(np.int32), y.astype(np.int32)


def draw_units(
    *,
    areas: Sequence[Area],
    people: People,
    at: tuple[Metres, Metres],
    starters: Ints,
    rng: np.random.Generator,
) -> Units:
    """Place units where small children live, with places where starters live."""
    number = max(3, round(len(starters) / STARTERS_PER_UNIT))
    low, high = AGE_BANDS[1]
    children = np.bincount(
        people.area[(people.age >= low) & (people.age <= high)], minlength=len(areas)
    )
    start = int(rng.integers(children.sum()))
    area = np.repeat(np.arange(len(areas)), share_out(children, total=number, start=start))
    x, y = points(areas=areas, area=area, rng=rng)
    language = np.full(number, "fi")
    language[rng.choice(number, size=round(number * SWEDISH_UNITS), replace=False)] = "sv"
    support = np.zeros(number, dtype=np.bool_)
    some = max(1, round(number * SUPPORTING_UNITS))
    support[rng.choice(number, size=some, replace=False)] = True
    words = ["Förskola" if spoken == "sv" else "Esiopetus" for spoken in language]
    units = Units(
        name=numbered(words, areas=areas, area=area),
        area=area,
        x=x,
        y=y,
        language=language,
        support=support,
        places=np.ones(number, dtype=np.int64),
    )
    near = _nearest(units, x=at[0][starters], y=at[1][starters], among=np.arange(number))
    demand = np.bincount(near, minlength=number) * rng.integers(80, 121, size=number)
    total = -(-SPARE_PLACES * len(starters) // 100)
    units.places[:] += share_out(demand, total=total - number)
    return units


def numbered(words: Sequence[str], *, areas: Sequence[Area], area: Ints) -> Texts:
    """Return invented names: what a unit is, the name of its area, and a number."""
    # Numbered by name, not by area: two areas are called Kalasatama and two Punavuori.
    seen: dict[str, int] = {}
    names = []
    for word, place in zip(words, area, strict=True):
        short = areas[place].name.split(" - ")[0]
        seen[short] = seen.get(short, 0) + 1
        names.append(f"{word} {short} {seen[short]}")
    return np.array(names)


def nearest_unit(units: Units, *, x: Metres, y: Metres, language: Labels) -> Ints:
    """Return the nearest unit that teaches in Swedish for those who speak it, in Finnish for all
    others; any unit where none teaches in that language.
    """
    swedish = language.are("sv")
    found = np.zeros(len(x), dtype=np.int64)
    for spoken, rows in (("sv", np.flatnonzero(swedish)), ("fi", np.flatnonzero(~swedish))):
        teaching = np.flatnonzero(units.language == spoken)
        among = teaching if len(teaching) else np.arange(len(units.places))
        found[rows] = _nearest(units, x=x[rows], y=y[rows], among=among)
    return found


def _nearest(units: Units, *, x: Metres, y: Metres, among: Ints) -> Ints:
    found = np.zeros(len(x), dtype=np.int64)
    for part in np.array_split(np.arange(len(x)), len(x) // 4_096 + 1):
        east = x[part, None].astype(np.float32) - units.x[among].astype(np.float32)
        north = y[part, None].astype(np.float32) - units.y[among].astype(np.float32)
        found[part] = among[np.argmin(east * east + north * north, axis=1)]
    return found
