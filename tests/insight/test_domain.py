"""Figures that leave the house: shares, and counts that hide the few."""

import pytest

from stadi.insight.domain import band, measures, suppressed


def test_inv_07_no_count_from_one_to_nine_is_shown():
    shown = suppressed({"a": 3, "b": 12, "c": 40, "d": 0, "e": 7})
    assert shown == {"a": "<10", "b": "12", "c": "40", "d": "0", "e": "<10"}


def test_a_single_hidden_group_hides_another_so_that_the_total_does_not_tell_it():
    assert suppressed({"a": 3, "b": 12, "c": 40}) == {"a": "<10", "b": "–", "c": "40"}


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(12, 12, "90–100 %"), (11, 12, "90–100 %"), (9, 12, "70–80 %"), (0, 12, "0–10 %"), (8, 9, "")],
)
def test_inv_31_a_share_is_a_band_so_that_it_tells_of_no_single_family(
    part: int, whole: int, shown: str
):
    assert band(part, whole) == shown


def test_take_up_counts_everyone_entitled_and_not_only_those_who_were_offered():
    counts = {"fulfilled": 80, "accepted": 10, "yes": 120}
    assert measures(counts) == {"take_up": 0.6667, "precision": 0.8889}


def test_a_share_of_nobody_is_no_number():
    assert measures({"fulfilled": 0, "accepted": 0, "yes": 0}) == {
        "take_up": None,
        "precision": None,
    }
