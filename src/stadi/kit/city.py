"""What makes a city this city: read from city.toml, never written in code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city's name, number, time zone, languages, school term and factors.

    `term_starts` and `term_ends` are (month, day); the end is the day after the last.
    """

    name: str
    municipality: str
    time_zone: str
    languages: tuple[str, ...]
    term_starts: tuple[int, int]
    term_ends: tuple[int, int]
    walking_factor: float
    lot_seed: str
