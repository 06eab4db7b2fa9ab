"""Places are assigned as well as they can be, and held all or none."""

from collections import Counter
from datetime import UTC, datetime
from itertools import product
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import AssignmentError, Placed, Seeker, Vacancy, assign, lot
from stadi.fulfil.models import Capacity, Claim
from stadi.kit.actor import SYSTEM

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
KEEP = 400
POINTS = st.integers(0, 6).map(lambda n: n * 250)


@st.composite
def instances(draw: st.DrawFn) -> tuple[list[Seeker], list[Vacancy]]:
    units = [
        Vacancy(id=100 + i, x=draw(POINTS), y=draw(POINTS), places=draw(st.integers(0, 2)))
        for i in range(draw(st.integers(0, 3)))
    ]
    here = st.none() | st.sampled_from([u.id for u in units]) if units else st.none()
    children = [
        Seeker(id=i, x=draw(POINTS), y=draw(POINTS), unit=draw(here))
        for i in range(draw(st.integers(0, 5)))
    ]
    return children, units


def cost(child: Seeker, unit: Vacancy) -> int:
    walk = round(float(((child.x - unit.x) ** 2 + (child.y - unit.y) ** 2) ** 0.5) * 1.3)
    return walk - KEEP * (child.unit == unit.id)


def best(children: list[Seeker], units: list[Vacancy]) -> tuple[int, int]:
    """Return by trying everything: the fewest left without a place, then the least cost."""
    tried = []
    for choice in product([None, *units], repeat=len(children)):
        taken = Counter(u.id for u in choice if u)
        if all(taken[u.id] <= u.places for u in units):
            walks = sum(cost(c, u) for c, u in zip(children, choice, strict=True) if u)
            tried.append((choice.count(None), walks))
    return min(tried)


def place(children: list[Seeker], units: list[Vacancy], seed: str = "lot") -> dict[int, Placed]:
    return assign(seekers=children, vacancies=units, factor=1.3, seed=seed, keep_unit_metres=KEEP)


@settings(max_examples=120, deadline=None, database=None)
@given(instance=instances())
def test_inv_23_the_assignment_is_the_best_there_is_and_no_unit_is_overfull(
    instance: tuple[list[Seeker], list[Vacancy]],
) -> None:
    children, units = instance
    found = place(children, units)
    of = {u.id: u for u in units}
    taken = Counter(p.unit for p in found.values())
    assert all(n <= of[unit].places for unit, n in taken.items())
    walks = sum(cost(c, of[found[c.id].unit]) for c in children if c.id in found)
    assert (len(children) - len(found), walks) == best(children, units)


@settings(max_examples=60, deadline=None, database=None)
@given(instance=instances(), data=st.data())
def test_inv_23_the_result_is_the_same_for_any_order_of_the_input(
    instance: tuple[list[Seeker], list[Vacancy]], data: st.DataObject
) -> None:
    children, units = instance
    again = place(data.draw(st.permutations(children)), data.draw(st.permutations(units)))
    assert again == place(children, units)


def child(number: int, x: int = 0, unit: int | None = None) -> Seeker:
    return Seeker(id=number, x=x, y=0, unit=unit)


def unit(number: int, x: int = 0, places: int = 1) -> Vacancy:
    return Vacancy(id=number, x=x, y=0, places=places)


def test_without_a_free_place_nobody_is_placed() -> None:
    assert place([child(1)], []) == {}
    assert place([child(1)], [unit(7, places=0)]) == {}
    assert place([], [unit(7)]) == {}


def test_of_ten_children_and_one_place_the_nearest_child_gets_it() -> None:
    found = place([child(i, x=1000 - i) for i in range(10)], [unit(7)])
    assert {c: (p.unit, p.metres) for c, p in found.items()} == {9: (7, 1288)}


def test_ten_children_in_one_house_draw_lots_that_anyone_can_recompute() -> None:
    children = [child(i) for i in range(10)]
    winners = {seed: next(iter(place(children, [unit(7)], seed))) for seed in "abcdefgh"}
    assert len(set(winners.values())) > 1
    room = (1 << 23) // 10
    for seed, winner in winners.items():
        assert winner == min(range(10), key=lambda i, s=seed: lot(s, f"{i}:7", room))  # type: ignore[misc]


def test_two_units_at_one_point_share_the_children_without_overfilling() -> None:
    found = place([child(i) for i in range(5)], [unit(7, places=2), unit(8, places=2)])
    assert Counter(p.unit for p in found.values()) == {7: 2, 8: 2}


def test_nobody_is_left_out_so_that_somebody_else_walks_less() -> None:
    found = place([child(1, x=0), child(2, x=100_000)], [unit(7, x=0), unit(8, x=-100_000)])
    assert set(found) == {1, 2}


def test_less_than_no_places_is_refused() -> None:
    with pytest.raises(AssignmentError, match="mend its capacity"):
        place([child(1)], [unit(7, places=-1)])


