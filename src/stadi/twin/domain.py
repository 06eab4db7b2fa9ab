"""What a unit is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A unit with its point in EPSG:3067 metres; `support`: it gives special support."""

    id: int
    kind: str
    name: str
    area: str
    language: str
    x: int
    y: int
    support: bool = False
