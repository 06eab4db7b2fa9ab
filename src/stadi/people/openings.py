"""What the demo city has to go to: nurses' half-days, events for babies, and opportunities."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stadi.people.health import Health
from stadi.people.labels import Ints, Labels
from stadi.people.leaving import Leavers
from stadi.people.paavo import Area
from stadi.people.population import People
from stadi.people.preschools import Metres, Texts, numbered, points
from stadi.people.sampling import share_out

Minutes: TypeAlias = NDArray[np.datetime64]
Spots: TypeAlias = tuple[Ints, Metres, Metres]

KINDS: Final = ("nurse_time", "culture_event", "opportunity")
FEWEST: Final = (2, 3, 12)  # units of each kind, in a small city
SWEDISH: Final = 0.07  # of units; our assumption
NURSE: Final = ("Hoitajan vastaanotto", "Vårdarmottagning")
SPARE_TIMES: Final = 120  # nurses' times per hundred patients whose measurement is due
HALF_DAY: Final = 8  # patients
TO_A_STATION: Final = 25_000  # residents; our assumption
HOLIDAYS: Final = ("2027-03-26", "2027-03-29")  # Easter: no station is open
EVENTS: Final = (
    ("Vauvakonsertti", "Babykonsert"),
    ("Värikylpy", "Färgbad"),
    ("Vauvateatteri", "Babyteater"),
    ("Lorutuokio", "Ramsstund"),
)
BABY: Final = 2  # years: younger children have events
SEATS: Final = 90  # per hundred babies, so that they are scarce
SEATS_AT_ONE: Final = (20, 60)
LEAVERS_TO_ONE: Final = 3  # young people who left school lately, to one opportunity
ROOM_IN_ONE: Final = (5, 20)
_HOUR: Final = np.timedelta64(60, "m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A sort of opportunity: its name in Finnish and Swedish, the hours of a week that it may
    take, and the day of the year it begins, "" where that is any day.
    """

    name: tuple[str, str]
    hours: tuple[int, int]
    begins: str = ""


