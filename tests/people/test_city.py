"""Cases for the drawn demo city: exact totals, whole families, rare cases that occur."""

from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any, Literal

import numpy as np
import pytest

from stadi.people import identity
from stadi.people.city import City, draw
from stadi.people.identity import MAN, WOMAN, identity_code, identity_codes
from stadi.people.labels import Labels
from stadi.people.paavo import AGE_BANDS, built_in
from stadi.people.sampling import share_out

TODAY = date(2027, 1, 15)
SEEDS = (1, 2, 20270115)
FIRST = 1000
Array = np.ndarray[Any, Any]
every_seed = pytest.mark.parametrize("seed", SEEDS)


@cache
def drawn(seed: int, residents: int = 6_000) -> City:
    return draw(areas=built_in(), residents=residents, seed=seed, today=TODAY)


def birth_years(of: City) -> Array:
    """Years of birth; 0 where the register has no birth date."""
    years = of.birth_date.astype("datetime64[Y]").astype(np.int64) + 1970
    return np.where(np.isnat(of.birth_date), 0, years)


def columns(of: Any) -> list[Array]:
    """Return every array of a city, those of its units, incomes and labels among them."""
    found: list[Array] = []
    for field in fields(of):
        value = getattr(of, field.name)
        if isinstance(value, np.ndarray):
            found.append(value)
        elif not isinstance(value, tuple):
            found.extend(columns(value))
    return found


def same(one: City, other: City) -> bool:
    pairs = zip(columns(one), columns(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "M") for a, b in pairs)


def test_the_same_seed_draws_the_same_city() -> None:
    again = draw(areas=built_in(), residents=6_000, seed=1, today=TODAY)
    assert same(drawn(1), again)
    assert not same(drawn(1), drawn(2))


@pytest.mark.parametrize("residents", [600, 1_001, 6_000, 20_000])
def test_exactly_the_asked_number_of_residents_is_drawn(residents: int) -> None:
    of = drawn(7, residents)
    names = [f.name for f in fields(City)]
    per_resident = [getattr(of, name) for name in names[: names.index("has_email") + 1]]
    assert {len(column) for column in per_resident} == {residents}
    assert of.subject.tolist() == list(range(FIRST, FIRST + residents))


def test_ids_start_where_asked() -> None:
    of = draw(areas=built_in(), residents=600, seed=1, today=TODAY, first_id=50_000)
    assert of.subject[0] == 50_000
    for ids in (of.starters, of.guardians.ravel(), of.placements[:, 0], of.objections):
        assert np.isin(ids, of.subject).all()


def test_a_city_too_small_for_starters_is_refused() -> None:
    with pytest.raises(ValueError, match="pre-primary starters"):
        draw(areas=built_in(), residents=20, seed=1, today=TODAY)
    with pytest.raises(ValueError, match="at least one resident"):
        draw(areas=built_in(), residents=0, seed=1, today=TODAY)
    with pytest.raises(ValueError, match="at least one resident"):
        draw(areas=(), residents=600, seed=1, today=TODAY)


@pytest.mark.parametrize("seed", range(40))
def test_small_cities_hold_together(seed: int) -> None:
    of = draw(areas=built_in(), residents=500, seed=seed, today=TODAY)
    starters = of.starters - FIRST
    child, guardian = (of.guardians - FIRST).T
    age = TODAY.year - 1 - birth_years(of)
    children = np.union1d(of.subject[(age < 18) & ~np.isnat(of.birth_date)], of.starters)
    assert len(np.setdiff1d(children, of.guardians[:, 0])) == 1
    apart = of.household[child] != of.household[guardian]
    assert set(np.bincount(child)[np.unique(child)].tolist()) <= {1, 2}
    assert np.isin(child[apart], child[~apart]).all()
    assert len(np.unique(of.guardians, axis=0)) == len(of.guardians)
    if len(starters) >= 3:
        assert set(of.care[starters].texts()) == {"municipal", "private", "home"}
    given = np.bincount(of.placements[:, 1], minlength=len(of.units.places))
    assert (given <= of.units.places).all()
    assert len(of.objections) == 1


