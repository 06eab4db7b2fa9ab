"""What makes a city this city: read from city.toml, never written in code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city's name, number, time zone, languages and factors."""

    name: str
    municipality: str
    time_zone: str
    languages: tuple[str, ...]
    walking_factor: float
    lot_seed: str