def test_the_present_unit_wins_within_400_metres_and_not_beyond() -> None:
    units = [unit(7, x=0), unit(8, x=-300)]
    assert place([child(1, unit=8)], units)[1].unit == 8
    assert place([child(1)], units)[1].unit == 7
    assert place([child(1, unit=8)], [unit(7, x=0), unit(8, x=-320)])[1].unit == 7


def test_the_other_units_named_are_the_nearest_ones() -> None:
    units = [unit(i, x=i * 100) for i in range(1, 7)]
    found = place([child(1)], units)[1]
    assert (found.unit, found.others) == (1, ((2, 260), (3, 390), (4, 520)))


# ── claims ───────────────────────────────────────────────────────────────────────────────────


def set_places(**places: int) -> None:
    numbered = {int(k[1:]): n for k, n in places.items()}
    fulfil.set_capacity(places=numbered, term=2027, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_a_held_place_is_no_longer_free_and_a_released_one_is() -> None:
    set_places(u7=2)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 1}
    assert fulfil.places(term=2027) == 2
    fulfil.release(case=case, by=SYSTEM, at=AT)
    fulfil.release(case=case, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 2}


@pytest.mark.django_db
def test_all_are_held_or_none() -> None:
    set_places(u7=1, u8=5)
    with pytest.raises(fulfil.FullError, match="unit 7; nothing was held"):
        fulfil.hold(wanted={uuid4(): 8, uuid4(): 7, uuid4(): 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 1, 8: 5}
    assert not Claim.objects.exists()


@pytest.mark.django_db
def test_a_unit_without_a_word_on_its_capacity_is_full() -> None:
    with pytest.raises(fulfil.FullError):
        fulfil.hold(wanted={uuid4(): 7}, term=2027, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_places_of_another_term_are_not_used() -> None:
    set_places(u7=1)
    with pytest.raises(fulfil.FullError):
        fulfil.hold(wanted={uuid4(): 7}, term=2028, by=SYSTEM, at=AT)
    assert fulfil.free(term=2028) == {}


@pytest.mark.django_db
def test_a_second_claim_of_a_case_is_refused_by_the_database() -> None:
    set_places(u7=2, u8=2)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    with pytest.raises(IntegrityError, match="a_case_holds_one_place_at_a_time"):
        fulfil.hold(wanted={case: 8}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 1, 8: 2}
    fulfil.release(case=case, by=SYSTEM, at=AT)
    fulfil.hold(wanted={case: 8}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 2, 8: 1}


@pytest.mark.django_db
def test_a_claim_becomes_hard_and_soft_again_and_keeps_its_place() -> None:
    set_places(u7=1)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.confirm(case=case, by=SYSTEM, at=AT) == 7
    assert fulfil.confirm(case=case, by=SYSTEM, at=AT) == 7
    assert Claim.objects.get(case=case).hold == "hard"
    fulfil.soften(case=case, by=SYSTEM, at=AT)
    assert Claim.objects.get(case=case).hold == "soft"
    assert fulfil.free(term=2027) == {7: 0}


@pytest.mark.django_db
def test_a_released_place_cannot_be_confirmed_or_softened() -> None:
    set_places(u7=1)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    fulfil.release(case=case, by=SYSTEM, at=AT)
    fulfil.soften(case=case, by=SYSTEM, at=AT)
    with pytest.raises(fulfil.NoClaimError):
        fulfil.confirm(case=case, by=SYSTEM, at=AT)
    assert Claim.objects.get(case=case).hold == "released"


@pytest.mark.django_db
def test_a_capacity_below_none_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="capacity_is_never_negative"), transaction.atomic():
        set_places(u7=-1)


@pytest.mark.django_db
def test_inv_23_more_claims_than_places_show_up_as_overfull() -> None:
    set_places(u7=2)
    fulfil.hold(wanted={uuid4(): 7, uuid4(): 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.overfull() == []
    Capacity.objects.filter(unit=7).update(places=1)
    assert fulfil.overfull() == [7]


def test_a_child_whose_thirty_nearest_units_are_full_still_finds_a_free_one():
    units = [Vacancy(id=i, x=i * 100, y=0, places=1) for i in range(1, 33)]
    seekers = [Seeker(id=i, x=0, y=0) for i in range(1, 33)]
    placed = assign(seekers=seekers, vacancies=units, factor=1.0, seed="s")
    assert sorted(p.unit for p in placed.values()) == list(range(1, 33))


@pytest.mark.django_db
def test_capacity_never_falls_below_what_is_claimed():
    fulfil.set_capacity(places={1: 2}, term=2027, by=SYSTEM, at=AT)
    fulfil.hold(wanted={uuid4(): 1, uuid4(): 1}, term=2027, by=SYSTEM, at=AT)
    with pytest.raises(fulfil.FullError, match="unit 1 has 2 places claimed"):
        fulfil.set_capacity(places={1: 1}, term=2027, by=SYSTEM, at=AT)
    fulfil.set_capacity(places={1: 3}, term=2027, by=SYSTEM, at=AT)
