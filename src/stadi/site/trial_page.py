"""A trial as a page of its own: the words of the command, and the areas on a map."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from stadi.insight.map import Drawing, Spot, draw
from stadi.insight.words import PEOPLE, PEOPLE_KINDS
from stadi.kit.errors import StadiError
from stadi.people import paavo


class PageError(StadiError):
    """The page cannot be written where it should; the trial itself stands."""


def write(
    lines: Sequence[str], areas: Sequence[dict[str, Any]], words: Mapping[str, str], out: Path
) -> None:
    """Write a trial as HTML that needs nothing beside itself; `words` are those of each area."""
    head, *lines = lines
    context = {
        "head": head,
        "lines": lines,
        "map": _map(areas, words),
        "kinds": [("kind-0", "hidden"), *((f"kind-{i}", w) for i, w in enumerate(PEOPLE_KINDS, 1))],
        "source": paavo.SOURCE,
    }
    try:
        out.write_text(render_to_string("trial.html", context), "utf-8")
    except OSError as error:
        message = f"{out}: the page cannot be written: {error.strerror}"
        raise PageError(message) from error


def _map(areas: Sequence[dict[str, Any]], words: Mapping[str, str]) -> Drawing:
    """Return the areas that have a place on the map, shaded by how many are entitled."""
    places = {area.code: area for area in paavo.built_in()}
    spots = [
        Spot(
            x=places[area["area"]].x,
            y=places[area["area"]].y,
            radius=places[area["area"]].radius,
            kind=_kind(area.get("yes") or area.get("before")),
            words=words[area["area"]],
        )
        for area in areas
        if area["area"] in places
    ]
    return draw(areas=spots, units=())


def _kind(count: int | tuple[int, int] | None) -> str:
    """Return how dark an area is; a range counts by its least."""
    if count is None:
        return "kind-0"
    least = count if isinstance(count, int) else count[0]
    return f"kind-{1 + sum(least >= bound for bound in PEOPLE)}"
