"""What a unit is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A unit with its point in EPSG:3067 metres; `support`: it gives special support.

    What takes place at one moment `starts` then; what takes up a part of the week says how many
    `hours` of it.
    """

    id: int
    kind: str
    name: str
    area: str
    language: str
    x: int
    y: int
    support: bool = False
    starts: datetime | None = None
    hours: int | None = None
