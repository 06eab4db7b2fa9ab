"""The demo city: residents, households, guardians and units drawn from Paavo figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stadi.people.city_names import FAMILIES, LANGUAGES, MEN, WOMEN
from stadi.people.households import ADULT, Bools, Ints, People, Wanted, form, rank_in
from stadi.people.identity import MAN, WOMAN, Dates, Texts, identity_codes
from stadi.people.paavo import AGE_BANDS, Area

Metres: TypeAlias = NDArray[np.int32]

STARTING_AGE: Final = 6  # pre-primary education starts in the year a child turns six
CARE: Final = {
    "municipal": 0.80,
    "private": 0.08,
    "home": 0.12,
}  # ages 1-6; after the city's 83.5 % in 2023
CARE_AGES: Final = (1, 6)
SPARE_PLACES: Final = 103  # places per hundred starters
STARTERS_PER_UNIT: Final = 22
SWEDISH_UNITS: Final = 0.07
NO_BIRTH_DATE: Final = 1 / 5_000
NO_MUNICIPALITY: Final = 0.005
SAFETY_BANS: Final = 0.003  # of households
NO_GUARDIAN: Final = 0.003  # of starters
PLACED: Final = 0.04  # of starters
OBJECTING: Final = 0.01  # of starters
_LEAST_STARTERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """Invented pre-primary units; each array has one entry per unit, positions in metres
    (EPSG:3067).
    """

    name: Texts
    area: Ints
    x: Metres
    y: Metres
    language: Texts
    places: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class City:
    """A drawn city; each array up to `family_name` has one entry per resident.

    `birth_date` is NaT and `identity_code` is empty where the register lacks them; `lives_here` is
    false where it lacks the municipality; `area` and `care_unit` are positions in the areas drawn
    from and in `units` (-1: no unit); homes are metres in EPSG:3067. `starters` are the subjects
    who turn six in the year drawn for, among them those whose birth date is missing. `guardians`
    has rows of (child, guardian) subjects, `placements` rows of (child subject, unit) for starters
    who already have a place, and `objections` the starters who object to the purpose
    preschool.placement.
    """

    subject: Ints
    area: Ints
    household: Ints
    birth_date: Dates
    sex: NDArray[np.int8]
    identity_code: Texts
    lives_here: Bools
    home_x: Metres
    home_y: Metres
    language: Texts
    safety_ban: Bools
    care: Texts
    care_unit: Ints
    given_name: Texts
    family_name: Texts
    starters: Ints
    guardians: Ints
    placements: Ints
    objections: Ints
    units: Units


def draw(
    *, areas: Sequence[Area], residents: int, seed: int, today: date, first_id: int = 1000
) -> City:
    """Draw exactly `residents` people of the areas; the same arguments give the same city.

    Ages in Paavo stand for 31 December of the year before `today`. Raises ValueError where the
    city is too small to hold two children who start pre-primary education.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    people = _people(areas=areas, residents=residents, rng=rng)
    starters = np.flatnonzero(people.age == STARTING_AGE - 1)
    if len(starters) < _LEAST_STARTERS:
        message = (
            f"{residents} residents hold {len(starters)} pre-primary starters; draw more residents"
        )
        raise ValueError(message)
    lot = rng.permutation(starters)  # each special case takes other starters while there are enough
    wanted = _wanted(areas=areas, residents=residents, rng=rng)
    households = form(people=people, wanted=wanted, rng=rng)
    of = households.of
    number = int(of.max()) + 1

    home_x, home_y = _homes(areas=areas, people=people, household=of, rng=rng)
    language = rng.choice(list(LANGUAGES), size=number, p=list(LANGUAGES.values()))[of]
    born = _birth_dates(age=people.age, year=today.year, rng=rng)
    sex = np.where(people.woman, WOMAN, MAN).astype(np.int8)
    codes = identity_codes(born, sex)
    unborn = _no_birth_date(age=people.age, starter=_take(lot, 0, 1), rng=rng)
    born[unborn], codes[unborn] = np.datetime64("NaT"), ""
    banned = rng.random(number) < SAFETY_BANS
    banned[of[_take(lot, 1, 1)]] = True
    lives_here = rng.random(residents) >= NO_MUNICIPALITY
    lives_here[_take(lot, 2, 2)] = False

    units = _units(areas=areas, people=people, at=(home_x, home_y), starters=starters, rng=rng)
    care = _care(age=people.age, starters=starters, rng=rng)
    nearest = np.full(residents, -1, dtype=np.int64)
    looked = np.union1d(np.flatnonzero((care != "") & (care != "home")), starters)
    nearest[looked] = _nearest(units, x=home_x[looked], y=home_y[looked], language=language[looked])

    unguarded = _take(lot, 4, max(1, round(len(starters) * NO_GUARDIAN)))
    objecting = _take(lot, 4 + len(unguarded), max(1, round(len(starters) * OBJECTING)))
    placed = _take(lot, 4 + len(unguarded) + len(objecting), max(1, round(len(starters) * PLACED)))
    placements = np.stack([placed + first_id, nearest[placed]], axis=1)
    placements = placements[np.argsort(placements[:, 1], kind="stable")]
    fits = rank_in(placements[:, 1], groups=len(units.places)) < units.places[placements[:, 1]]
    given = np.where(
        people.woman,
        np.array(WOMEN)[_any(residents, WOMEN, rng)],
        np.array(MEN)[_any(residents, MEN, rng)],
    )
    return City(
        subject=np.arange(first_id, first_id + residents, dtype=np.int64),
        area=people.area,
        household=of,
        birth_date=born,
        sex=sex,
        identity_code=codes,
        lives_here=lives_here,
        home_x=home_x,
        home_y=home_y,
        language=language,
        safety_ban=banned[of],
        care=care,
        care_unit=np.where((care != "") & (care != "home"), nearest, -1),
        given_name=given,
        family_name=np.array(FAMILIES)[_any(number, FAMILIES, rng)][of],
        starters=starters + first_id,
        guardians=households.guardians[~np.isin(households.guardians[:, 0], unguarded)] + first_id,
        placements=placements[fits],
        objections=np.sort(objecting) + first_id,
        units=units,
    )


