"""Why not the nearer one: in bands that name nobody; and what if, before anything is sent."""

import pytest

from fulfil.cases import child, place, unit
from stadi.fulfil.assignment.check import check
from stadi.fulfil.assignment.what_if import what_if
from stadi.fulfil.assignment.why import Why, parts, why_not
from stadi.fulfil.domain import Assignment, AssignmentError


def town(near: int = 12) -> Assignment:
    """Twenty children east of a unit with `near` places, each 20 metres further than the last."""
    children = [child(i, x=i * 20) for i in range(1, 21)]
    return place(children, [unit(7, places=near), unit(8, x=3000, places=30)])


def test_a_full_unit_is_told_in_bands_of_ten_children_and_five_hundred_metres() -> None:
    found = town()
    last = max(c for c, p in found.placed.items() if p.unit == 7)
    assert last == 12
    why = why_not(found, seeker=20, unit=7)
    assert why == Why(unit=7, answer="full", places=12, ahead=10, within=500)
    assert parts(why) == [("full", 12), ("ahead", 10), ("within", 500)]


@pytest.mark.parametrize("places", range(1, 10))
def test_no_number_tells_of_fewer_than_ten_children(places: int) -> None:
    why = why_not(town(places), seeker=20, unit=7)
    assert (why.places, why.ahead, why.within) == (None, None, None)
    assert parts(why)[0] == ("full", None)


def test_the_other_answers_are_told_apart() -> None:
    children = [child(1), child(2, x=10, together=5), child(3, x=10, together=5)]
    units = [unit(7, places=4), unit(8, x=500, places=4), unit(9, places=0)]
    found = place(children, units)
    assert why_not(found, seeker=1, unit=7).answer == "yours"
    assert why_not(found, seeker=1, unit=8).answer == "farther"
    assert why_not(found, seeker=1, unit=9).answer == "no_places"
    assert why_not(found, seeker=2, unit=8).answer == "together"
    assert parts(why_not(found, seeker=1, unit=8)) == [("farther", None)]
    for who, where in ((99, 7), (1, 99)):
        with pytest.raises(AssignmentError, match="did not take part"):
            why_not(found, seeker=who, unit=where)


def test_a_child_left_without_a_place_hears_why_too() -> None:
    found = place([child(i, x=i) for i in range(1, 15)], [unit(7, places=12)])
    why = why_not(found, seeker=14, unit=7)
    assert (why.answer, why.ahead, why.within) == ("full", 10, 500)


def test_under_stable_matching_the_answer_is_in_the_same_bands() -> None:
    children = [child(i, x=i * 20) for i in range(1, 21)]
    found = place(children, [unit(7, places=12), unit(8, x=3000, places=30)], policy="stable")
    why = why_not(found, seeker=20, unit=7)
    assert (why.answer, why.ahead, why.within) == ("full", 10, 500)


# ── what if ──────────────────────────────────────────────────────────────────────────────────


AREAS = {1: "north", 2: "north", 3: "south"}


def village() -> Assignment:
    return place(
        [child(1), child(2, x=100), child(3, x=1000, wants=(("id", 7),))],
        [unit(7, places=2), unit(8, x=1000, places=2)],
    )


def test_a_closed_unit_shows_who_walks_how_far_by_area() -> None:
    found = what_if(village(), areas=AREAS, closed=[7])
    north, south = found.areas
    assert (north.area, north.children, north.moved, north.placed) == ("north", 2, 2, (2, 1))
    assert (north.mean_metres, north.longest_metres) == ((65.0, 1170.0), (130, 1170))
    assert (south.moved, south.placed, south.longest_metres) == (0, (1, 1), (0, 0))
    assert (found.city.children, found.city.moved, found.city.placed) == (3, 2, (3, 2))
    assert check(found.after) == []


def test_added_places_and_a_changed_weight_move_whom_they_concern() -> None:
    heavier = what_if(village(), areas=AREAS, metres={"continuity": 9000}, added={7: 1})
    assert heavier.after.placed[3].unit == 7
    assert [a.moved for a in heavier.areas] == [0, 1]
    nothing = what_if(village(), areas={})
    assert (nothing.city.moved, nothing.areas[0].area) == (0, "")
    stable = what_if(village(), areas=AREAS, policy="stable")
    assert stable.after.certificate.policy == "stable"


def test_an_area_where_nobody_is_placed_has_no_walk() -> None:
    found = what_if(village(), areas=AREAS, closed=[7, 8])
    assert found.city.mean_metres[1] is None
    assert found.city.longest_metres[1] is None
    assert found.city.placed == (3, 0)


def test_a_change_to_what_is_not_there_is_refused() -> None:
    with pytest.raises(AssignmentError, match="unit 99 is not in this assignment"):
        what_if(village(), areas=AREAS, closed=[99])
    with pytest.raises(AssignmentError, match="no weight is called 'charm'"):
        what_if(village(), areas=AREAS, metres={"charm": 1})
    with pytest.raises(AssignmentError, match="unit 7 has fewer than no places"):
        what_if(village(), areas=AREAS, added={7: -3})
