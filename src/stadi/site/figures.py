"""The figures the demo city is drawn from: the built-in table, or an imported file's."""

from pathlib import Path

from stadi.kit.errors import StadiError
from stadi.people import paavo


class AreasError(StadiError):
    """The statistics file could not be used; nothing was changed."""


def areas(home: Path) -> tuple[paavo.Area, ...]:
    """Return the areas that were imported, else the built-in ones."""
    kept = home / "areas.csv"
    return paavo.from_table(kept.read_text("utf-8")) if kept.exists() else paavo.built_in()


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
