"""The demo city: residents, households, guardians and units drawn from Paavo figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stadi.people.care import draw_care
from stadi.people.city_names import FAMILIES, MEN, WOMEN
from stadi.people.health import Health, draw_health
from stadi.people.homes import draw_languages, draw_tenures
from stadi.people.households import Households, form
from stadi.people.identity import MAN, WOMAN, Codes, Dates, identity_codes
from stadi.people.incomes import Incomes, draw_activities, draw_incomes
from stadi.people.labels import Bools, Ints, Labels
from stadi.people.leaving import Leavers, draw_leavers
from stadi.people.openings import Openings, draw_openings
from stadi.people.paavo import Area
from stadi.people.population import ADULT, People, draw_people, wanted_households
from stadi.people.preschools import Metres, Units, draw_units, nearest_unit, points
from stadi.people.sampling import rank_in
from stadi.people.tenancies import Tenancies, draw_tenancies

STARTING_AGE: Final = 6  # pre-primary education starts in the year a child turns six
NO_BIRTH_DATE: Final = 1 / 5_000
NO_MUNICIPALITY: Final = 0.005
NO_LANGUAGE: Final = 0.01
WITH_EMAIL: Final = 0.85  # of adults
SAFETY_BANS: Final = 0.003  # of households
NO_GUARDIAN: Final = 0.003  # of starters
PLACED: Final = 0.04  # of starters
OBJECTING: Final = 0.01  # of starters
_LEAST_STARTERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class City:
    """A drawn city; each array up to `has_email` has one entry per resident.

    `age` is that of 31 December of the year before, true also where the register lacks the birth
    date: there `birth_date` is NaT and `identity_code` is empty. `lives_here`, `language_known`
    and `support_known` are false where the register lacks the municipality, the language or
    whether support was decided on. `area` and `care_unit` are positions in the areas drawn from
    and in `units` (-1: no unit); homes are metres in EPSG:3067. `starters` are the subjects who
    turn six in the year drawn for. `guardians` has rows of (child, guardian) subjects,
    `placements` rows of (child subject, unit) for starters who already have a place, and
    `objections` the starters who object to the purpose preschool.placement.
    """

    subject: Ints
    area: NDArray[np.int16]
    household: NDArray[np.int32]
    age: NDArray[np.int8]
    birth_date: Dates
    sex: NDArray[np.int8]
    identity_code: Codes
    lives_here: Bools
    home_x: Metres
    home_y: Metres
    tenure: Labels
    language: Labels
    language_known: Bools
    safety_ban: Bools
    activity: Labels
    care: Labels
    care_unit: NDArray[np.int32]
    support: Bools
    support_known: Bools
    given_name: Labels
    family_name: Labels
    has_email: Bools
    incomes: Incomes
    starters: Ints
    guardians: Ints
    placements: Ints
    objections: Ints
    units: Units
    health: Health
    leavers: Leavers
    tenancies: Tenancies
    openings: Openings


def draw(
    *, areas: Sequence[Area], residents: int, seed: int, today: date, first_id: int = 1000
) -> City:
    """Draw exactly `residents` people of the areas; the same arguments give the same city.

    Ages in Paavo stand for 31 December of the year before `today`. Raises ValueError where the
    city is too small to hold two children who start pre-primary education.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    people = draw_people(areas=areas, residents=residents, rng=rng)
    starters = np.flatnonzero(people.age == STARTING_AGE - 1)
    if len(starters) < _LEAST_STARTERS:
        message = (
            f"{residents} residents hold {len(starters)} pre-primary starters; draw more residents"
        )
        raise ValueError(message)
    wanted = wanted_households(areas=areas, residents=residents, rng=rng)
    households = form(people=people, wanted=wanted, rng=rng)
    of = households.of
    activity = draw_activities(people=people, areas=areas, rng=rng)
    incomes = draw_incomes(people=people, activity=activity, areas=areas, rng=rng)
    home_x, home_y = _homes(areas=areas, people=people, household=of, rng=rng)
    language = draw_languages(household=of, rng=rng)
    units = draw_units(areas=areas, people=people, at=(home_x, home_y), starters=starters, rng=rng)
    care = draw_care(age=people.age, language=language, lot=rng.permutation(starters), rng=rng)
    outside = care.form.are("municipal", "private")
    nearest = np.full(residents, -1, dtype=np.int32)
    looked = outside.copy()
    looked[starters] = True
    nearest[looked] = nearest_unit(
        units, x=home_x[looked], y=home_y[looked], language=language[looked]
    )
    rare = _rare(people=people, households=households, starters=starters, rng=rng)
    born = _birth_dates(age=people.age, year=today.year, rng=rng)
    sex = np.where(people.woman, WOMAN, MAN).astype(np.int8)
    codes = identity_codes(born, sex)
    born[rare.unborn], codes[rare.unborn] = np.datetime64("NaT"), b""
    tenure = draw_tenures(people=people, household=of, incomes=incomes, areas=areas, rng=rng)
    # A chance of its own: what later services need leaves the rest of a seed's city as it was.
    more = np.random.Generator(np.random.PCG64([seed, 1]))
    health = draw_health(age=people.age, area=people.area, today=today, rng=more)
    leavers = draw_leavers(age=people.age, today=today, rng=more)
    return City(
        subject=np.arange(first_id, first_id + residents, dtype=np.int64),
        area=people.area.astype(np.int16),
        household=of.astype(np.int32),
        age=people.age.astype(np.int8),
        birth_date=born,
        sex=sex,
        identity_code=codes,
        lives_here=rare.lives_here,
        home_x=home_x,
        home_y=home_y,
        tenure=tenure,
        language=language,
        language_known=rng.random(residents) >= NO_LANGUAGE,
        safety_ban=rare.banned,
        activity=activity,
        care=care.form,
        care_unit=np.where(outside, nearest, -1).astype(np.int32),
        support=care.support,
        support_known=care.support_known,
        given_name=_given_names(people.woman, rng=rng),
        family_name=Labels.of(rng.integers(len(FAMILIES), size=int(of.max()) + 1)[of], FAMILIES),
        incomes=incomes,
        starters=starters + first_id,
        guardians=households.guardians[~np.isin(households.guardians[:, 0], rare.unguarded)]
        + first_id,
        placements=_placements(rare.placed, nearest=nearest, units=units, first_id=first_id),
        objections=np.sort(rare.objecting) + first_id,
        units=units,
        health=health,
        leavers=leavers,
        tenancies=draw_tenancies(age=people.age, household=of, tenure=tenure, rng=more),
        openings=draw_openings(
            areas=areas, people=people, health=health, leavers=leavers, today=today, rng=more
        ),
        has_email=(people.age >= ADULT) & (rng.random(residents) < WITH_EMAIL),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rare:
    """Who is an exception: rows of residents, and two arrays with one entry per resident."""

    unborn: Ints
    banned: Bools
    lives_here: Bools
    unguarded: Ints
    objecting: Ints
    placed: Ints


def _rare(
    *, people: People, households: Households, starters: Ints, rng: np.random.Generator
) -> _Rare:
    """Choose the exceptions; each takes other starters while there are enough."""
    household = households.of
    lot = _unguarded_from(rng.permutation(starters), start=4, households=households, rng=rng)
    banned = rng.random(int(household.max()) + 1) < SAFETY_BANS
    banned[household[_take(lot, 1, 1)]] = True
    lives_here = rng.random(len(people.age)) >= NO_MUNICIPALITY
    lives_here[_take(lot, 2, 2)] = False
    sizes = [max(1, round(len(lot) * share)) for share in (NO_GUARDIAN, OBJECTING, PLACED)]
    start = 4  # after the missing birth date, the ban and the two missing municipalities
    return _Rare(
        unborn=_no_birth_date(age=people.age, starter=_take(lot, 0, 1), rng=rng),
        banned=banned[household],
        lives_here=lives_here,
        unguarded=_take(lot, start, sizes[0]),
        objecting=_take(lot, start + sizes[0], sizes[1]),
        placed=_take(lot, start + sizes[0] + sizes[1], sizes[2]),
    )


def _unguarded_from(
    lot: Ints, *, start: int, households: Households, rng: np.random.Generator
) -> Ints:
    """Put starters who live with two guardians at `start`, where the unguarded are taken from.

    A one-parent family that lost its guardian would no longer count as one.
    """
    child, guardian = households.guardians.T
    home = households.of
    together = np.bincount(child[home[child] == home[guardian]], minlength=len(home)) > 1
    rest = lot[start:]
    chosen = rest[together[rest]][: max(1, round(len(lot) * NO_GUARDIAN))]
    others = rng.permutation(rest[~np.isin(rest, chosen)])
    return np.concatenate([lot[:start], chosen, others])


def _take(lot: Ints, start: int, count: int) -> Ints:
    return np.take(lot, np.arange(start, start + min(count, len(lot))), mode="wrap")


def _placements(placed: Ints, *, nearest: NDArray[np.int32], units: Units, first_id: int) -> Ints:
    """Return rows of (child subject, unit), never more than a unit has places."""
    rows = np.stack([placed + first_id, nearest[placed]], axis=1)
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    fits = rank_in(rows[:, 1], groups=len(units.places)) < units.places[rows[:, 1]]
    held: Ints = rows[fits]
    return held


def _given_names(woman: Bools, *, rng: np.random.Generator) -> Labels:
    names = (*WOMEN, *MEN)
    drawn = rng.integers(np.where(woman, len(WOMEN), len(MEN)))
    return Labels.of(np.where(woman, 0, len(WOMEN)) + drawn, names)


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
    x, y = points(areas=areas, area=area, rng=rng)
    return x[household], y[household]
