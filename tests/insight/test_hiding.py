"""Figures of groups that leave the house, and a reader who tries to work out the hidden ones."""

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ortools.linear_solver import pywraplp

from stadi.insight.hiding import Group, Line, Walk, hide, publish, total


def _group(key: str, entitled: int, left: int = 0, walk: int = 0) -> Group:
    return Group(
        key=key, entitled=entitled, left=left, walks=[walk] * (entitled - left) if walk else ()
    )


def _lines(*groups: Group) -> dict[str, Line]:
    return {line.key: line for line in publish(groups)}


def test_inv_07_no_count_from_one_to_nine_is_shown_and_a_zero_is():
    shown = _lines(_group("a", 3), _group("b", 12), _group("c", 40), _group("d", 0), _group("e", 9))
    found = {key: line.entitled for key, line in shown.items()}
    assert found == {"a": None, "b": 12, "c": 40, "d": 0, "e": None}


def test_a_single_hidden_group_hides_the_next_smallest_so_that_the_total_does_not_tell_it():
    assert hide({"a": 3, "b": 12, "c": 40}) == {"a", "b"}


def test_hidden_groups_that_add_up_to_few_hide_one_more():
    assert hide({"a": 1, "b": 2, "c": 12, "d": 40}) == {"a", "b", "c"}
    assert hide({"a": 5, "b": 5, "c": 12, "d": 40}) == {"a", "b", "c"}
    assert hide({"a": 5, "b": 6, "c": 12, "d": 40}) == {"a", "b"}


def test_where_all_the_city_is_one_group_nothing_is_shown_of_it():
    assert hide({"a": 0, "b": 40, "c": 0}) == {"a", "b"}
    assert hide({"a": 0, "b": 4, "c": 0}) == {"a", "b", "c"}


def test_inv_31_how_many_were_offered_is_a_range_of_ten_counts_in_steps_of_ten():
    shown = _lines(
        _group("a", 71, 1), _group("b", 71, 12), _group("c", 19, 0), _group("d", 200, 38)
    )
    assert shown["a"].offered == (62, 71)
    assert shown["a"].left == (0, 9)
    assert shown["a"].share == (87, 100)
    assert shown["b"].left == (10, 19)
    assert shown["c"].offered == (10, 19)


def test_a_small_group_says_nothing_of_who_was_offered():
    assert {_lines(_group("a", 18, left), _group("b", 90))["a"].offered for left in range(19)} == {
        None
    }


def test_a_range_that_the_total_would_narrow_is_given_up():
    # of 25 left, 20 to 29 in one group would leave at most 5 for the other two
    shown = _lines(_group("fi", 400, 22), _group("sv", 60, 2), _group("en", 80, 1))
    assert shown["fi"].offered is None
    assert shown["sv"].left == (0, 9)


def test_the_total_is_always_shown():
    groups = [_group("a", 3, 1, 250), _group("b", 12, 0, 650)]
    assert total(groups) == Line(
        key="total",
        entitled=15,
        offered=(14, 14),
        walk=Walk(mean=600, median=600, far=600),
    )


def test_walks_are_rounded_to_hundreds_and_told_of_no_fewer_than_ten():
    far = Group(key="a", entitled=30, left=0, walks=[40] * 15 + [1260] * 15)
    few = Group(key="b", entitled=18, left=0, walks=[500] * 18)
    unplaced = Group(key="c", entitled=30, left=0, walks=[500] * 9)
    shown = _lines(far, few, unplaced, _group("d", 100))
    assert shown["a"].walk == Walk(mean=600, median=100, far=1300)
    assert shown["b"].walk is None  # eighteen may have been offered, or none
    assert shown["c"].walk is None


# ── a reader who knows the totals, what is shown, and that people are counted in whole numbers ──


def _pairs(line: Line, entitled: int, left: int) -> list[tuple[int, int]]:
    """Every (entitled, left) that a shown line allows."""
    if line.entitled is None:
        return [(y, r) for y in range(entitled + 1) for r in range(min(y, left) + 1)]
    low, high = line.left or (0, line.entitled)
    return [(line.entitled, r) for r in range(low, min(high, left) + 1)]


def _possible(
    lines: Sequence[Line], entitled: int, left: int
) -> list[tuple[set[int], set[int], set[int]]]:
    """Every group's possible entitled, left and offered: what some whole table agrees with."""
    width = 2 * left + 2  # bit y * width + r stands for the sums (y, r)
    row = (1 << (left + 1)) - 1
    mask = reduce(lambda seen, y: seen | row << y * width, range(entitled + 1), 0)

    def add(sums: int, pairs: list[tuple[int, int]]) -> int:
        return reduce(lambda seen, p: seen | (sums << p[0] * width + p[1]) & mask, pairs, 0)

    cells = [_pairs(line, entitled, left) for line in lines]
    before = list(accumulate(cells, add, initial=1))
    after = list(accumulate(reversed(cells), add, initial=1))[::-1]
    found = []
    for i, pairs in enumerate(cells):
        others = add(
            before[i],
            [
                (y, r)
                for y in range(entitled + 1)
                for r in range(left + 1)
                if after[i + 1] >> y * width + r & 1
            ],
        )
        fit = [(y, r) for y, r in pairs if others >> (entitled - y) * width + (left - r) & 1]
        found.append(({y for y, _ in fit}, {r for _, r in fit}, {y - r for y, r in fit}))
    return found


COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 26))


@st.composite
def _tables(draw: st.DrawFn) -> list[Group]:
    sizes = draw(st.lists(COUNTS, min_size=2, max_size=4))
    rare = draw(st.booleans())
    return [
        _group(str(i), size, draw(st.integers(0, min(size, 2) if rare else size)))
        for i, size in enumerate(sizes)
    ]