SORTS: Final = (
    Sort(name=("Opiskelupaikka", "Studieplats"), hours=(28, 36), begins="03-01T09:00"),
    Sort(name=("Työpaja", "Verkstad"), hours=(12, 25)),
    Sort(name=("Harrastus", "Hobby"), hours=(2, 4)),
    Sort(name=("Kesätyö", "Sommarjobb"), hours=(30, 36), begins="06-07T09:00"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Openings:
    """Units of a few kinds; each array has one entry per unit, positions in metres (EPSG:3067).

    `starts` is a moment in the city's own time, NaT for none; `hours` are those of a week that it
    takes, 0 where there is nothing to say.
    """

    kind: Labels
    name: Texts
    area: Ints
    x: Metres
    y: Metres
    language: Texts
    starts: Minutes
    hours: Ints
    places: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Map:
    """Where units may stand, in which year, and the chance that decides."""

    areas: Sequence[Area]
    year: int
    rng: np.random.Generator

    def near(self, of: Ints, number: int) -> Spots:
        """Return the areas and points of units, shared out by the areas that people live in."""
        weights = np.bincount(of, minlength=len(self.areas))
        if not weights.any():  # in a city so small that it has nobody of the kind
            weights += 1
        start = int(self.rng.integers(weights.sum()))
        shares = share_out(weights, total=number, start=start)
        area = np.repeat(np.arange(len(self.areas)), shares)
        return area, *points(areas=self.areas, area=area, rng=self.rng)

    def units(self, kind: str, names: Sequence[tuple[str, str]], spots: Spots) -> Openings:
        """Return units that are there all the time, with one place each."""
        area, x, y = spots
        swedish = self.rng.random(len(area)) < SWEDISH
        words = [names[i % len(names)][second] for i, second in enumerate(swedish.tolist())]
        return Openings(
            kind=Labels.of(np.full(len(area), KINDS.index(kind)), KINDS),
            name=numbered(words, areas=self.areas, area=area),
            area=area,
            x=x,
            y=y,
            language=np.where(swedish, "sv", "fi"),
            starts=np.full(len(area), np.datetime64("NaT", "m")),
            hours=np.zeros(len(area), dtype=np.int64),
            places=np.ones(len(area), dtype=np.int64),
        )


def draw_openings(  # noqa: PLR0913 - for whom, where they live, and when
    *,
    areas: Sequence[Area],
    people: People,
    health: Health,
    leavers: Leavers,
    today: date,
    rng: np.random.Generator,
) -> Openings:
    """Draw units where those live whom they are for."""
    here = _Map(areas=areas, year=today.year, rng=rng)
    stations = here.near(people.area[health.row], max(1, round(len(people.age) / TO_A_STATION)))
    parts = (
        _nurse_times(here, stations, due=health.due(today)),
        _events(here, people.area[people.age < BABY]),
        _opportunities(here, people.area[leavers.lately(today)]),
    )
    names = [field.name for field in fields(Openings) if field.name != "kind"]
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    code = np.concatenate([part.kind.code for part in parts])
    return Openings(kind=Labels(code=code, words=KINDS), **whole)


def _nurse_times(here: _Map, stations: Spots, *, due: int) -> Openings:
    """Return half-days in February and March, spread over the stations and their days."""
    number = max(FEWEST[0], -(-SPARE_TIMES * due // (100 * HALF_DAY)))
    days = np.arange(np.datetime64(f"{here.year}-02-01"), np.datetime64(f"{here.year}-04-01"))
    days = days[np.is_busday(days, holidays=HOLIDAYS)].astype("datetime64[m]")
    slots = (days[:, None] + np.array([9, 13]) * _HOUR).ravel()
    turn, at = np.divmod(np.arange(number), len(stations[0]))
    slot = turn * len(slots) // (int(turn.max()) + 1) + 5 * at  # not all on the same mornings
    area, x, y = stations
    made = here.units("nurse_time", [NURSE], (area[at], x[at], y[at]))
    return replace(made, starts=slots[slot % len(slots)], places=np.full(number, HALF_DAY))


def _events(here: _Map, homes: Ints) -> Openings:
    """Return events from February to June, each in a morning or an afternoon."""
    seats = max(FEWEST[1], SEATS * len(homes) // 100)
    number = max(FEWEST[1], round(2 * seats / sum(SEATS_AT_ONE)))
    made = here.units("culture_event", EVENTS, here.near(homes, number))
    first, end = np.datetime64(f"{here.year}-02-01"), np.datetime64(f"{here.year}-07-01")
    days = here.rng.integers((end - first).astype(np.int64), size=number)
    hours = days * 24 + here.rng.choice(np.array([10, 14]), size=number)
    starts: Minutes = np.full(number, first, dtype="datetime64[m]") + hours * _HOUR
    room = here.rng.integers(SEATS_AT_ONE[0], SEATS_AT_ONE[1] + 1, size=number)
    return replace(made, starts=starts, places=share_out(room, total=seats))


def _opportunities(here: _Map, homes: Ints) -> Openings:
    """Return every sort in turn."""
    number = max(FEWEST[2], round(len(homes) / LEAVERS_TO_ONE))
    made = here.units("opportunity", [sort.name for sort in SORTS], here.near(homes, number))
    sort = np.arange(number) % len(SORTS)
    least, most = np.array([sort.hours for sort in SORTS]).T
    days = [f"{here.year}-{sort.begins}" if sort.begins else "NaT" for sort in SORTS]
    return replace(
        made,
        starts=np.array(days, dtype="datetime64[m]")[sort],
        hours=here.rng.integers(least[sort], most[sort] + 1),
        places=here.rng.integers(ROOM_IN_ONE[0], ROOM_IN_ONE[1] + 1, size=number),
    )