@every_seed
def test_age_bands_are_exact_but_for_rounding(seed: int) -> None:
    of = drawn(seed)
    ages = TODAY.year - 1 - birth_years(of)[~np.isnat(of.birth_date)]
    published = np.sum([area.ages for area in built_in()], axis=0)
    for (low, high), people in zip(AGE_BANDS, published, strict=True):
        found = np.count_nonzero((ages >= low) & (ages <= high))
        assert abs(found - people * 6_000 / 652_681) <= 1 + np.count_nonzero(
            np.isnat(of.birth_date)
        )


def test_the_codes_of_a_whole_city_are_of_invented_people_only() -> None:
    of = drawn(3, 652_681)
    codes = of.identity_code[of.identity_code != b""]
    assert len(np.unique(codes)) == len(codes)
    assert {code[7:8] for code in codes.tolist()} == {b"9"}
    assert len(of.starters) == pytest.approx(24_143 / 4, abs=2)


@every_seed
def test_a_household_shares_home_area_language_and_name(seed: int) -> None:
    of = drawn(seed)
    first = np.unique(of.household, return_index=True)[1]
    assert np.unique(of.household).tolist() == list(range(len(first)))
    words = (of.language.code, of.family_name.code, of.tenure.code)
    for column in (of.area, of.home_x, of.home_y, of.safety_ban, *words):
        assert (column == column[first][of.household]).all()


@every_seed
def test_homes_lie_in_the_circle_of_their_area(seed: int) -> None:
    of = drawn(seed)
    x, y, radius = np.array([(a.x, a.y, a.radius) for a in built_in()])[of.area].T
    assert (np.hypot(of.home_x - x, of.home_y - y) <= radius).all()


@every_seed
def test_every_child_has_a_guardian_of_parent_age_but_the_chosen_starters(seed: int) -> None:
    of = drawn(seed)
    born = birth_years(of)
    known = born > 0
    children = np.union1d(of.subject[known & (born > TODAY.year - 1 - 18)], of.starters)
    without = np.setdiff1d(children, of.guardians[:, 0])
    assert len(without) == max(1, round(0.003 * len(of.starters)))
    assert np.isin(without, of.starters).all()
    child, guardian = (of.guardians - FIRST).T
    gap = (born[child] - born[guardian])[known[child] & known[guardian]]
    assert (gap > 0).all()
    assert np.mean((gap >= 20) & (gap <= 45)) > 0.99
    assert (TODAY.year - 1 - born[guardian] >= 18).all()
    assert len(np.unique(of.guardians, axis=0)) == len(of.guardians)


@every_seed
def test_guardians_are_one_or_two_and_some_live_elsewhere(seed: int) -> None:
    of = drawn(seed)
    child, guardian = (of.guardians - FIRST).T
    assert set(np.bincount(child)[np.unique(child)].tolist()) <= {1, 2}
    apart = of.household[child] != of.household[guardian]
    at_home = np.bincount(child[~apart], minlength=len(of.subject))
    assert (at_home[child[apart]] == 1).all()
    lone = np.count_nonzero(at_home == 1)
    assert 0.02 < np.count_nonzero(apart) / lone < 0.09
    families = np.unique(of.household[child])
    alone = np.unique(of.household[child[at_home[child] == 1]])
    assert 0.18 < len(alone) / len(families) < 0.34


@every_seed
def test_starters_turn_six_this_year(seed: int) -> None:
    of = drawn(seed)
    born = birth_years(of)
    named = of.subject[born == TODAY.year - 6]
    unknown = np.setdiff1d(of.starters, named)
    assert np.isin(named, of.starters).all()
    assert len(unknown) >= 1
    assert np.isnat(of.birth_date[unknown - FIRST]).all()


@every_seed
def test_the_rare_cases_occur(seed: int) -> None:
    of = drawn(seed)
    starters = of.starters - FIRST
    missing = np.isnat(of.birth_date)
    adults = of.age >= 18
    assert np.count_nonzero(missing[starters]) >= 1
    assert np.count_nonzero(missing & adults) >= 1
    assert np.count_nonzero(~of.lives_here[starters]) >= 2
    assert of.safety_ban[starters].any()
    assert set(of.care[starters].texts()) == {"municipal", "private", "home"}
    assert len(of.objections) >= 1
    assert np.isin(of.objections, of.starters).all()
    assert ((of.identity_code == b"") == missing).all()
    in_care = of.care[starters].are("municipal", "private")
    assert (of.support & of.support_known)[starters[in_care]].any()
    assert not of.support_known[starters[in_care]].all()
    assert not of.language_known.all()
    assert (of.tenure.code < 0).any()
    assert (of.incomes.missing >= 0).any()