@settings(max_examples=150, deadline=None)
@given(groups=_tables())
def test_inv_07_no_hidden_number_can_be_narrowed_to_fewer_than_ten(groups: list[Group]):
    entitled, left = sum(g.entitled for g in groups), sum(g.left for g in groups)
    lines = publish(groups)
    enough = min(10, left + 1, entitled - left + 1)
    for group, line, (ys, rs, os) in zip(
        groups, lines, _possible(lines, entitled, left), strict=True
    ):
        assert (group.entitled, group.left) in {(y, r) for y in ys for r in rs}
        if line.entitled is None:
            assert len(ys) >= min(10, entitled + 1)
        if line.entitled != 0:
            assert len(rs) >= enough
            assert len(os) >= enough


# ── the same reader, who knows of every end too: a solver finds all that is possible ──

ENDS = ("fulfilled", "declined", "expired")


def _span(
    lines: Sequence[Line], entitled: int, sums: Sequence[int], wanted: tuple[int, int]
) -> tuple[int, int]:
    """The least and the most that one part of one group may be, asked of a linear solver.

    Sums of rows and columns make a network, so the ends of what is possible are whole numbers.
    """
    found = []
    for maximise in (False, True):
        solver = pywraplp.Solver.CreateSolver("GLOP")
        cells = [[solver.NumVar(0, entitled, "") for _ in sums] for _ in lines]
        for line, row in zip(lines, cells, strict=True):
            if line.entitled is None:
                continue
            solver.Add(sum(row) == line.entitled)
            for cell, told in zip(row, (line.left, *line.ends.values()), strict=False):
                if told is not None:
                    cell.SetBounds(*told)
        for column, known in zip(zip(*cells, strict=True), sums, strict=True):
            solver.Add(sum(column) == known)
        cell = cells[wanted[0]][wanted[1]]
        (solver.Maximize if maximise else solver.Minimize)(cell)
        assert solver.Solve() == pywraplp.Solver.OPTIMAL
        found.append(round(cell.solution_value()))
    return found[0], found[1]


@st.composite
def _ended(draw: st.DrawFn) -> list[Group]:
    """Groups whose cases ended in ways of which some are rare, and some the only ones."""
    weights = draw(st.lists(st.integers(0, 6), min_size=5, max_size=5).filter(any))
    groups = []
    for i, size in enumerate(draw(st.lists(st.integers(0, 60), min_size=2, max_size=5))):
        parts = [0] * 5
        for where in draw(
            st.lists(
                st.sampled_from([j for j, w in enumerate(weights) for _ in range(w * w)]),
                min_size=size,
                max_size=size,
            )
        ):
            parts[where] += 1
        ends = dict(zip(ENDS, parts[1:4], strict=True))
        groups.append(Group(key=str(i), entitled=size, left=parts[0], ends=ends))
    return groups


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(groups=_ended())
def test_inv_07_no_end_of_any_group_can_be_narrowed_to_fewer_than_ten(groups: list[Group]):
    lines = publish(groups)
    sums = [sum(column) for column in zip(*(g.parts for g in groups), strict=True)]
    whole = sum(sums)
    for i, (group, line) in enumerate(zip(groups, lines, strict=True)):
        for j, part in enumerate(group.parts):
            low, high = _span(lines, whole, sums, (i, j))
            assert low <= part <= high
            if line.entitled != 0:
                assert high - low + 1 >= min(10, sums[j] + 1, whole - sums[j] + 1)


@settings(max_examples=150, deadline=None)
@given(groups=_tables(), other=_tables())
def test_what_is_shown_of_a_group_depends_on_no_walk(groups: list[Group], other: list[Group]):
    moved = [
        Group(key=g.key, entitled=g.entitled, left=g.left, walks=[5000] * len(other))
        for g in groups
    ]
    plain = [(x.key, x.entitled, x.offered) for x in publish(groups)]
    assert [(x.key, x.entitled, x.offered) for x in publish(moved)] == plain


def test_ranges_that_only_the_sum_of_their_group_would_narrow_are_given_up():
    # all three at the top of their range add up to the whole group: each would be known
    tight = {"fulfilled": 39, "declined": 9, "expired": 9}
    loose = {"fulfilled": 335, "declined": 55, "expired": 55}
    groups = [
        Group(key="a", entitled=57, left=0, ends=tight),
        *(Group(key=key, entitled=445, left=0, ends=loose) for key in "bcde"),
    ]
    shown = {line.key: line for line in publish(groups)}
    assert shown["a"].ends == {"fulfilled": None, "declined": (0, 9), "expired": (0, 9)}
    assert shown["b"].ends == {"fulfilled": (330, 339), "declined": (50, 59), "expired": (50, 59)}


def test_the_city_itself_is_told_of_every_end_exactly():
    ends = {"fulfilled": 3, "declined": 1}
    groups = [
        Group(key="a", entitled=9, left=2, ends=ends),
        Group(key="b", entitled=1, left=1, ends=dict.fromkeys(ends, 0)),
    ]
    assert total(groups).ends == {"fulfilled": (3, 3), "declined": (1, 1)}


@pytest.mark.parametrize("left", [0, 4, 30])
def test_eighty_four_areas_are_published_and_most_of_them_shown(left: int):
    areas = [_group(f"{i:02}", 4 + i * 2, min(left, i % 3), 600) for i in range(84)]
    shown = publish([*areas, _group("rest", 0)])
    assert sum(line.entitled is not None for line in shown) > 70
