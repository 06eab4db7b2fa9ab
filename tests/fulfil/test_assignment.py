"""Places are assigned as well as they can be, and the same for any order of the input."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfil.cases import (
    LANGUAGE,
    LAW,
    TERMS,
    best,
    child,
    instances,
    lot,
    place,
    unit,
    weighted,
    where,
)
from stadi.fulfil.assignment import optimum as solver
from stadi.fulfil.assignment.assign import assign
from stadi.fulfil.assignment.check import check
from stadi.fulfil.assignment.costs import board
from stadi.fulfil.assignment.stable import stable
from stadi.fulfil.domain import AssignmentError, Problem, Seeker, Term, Vacancy

Instance = tuple[list[Seeker], list[Vacancy]]
POLICIES = st.sampled_from(["optimum", "stable"])


@settings(max_examples=120, deadline=None, database=None)
@given(instance=instances())
def test_inv_23_the_assignment_is_the_best_there_is_and_no_unit_is_overfull(
    instance: Instance,
) -> None:
    children, units = instance
    found = where(place(children, units))
    of = {u.id: u for u in units}
    assert all(n <= of[u].places for u, n in Counter(found.values()).items())
    walks = sum(weighted(c, of[found[c.id]], units) for c in children if c.id in found)
    assert (len(children) - len(found), walks) == best(children, units)


@settings(max_examples=150, deadline=None, database=None)
@given(instance=instances(children=7, siblings=True), policy=POLICIES, data=st.data())
def test_inv_23_the_result_is_the_same_for_any_order_of_the_input(
    instance: Instance, policy: str, data: st.DataObject
) -> None:
    children, units = instance
    first = place(children, units, policy=policy)
    shuffled = [data.draw(st.permutations(rows)) for rows in (children, units, TERMS)]
    again = place(shuffled[0], shuffled[1], policy=policy, terms=tuple(shuffled[2]))
    assert again == first


@settings(max_examples=150, deadline=None, database=None)
@given(instance=instances(children=7, siblings=True))
def test_inv_23_no_child_has_justified_envy_under_stable_matching(instance: Instance) -> None:
    children, units = instance
    found = place(children, units, policy="stable")
    at, of = where(found), {u.id: u for u in units}
    groups = Counter(c.together for c in children if c.together)
    alone = [c for c in children if groups[c.together] < 2]

    def cost(c: Seeker, u: Vacancy) -> tuple[int, int]:
        return weighted(c, u, units), lot("lot", c.id, u.id, len(children))

    for c in alone:
        mine = cost(c, of[at[c.id]]) if c.id in at else (1 << 60, 0)
        for u in units:
            if cost(c, u) >= mine:
                continue
            inside = [o for o in children if at.get(o.id) == u.id]
            assert len(inside) == u.places
            assert all(cost(o, u) <= cost(c, u) for o in inside if o in alone)


@settings(max_examples=150, deadline=None, database=None)
@given(instance=instances(children=7, siblings=True), policy=POLICIES)
def test_inv_23_every_assignment_passes_its_own_check(instance: Instance, policy: str) -> None:
    assert check(place(*instance, policy=policy)) == []


def crowd(children: int, units: int, seed: int = 1) -> Instance:
    """Return a city in which the nearest units do not suffice: children here, places there."""
    rng = np.random.default_rng(seed)
    seekers = [
        Seeker(
            id=i,
            x=int(rng.integers(0, 3000)),
            y=int(rng.integers(0, 3000)),
            wants=(("id", int(rng.integers(1, units + 1))), ("language", "fi")),
        )
        for i in range(children)
    ]
    there = [
        Vacancy(
            id=i + 1,
            x=int(rng.integers(0, 9000)),
            y=int(rng.integers(0, 3000)),
            places=-(-children // units),
            language="sv" if i % 4 == 0 else "fi",
        )
        for i in range(units)
    ]
    return seekers, there


def test_the_optimum_over_near_units_is_the_optimum_over_all_units(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    children, units = crowd(400, 60)
    few = place(children, units)
    monkeypatch.setattr(solver, "CHEAPEST", 60)
    everything = place(children, units)
    assert few.certificate.primal == everything.certificate.primal == few.certificate.dual
    assert check(few) == []
    longer = max(p.metres for p in few.placed.values())
    assert longer > 6000  # beyond the forty units that are cheapest for it


def test_a_child_whose_thirty_nearest_units_are_full_still_finds_a_free_one() -> None:
    units = [unit(i, x=i * 100) for i in range(1, 33)]
    found = place([child(i) for i in range(1, 33)], units)
    assert sorted(where(found).values()) == list(range(1, 33))


def test_without_a_free_place_nobody_is_placed() -> None:
    for policy in ("optimum", "stable"):
        for units in ([], [unit(7, places=0)]):
            found = place([child(1)], units, policy=policy)
            assert (found.placed, check(found)) == ({}, [])
        found = place([], [unit(7)], policy=policy)
        assert (found.placed, check(found)) == ({}, [])


def test_of_ten_thousand_children_and_one_place_the_nearest_child_gets_it() -> None:
    children = [child(i, x=10_000 - i) for i in range(10_000)]
    for policy in ("optimum", "stable"):
        found = place(children, [unit(7)], policy=policy)
        assert {c: (p.unit, p.metres) for c, p in found.placed.items()} == {9999: (7, 1)}
        assert check(found) == []


def test_ten_children_in_one_house_draw_lots_that_anyone_can_recompute() -> None:
    children = [child(i) for i in range(10)]
    winners = {seed: next(iter(where(place(children, [unit(7)], seed)))) for seed in "abcdefgh"}
    assert len(set(winners.values())) > 1
    for seed, winner in winners.items():
        assert winner == min(range(10), key=lambda i, s=seed: lot(s, i, 7, 10))  # type: ignore[misc]


def test_all_lots_together_stay_below_one_metre() -> None:
    children = [child(i) for i in range(5000)]
    problem = Problem(
        seekers=tuple(children),
        vacancies=tuple(unit(i) for i in range(1, 9)),
        terms=(),
        factor=1.3,
        seed="lot",
        policy="optimum",
    )
    assert board(problem).cost.max(axis=1).sum() < 1 << 23


def test_two_units_at_one_point_share_the_children_without_overfilling() -> None:
    found = place([child(i) for i in range(5)], [unit(7, places=2), unit(8, places=2)])
    assert Counter(where(found).values()) == {7: 2, 8: 2}


def test_nobody_is_left_out_so_that_somebody_else_walks_less() -> None:
    found = place([child(1, x=0), child(2, x=100_000)], [unit(7, x=0), unit(8, x=-100_000)])
    assert set(found.placed) == {1, 2}


def test_on_tight_capacity_the_two_policies_differ_in_whom_they_send_far() -> None:
    # child 2 lives nearest to unit 7; without it, it would walk a little further, child 1 much
    children = [child(1, x=40), child(2, x=-10)]
    units = [unit(7, x=0), unit(8, x=-100)]
    assert where(place(children, units, policy="stable")) == {2: 7, 1: 8}
    assert where(place(children, units)) == {1: 7, 2: 8}


# ── weights ──────────────────────────────────────────────────────────────────────────────────


def test_the_present_unit_wins_within_400_metres_and_not_beyond() -> None:
    units = [unit(7, x=0), unit(8, x=-300)]
    assert where(place([child(1, wants=(("id", 8),))], units)) == {1: 8}
    assert where(place([child(1)], units)) == {1: 7}
    further = [unit(7, x=0), unit(8, x=-320)]
    assert where(place([child(1, wants=(("id", 8),))], further)) == {1: 7}


def test_the_wanted_language_wins_within_its_metres() -> None:
    units = [unit(7, language="fi"), unit(8, x=2000, language="sv")]
    assert where(place([child(1, wants=(("language", "sv"),))], units)) == {1: 8}
    assert where(place([child(1, wants=(("language", "fi"),))], units)) == {1: 7}
    assert where(place([child(1)], units)) == {1: 7}


def test_support_is_sought_only_by_those_who_need_it() -> None:
    units = [unit(7), unit(8, x=1000, support=True)]
    assert where(place([child(1, wants=(("support", True),))], units)) == {1: 8}
    assert where(place([child(1, wants=(("support", False),))], units)) == {1: 7}
    assert where(place([child(1, wants=(("support", None),))], units)) == {1: 7}


@pytest.mark.parametrize("want", [("language", "en"), ("id", 404), ("support", True)])
def test_what_no_unit_can_give_weighs_nothing(want: tuple[str, object]) -> None:
    units = [unit(7, language="fi"), unit(8, x=3000, language="sv")]
    plain, wishful = place([child(1)], units), place([child(1, wants=(want,))], units)
    assert wishful.certificate.primal == plain.certificate.primal


def test_a_weight_counts_in_the_choice_and_never_in_the_metres_told() -> None:
    units = [unit(7, x=1000, language="fi")]
    units += [unit(8, x=9000, language="sv", places=0)]
    assert place([child(1, wants=(("language", "sv"),))], units).placed[1].metres == 1300


def test_the_other_units_named_are_the_nearest_ones() -> None:
    units = [unit(i, x=i * 100) for i in range(1, 7)]
    found = place([child(1)], units).placed[1]
    assert (found.unit, found.others) == (1, ((2, 260), (3, 390), (4, 520)))
    found = place([child(1)], units[:2]).placed[1]
    assert found.others == ((2, 260),)


def refused(match: str, **more: object) -> None:
    whole: dict[str, object] = {
        "seekers": [child(1)],
        "vacancies": [unit(7)],
        "terms": TERMS,
        "factor": 1.3,
        "seed": "lot",
    }
    with pytest.raises(AssignmentError, match=match):
        assign(**{**whole, **more})  # type: ignore[arg-type]


def test_what_makes_no_sense_is_refused_with_what_to_do() -> None:
    refused("unit 7 has fewer than no places: mend its capacity", vacancies=[unit(7, places=-1)])
    refused("child 1 is named twice", seekers=[child(1), child(1, x=5)])
    refused("unit 7 is named twice", vacancies=[unit(7), unit(7)])
    refused("weight language is named twice", terms=(LANGUAGE, LANGUAGE))
    refused("names no law", terms=(Term(name="a", unit="id", metres=1, law=" "),))
    refused("below zero", terms=(Term(name="a", unit="id", metres=-1, law=LAW),))
    refused("asks for 'colour'", terms=(Term(name="a", unit="colour", metres=1, law=LAW),))
    refused("wants 'colour' of a unit as str", seekers=[child(1, wants=(("colour", "red"),))])
    refused("wants 'id' of a unit as str", seekers=[child(1, wants=(("id", "17"),))])
    refused("above zero", factor=0.0)
    refused("above zero", factor=float("nan"))
    refused("no policy 'fair'", policy="fair")
    refused("too far apart", vacancies=[unit(7, x=1 << 40)])


# ── siblings ─────────────────────────────────────────────────────────────────────────────────


def test_siblings_of_one_round_get_one_unit() -> None:
    units = [unit(7, x=0), unit(8, x=100), unit(9, x=5000, places=2)]
    for policy in ("optimum", "stable"):
        found = place([child(1, together=5), child(2, together=5)], units, policy=policy)
        assert where(found) == {1: 9, 2: 9}
        assert found.apart == ()
        assert (found.certificate.together, found.certificate.covers) == (2, 0)


def test_siblings_whom_no_unit_can_take_together_wait_for_a_person() -> None:
    children = [child(1, together=5), child(2, together=5), child(3)]
    found = place(children, [unit(7), unit(8, x=100)])
    assert (where(found), found.apart) == ({3: 7}, (1, 2))
    assert check(found) == []


def test_a_lone_child_with_a_family_number_is_placed_like_any_other() -> None:
    found = place([child(1, together=5), child(2)], [unit(7, places=2)])
    assert (found.certificate.together, found.certificate.covers) == (0, 2)


def test_of_two_families_the_lot_says_who_comes_first_whatever_their_order() -> None:
    units = [unit(7, places=2), unit(8, x=1000, places=2)]
    first = set()
    for seed in "abcdefgh":
        children = [child(i, together=5 + i // 2) for i in range(4)]
        found = place(children, units, seed)
        assert place(children[::-1], units, seed) == found
        first.add(where(found)[0])
    assert first == {7, 8}


# ── deferred acceptance ──────────────────────────────────────────────────────────────────────


@settings(max_examples=100, deadline=None, database=None)
@given(data=st.data())
def test_deferred_acceptance_is_what_proposing_one_by_one_gives(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4))
    places = [data.draw(st.integers(0, 3)) for _ in range(m)]
    likes = [data.draw(st.permutations(range(m))) for _ in range(n)]
    ranks = [data.draw(st.permutations(range(n))) for _ in range(m)]
    choices = np.array(likes)
    marks = np.array([[ranks[u][c] for u in likes[c]] for c in range(n)])
    kept: dict[int, list[int]] = {u: [] for u in range(m)}
    waiting, turn = list(range(n)), [0] * n
    while waiting:
        c = waiting.pop()
        if turn[c] == m:
            continue
        u = likes[c][turn[c]]
        turn[c] += 1
        kept[u] = sorted([*kept[u], c], key=lambda k, u=u: ranks[u][k])  # type: ignore[misc]
        waiting += kept[u][places[u] :]
        kept[u] = kept[u][: places[u]]
    expected = {c: u for u, inside in kept.items() for c in inside}
    found = stable(choices, marks, np.array(places))
    assert {c: u for c, u in enumerate(found.tolist()) if u >= 0} == expected
    wide = stable(choices, marks * (1 << 59), np.array(places))
    assert (wide == found).all()
