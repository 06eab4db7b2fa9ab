"""Figures of a whole service: take-up, precision, and the promise."""

from stadi.insight.domain import Promise, measures, spread


def test_take_up_counts_everyone_entitled_and_not_only_those_who_were_offered():
    counts = {"fulfilled": 80, "accepted": 10, "yes": 120, "resting": 0}
    assert measures(counts, 0) == {"take_up": 0.6667, "precision": 0.8889}


def test_precision_is_one_where_nothing_can_fail_and_less_where_something_did():
    counts = {"fulfilled": 80, "accepted": 0, "yes": 120, "resting": 0}
    assert measures(counts, 0)["precision"] == 1
    assert measures(counts, fell=20)["precision"] == 0.8


def test_times_are_hours_begun_and_those_of_fewer_than_ten_are_not_told():
    seconds = (0, 1, 3600, 3601, 90_000)
    assert spread(10, seconds, least=10).hours == (0, 1, 1, 2, 25)
    assert spread(9, seconds, least=10).hours is None


def test_a_share_of_nobody_is_no_number():
    assert measures({"fulfilled": 0, "accepted": 0, "yes": 0, "resting": 0}, 0) == {
        "take_up": None,
        "precision": None,
    }


def test_who_is_neither_offered_nor_with_a_person_is_counted_as_left_out():
    kept = Promise(entitled=12, offered=9, with_a_person=3, nearest=None, late=0)
    broken = Promise(entitled=12, offered=9, with_a_person=2, nearest=None, late=0)
    assert (kept.left, broken.left) == (0, 1)
