"""What makes a city this city: read from city.toml, never written in code."""

from dataclasses import dataclass

from stadi.kit.errors import StadiError


class CityError(StadiError):
    """city.toml says what no city can be; the sentence names the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city's name, number, time zone, languages, school term, factors and manners.

    `term_starts` and `term_ends` are (month, day); the end is the day after the last.
    `quiet_from` and `quiet_until` are hours of the city's clock between which it writes to nobody
    outside the inbox; `contacts_a_month` is how often it may do so to one person unasked;
    `application_url` is where one applies in the ordinary way, "" where that is no web page.
    """

    name: str
    municipality: str
    time_zone: str
    languages: tuple[str, ...]
    term_starts: tuple[int, int]
    term_ends: tuple[int, int]
    walking_factor: float
    lot_seed: str
    quiet_from: int = 20
    quiet_until: int = 8
    contacts_a_month: int = 4
    application_url: str = ""

    def __post_init__(self) -> None:
        for key in ("quiet_from", "quiet_until"):
            if getattr(self, key) not in range(24):
                raise CityError(f"city.toml: {key} is no hour from 0 to 23")
        if self.contacts_a_month < 1:
            raise CityError("city.toml: contacts_a_month is less than one: nobody could be told")