@every_seed
def test_care_is_for_ages_one_to_six_and_units_for_care_outside_home(seed: int) -> None:
    of = drawn(seed)
    age = TODAY.year - 1 - birth_years(of)
    known = ~np.isnat(of.birth_date)
    assert ((of.care.code >= 0) == ((age >= 1) & (age <= 6)))[known].all()
    assert ((of.care_unit >= 0) == of.care.are("municipal", "private")).all()
    assert of.care_unit.max() < len(of.units.name)


@every_seed
def test_a_child_in_care_has_the_nearest_unit_of_their_language(seed: int) -> None:
    of = drawn(seed)
    inside = np.flatnonzero(of.care_unit >= 0)
    away = np.hypot(
        of.home_x[inside, None] - of.units.x[None, :].astype(float),
        of.home_y[inside, None] - of.units.y[None, :].astype(float),
    )
    swedish = of.language[inside].are("sv") & (of.units.language == "sv").any()
    fits = (of.units.language == "sv")[None, :] == swedish[:, None]
    nearest = np.where(fits, away, np.inf).min(axis=1)
    own = away[np.arange(len(inside)), of.care_unit[inside]]
    assert own == pytest.approx(nearest, abs=2.0)


@pytest.mark.parametrize("residents", [600, 6_000, 20_000])
def test_places_are_three_in_a_hundred_more_than_starters(residents: int) -> None:
    of = drawn(7, residents)
    assert of.units.places.sum() == -(-103 * len(of.starters) // 100)
    assert of.units.places.min() >= 1
    assert len(of.units.name) == len(set(of.units.name.tolist())) >= 3


@every_seed
def test_no_unit_gives_more_places_than_it_has(seed: int) -> None:
    of = drawn(seed)
    given = np.bincount(of.placements[:, 1], minlength=len(of.units.places))
    assert (given <= of.units.places).all()
    assert np.isin(of.placements[:, 0], of.starters).all()
    assert len(np.unique(of.placements[:, 0])) == len(of.placements)


def test_shares_come_out_near_what_is_published() -> None:
    of = drawn(5, 20_000)
    in_care = of.care[of.care.code >= 0]
    assert np.mean(in_care.are("municipal", "private")) == pytest.approx(0.835, abs=0.03)
    assert np.mean(in_care.are("private")) == pytest.approx(0.075, abs=0.03)
    inside = of.care.are("municipal", "private")
    assert np.mean(of.support[inside]) == pytest.approx(0.07, abs=0.03)
    assert np.mean(~of.support_known[inside]) == pytest.approx(0.01, abs=0.01)
    assert np.mean(~of.lives_here) == pytest.approx(0.005, abs=0.002)
    assert np.mean(~of.language_known) == pytest.approx(0.01, abs=0.003)
    assert np.mean(of.safety_ban) == pytest.approx(0.003, abs=0.003)
    assert np.mean(of.tenure.code < 0) == pytest.approx(0.007, abs=0.007)
    assert np.mean(of.units.support) == pytest.approx(0.15, abs=0.1)


def test_languages_add_up_to_the_citys_shares() -> None:
    of = drawn(5, 20_000)
    found = dict(zip(of.language.words, np.bincount(of.language.code).tolist(), strict=True))
    assert (found["fi"], found["sv"]) == (15_080, 1_100)
    assert len(found) == 18


def test_a_child_at_home_has_no_decision_on_support_and_the_register_knows_it() -> None:
    of = drawn(5, 20_000)
    at_home = of.care.are("home")
    assert at_home.any()
    assert not of.support[at_home].any()
    assert of.support_known[at_home].all()


@pytest.mark.parametrize("seed", range(10))
def test_small_cities_hold_every_special_case(seed: int) -> None:
    of = draw(areas=built_in(), residents=3_000, seed=seed, today=TODAY)
    assert of.safety_ban.any()
    assert np.isnat(of.birth_date).any()
    assert not of.lives_here.all()
    assert not of.language_known.all()
    assert len(of.placements) >= 1
    assert len(of.objections) >= 1
    child, guardian = (of.guardians - FIRST).T
    assert (of.household[child] != of.household[guardian]).any()
    in_care = of.care.are("municipal", "private")
    assert (of.support & of.support_known & in_care)[of.starters - FIRST].any()
    assert of.care[of.starters - FIRST].are("private").any()
    assert of.units.support.any()
    assert not of.units.support.all()
    assert set(of.tenure.texts()) == {"", "owned", "rented", "right_of_occupancy"}


def test_grown_children_live_with_parents_and_nobody_lives_in_an_empty_home() -> None:
    of = drawn(5, 20_000)
    size = np.bincount(of.household)
    youth = (of.age >= 18) & (of.age <= 19)
    eldest = np.zeros(len(size), dtype=np.int64)
    np.maximum.at(eldest, of.household, of.age)
    with_parents = youth & (eldest[of.household] >= of.age + 20)
    assert 0.4 < np.count_nonzero(with_parents) / np.count_nonzero(youth) < 0.9
    assert size.min() == 1


def test_words_are_held_as_small_numbers() -> None:
    labels = Labels.of(np.array([1, -1, 0]), ("owned", "rented"))
    assert labels.texts() == ["rented", "", "owned"]
    assert labels.are("owned").tolist() == [False, False, True]
    assert labels[np.array([0, 2])].texts() == ["rented", "owned"]
    assert labels.code.dtype == np.int16


def test_sharing_out_keeps_totals_and_whole_weights() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        weights = rng.integers(0, 50, size=30)
        start = int(rng.integers(weights.sum()))
        total = int(rng.integers(1, 3_000))
        shares = share_out(weights, total=total, start=start)
        assert shares.sum() == total
        assert (np.abs(shares - weights * total / weights.sum()) < 1).all()
        assert (share_out(weights, total=int(weights.sum()), start=start) == weights).all()


# The check character: the nine digits as one number, modulo 31.
@pytest.mark.parametrize(
    ("birth", "serial", "sex", "code"),
    [
        (date(1952, 10, 13), 901, 1, "131052-901X"),
        (date(2021, 6, 1), 900, 2, "010621A900X"),
        (date(1899, 12, 31), 999, 1, "311299+999E"),
    ],
)
def test_an_identity_code_has_separator_and_check_character(
    birth: date, serial: int, sex: Literal[1, 2], code: str
) -> None:
    assert identity_code(birth, serial, sex) == code


def test_the_check_character_is_that_of_the_published_example() -> None:
    # 131052-308T is the example the population register authority prints; its serial is not ours.
    assert identity._CHECK[131_052_308 % 31] == "T"


@pytest.mark.parametrize("serial", [0, 2, 898, 899, 1000])
def test_a_serial_that_may_be_a_living_persons_is_refused(serial: int) -> None:
    with pytest.raises(ValueError, match="may be a living person's"):
        identity_code(date(1990, 1, 1), serial, 2)


def test_a_serial_of_the_other_sex_and_a_year_without_separator_are_refused() -> None:
    with pytest.raises(ValueError, match="odd serials are men's"):
        identity_code(date(1990, 1, 1), 900, 1)
    with pytest.raises(ValueError, match="no separator"):
        identity_code(date(1790, 1, 1), 900, 2)


def test_codes_in_bulk_are_the_codes_one_by_one() -> None:
    of = drawn(2)
    known = np.flatnonzero(~np.isnat(of.birth_date))
    for row in known[:: len(known) // 200]:
        code = of.identity_code[row].decode()
        birth, sex = of.birth_date[row].item(), of.sex[row].item()
        assert code == identity_code(birth, int(code[7:10]), sex)


def test_a_day_holds_a_hundred_codes_and_then_they_repeat() -> None:
    born = np.full(102, np.datetime64("1990-05-17"))
    sex = np.tile(np.array([MAN, WOMAN], dtype=np.int8), 51)
    codes = identity_codes(born, sex)
    assert len(set(codes[:100].tolist())) == 100
    assert codes[100:].tolist() == codes[:2].tolist()
