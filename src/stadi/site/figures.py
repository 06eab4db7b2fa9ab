"""The figures the demo city is drawn from: the built-in table, or an imported file's."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stadi.kit.errors import StadiError
from stadi.people import paavo
from stadi.people.city import City, draw
from stadi.site.personas import PERSONAS

START = datetime(2027, 1, 15, 7, 0, tzinfo=UTC)  # 9.00 in Helsinki
FIRST_ID = 1000
WHOLE_CITY = sum(area.inhabitants for area in paavo.built_in())  # 652,681 in the built-in areas


class AreasError(StadiError):
    """The statistics file could not be used; nothing was changed."""


def areas(home: Path) -> tuple[paavo.Area, ...]:
    """Return the areas that were imported, else the built-in ones."""
    kept = home / "areas.csv"
    if not kept.exists():
        return paavo.built_in()
    try:
        return paavo.from_table(kept.read_text("utf-8"))
    except paavo.PaavoError as error:
        raise AreasError(str(error)) from error


def take_areas(file: Path, home: Path) -> None:
    """Read a Paavo file whole and keep its figures for the demo city, or change nothing."""
    try:
        found = paavo.read(file)
    except (paavo.PaavoError, OSError) as error:
        raise AreasError(str(error)) from error
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / "areas.csv.new"
    fresh.write_text(paavo.table(found), "utf-8")
    fresh.replace(home / "areas.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A city on paper: nothing is stored yet."""

    city: City
    areas: tuple[paavo.Area, ...]
    seed: int
    seconds: float


def draw_city(*, residents: int, seed: int, areas: tuple[paavo.Area, ...]) -> Drawn:
    """Draw a demo city of this many residents, its personas among them, or say why it cannot be."""
    begun = time.perf_counter()
    if residents <= len(PERSONAS):
        message = f"a demo city needs more than {len(PERSONAS)} residents: so many are its personas"
        raise AreasError(message)
    try:
        city = draw(
            areas=areas,
            residents=residents - len(PERSONAS),
            seed=seed,
            today=START.date(),
            first_id=FIRST_ID,
        )
    except ValueError as error:
        raise AreasError(str(error)) from error
    return Drawn(city=city, areas=areas, seed=seed, seconds=time.perf_counter() - begun)