def share_out(weights: Ints, *, total: int, start: int = 0) -> Ints:
    """Round weights to whole numbers of the given total by systematic sampling.

    `start`, from 0 to below the sum of the weights, moves where the rounding falls; arithmetic
    is whole, so weights that already add up to `total` come back unchanged.
    """
    whole = int(weights.sum())
    edges = (np.cumsum(weights, dtype=np.int64) * total + start) // max(whole, 1)
    return np.diff(edges, prepend=np.int64(0))


def _any(size: int, names: Sequence[str], rng: np.random.Generator) -> Ints:
    return rng.integers(len(names), size=size)


def _take(lot: Ints, start: int, count: int) -> Ints:
    return np.take(lot, np.arange(start, start + min(count, len(lot))), mode="wrap")


def _people(*, areas: Sequence[Area], residents: int, rng: np.random.Generator) -> People:
    ages = np.array(
        [area.ages for area in areas], dtype=np.int64
    ).T  # bands first: their totals stay exact
    if residents < 1 or not ages.sum():
        message = "a city needs at least one resident and areas with inhabitants"
        raise ValueError(message)
    cells = share_out(ages.ravel(), total=residents, start=int(rng.integers(ages.sum()))).reshape(
        ages.shape
    )
    _move_children(cells, areas=areas)
    area = np.concatenate([np.repeat(np.arange(len(areas)), row) for row in cells])
    age = np.concatenate(
        [
            low + (np.arange(row.sum()) + rng.integers(high - low + 1)) % (high - low + 1)
            for (low, high), row in zip(AGE_BANDS, cells, strict=True)
        ]
    )
    size = np.bincount(area, minlength=len(areas))
    women = np.array([area.women for area in areas])
    both = np.maximum(women + np.array([area.men for area in areas]), 1)
    order = np.lexsort((rng.random(residents), area))
    woman = np.empty(residents, dtype=np.bool_)
    woman[order] = (
        rank_in(area[order], groups=len(areas)) < np.rint(size * women / both)[area[order]]
    )
    return People(area=area, age=age, woman=woman)


def _move_children(cells: Ints, *, areas: Sequence[Area]) -> None:
    """Move children of areas without an adult to the nearest area with one; only tiny cities have
    such.
    """
    minors = [band for band, (low, _) in enumerate(AGE_BANDS) if low < ADULT]
    adults = cells.sum(axis=0) - cells[minors].sum(axis=0)
    with_adults = np.flatnonzero(adults)
    if not len(with_adults):
        message = "a city needs at least one adult"
        raise ValueError(message)
    x, y = np.array([area.x for area in areas]), np.array([area.y for area in areas])
    for empty in np.flatnonzero((adults == 0) & (cells.sum(axis=0) > 0)):
        near = with_adults[
            np.argmin(np.hypot(x[with_adults] - x[empty], y[with_adults] - y[empty]))
        ]
        cells[:, near] += cells[:, empty]
        cells[:, empty] = 0


def _wanted(*, areas: Sequence[Area], residents: int, rng: np.random.Generator) -> Wanted:
    inhabitants = sum(area.inhabitants for area in areas)
    start = int(rng.integers(inhabitants))

    def scaled(figures: Sequence[int]) -> Ints:
        edges = (np.cumsum(np.array(figures, dtype=np.int64)) * residents + start) // inhabitants
        return np.diff(edges, prepend=np.int64(0))

    with_children = np.array([area.with_children for area in areas])
    return Wanted(
        households=scaled([area.households for area in areas]),
        one_person=scaled([area.one_person for area in areas]),
        with_children=scaled([area.with_children for area in areas]),
        under_school_age=scaled([area.under_school_age for area in areas]),
        one_parent_share=np.array([area.one_parent for area in areas])
        / np.maximum(with_children, 1),
    )


def _birth_dates(*, age: Ints, year: int, rng: np.random.Generator) -> Dates:
    first = np.array(year - 1 - age - 1970).astype("datetime64[Y]")
    start = first.astype("datetime64[D]")
    length = ((first + 1).astype("datetime64[D]") - start).astype(np.int64)
    days = np.floor(rng.random(len(age)) * length).astype("timedelta64[D]")
    born: Dates = start + days
    return born


def _no_birth_date(*, age: Ints, starter: Ints, rng: np.random.Generator) -> Ints:
    adult = rng.choice(np.flatnonzero(age >= ADULT), size=1)
    others = rng.integers(len(age), size=max(0, round(len(age) * NO_BIRTH_DATE) - 2))
    return np.unique(np.concatenate([starter, adult, others]))


def _homes(
    *, areas: Sequence[Area], people: People, household: Ints, rng: np.random.Generator
) -> tuple[Metres, Metres]:
    area = np.zeros(int(household.max()) + 1, dtype=np.int64)
    area[household] = people.area
    x, y = _points(areas=areas, area=area, rng=rng)
    return x[household], y[household]


def _points(
    *, areas: Sequence[Area], area: Ints, rng: np.random.Generator
) -> tuple[Metres, Metres]:
    """Draw a point per entry, evenly over the circle of its area."""
    away = np.array([each.radius for each in areas])[area] * np.sqrt(rng.random(len(area)))
    turn = rng.random(len(area)) * 2 * np.pi
    x = np.array([each.x for each in areas])[area] + np.trunc(away * np.cos(turn))
    y = np.array([each.y for each in areas])[area] + np.trunc(away * np.sin(turn))
    return x.astype(np.int32), y.astype(np.int32)


def _care(*, age: Ints, starters: Ints, rng: np.random.Generator) -> Texts:
    care = np.full(len(age), "", dtype="<U9")
    at_age = np.flatnonzero((age >= CARE_AGES[0]) & (age <= CARE_AGES[1]))
    care[at_age] = rng.choice(list(CARE), size=len(at_age), p=list(CARE.values()))
    # Equal steps through the shares: each kind occurs among the starters of a small city too.
    steps = (np.arange(len(starters)) + 0.5) / len(starters)
    kind = np.searchsorted(np.cumsum(list(CARE.values()))[:-1], steps)
    if len(starters) >= len(CARE):
        kind[: len(CARE)] = range(len(CARE))
    care[starters] = np.array(list(CARE))[rng.permutation(kind)]
    return care


def _units(
    *,
    areas: Sequence[Area],
    people: People,
    at: tuple[Metres, Metres],
    starters: Ints,
    rng: np.random.Generator,
) -> Units:
    number = max(3, round(len(starters) / STARTERS_PER_UNIT))
    low, high = AGE_BANDS[1]
    children = np.bincount(
        people.area[(people.age >= low) & (people.age <= high)], minlength=len(areas)
    )
    area = np.repeat(
        np.arange(len(areas)),
        share_out(children, total=number, start=int(rng.integers(children.sum()))),
    )
    x, y = _points(areas=areas, area=area, rng=rng)
    language = np.full(number, "fi")
    language[rng.choice(number, size=round(number * SWEDISH_UNITS), replace=False)] = "sv"
    units = Units(
        name=_unit_names(areas=areas, area=area, language=language),
        area=area,
        x=x,
        y=y,
        language=language,
        places=np.ones(number, dtype=np.int64),
    )
    near = _nearest(
        units, x=at[0][starters], y=at[1][starters], language=np.full(len(starters), "")
    )
    demand = np.bincount(near, minlength=number) * rng.integers(80, 121, size=number)
    total = -(-SPARE_PLACES * len(starters) // 100)
    units.places[:] += share_out(demand, total=total - number)
    return units


def _unit_names(*, areas: Sequence[Area], area: Ints, language: Texts) -> Texts:
    # Numbered by name, not by area: two areas are called Kalasatama and two Punavuori.
    seen: dict[str, int] = {}
    names = []
    for place, spoken in zip(area, language, strict=True):
        short = areas[place].name.split(" - ")[0]
        seen[short] = seen.get(short, 0) + 1
        names.append(f"{'Förskola' if spoken == 'sv' else 'Esiopetus'} {short} {seen[short]}")
    return np.array(names)


def _nearest(units: Units, *, x: Metres, y: Metres, language: Texts) -> Ints:
    """Return the nearest unit that teaches in Swedish for "sv", in Finnish for others, any for
    "".
    """
    found = np.zeros(len(x), dtype=np.int64)
    for spoken, asking in (
        ("sv", language == "sv"),
        ("fi", (language != "sv") & (language != "")),
        ("", language == ""),
    ):
        teaching = np.flatnonzero(units.language == spoken)
        choice = teaching if len(teaching) else np.arange(len(units.places))
        rows = np.flatnonzero(asking)
        for part in np.array_split(rows, len(rows) // 4_096 + 1):
            east = x[part, None].astype(np.float32) - units.x[choice].astype(np.float32)
            north = y[part, None].astype(np.float32) - units.y[choice].astype(np.float32)
            found[part] = choice[np.argmin(east * east + north * north, axis=1)]
    return found
