"""How it was: shown of a round that is over, once enough have said so, and of nobody before."""

import pytest

from stadi.offers.actions import feeling
from stadi.offers.models import Feeling

pytestmark = pytest.mark.django_db
SERVICE, OVER, RUNNING = "culture_kids", "2026-2", "2027-1"


def _count(round_: str, **times: int) -> None:
    for good, n in times.items():
        Feeling.objects.create(service=SERVICE, round=round_, good=int(good[1:]), times=n)


def test_enough_answers_of_a_round_that_is_over_are_told():
    _count(OVER, g5=7, g3=3)
    assert feeling.felt(service=SERVICE, running=RUNNING) == {5: 7, 4: 0, 3: 3, 2: 0, 1: 0}


def test_too_few_answers_are_not_told():
    _count(OVER, g5=9)
    assert feeling.felt(service=SERVICE, running=RUNNING) == {}


def test_a_round_that_still_runs_is_not_told_of():
    _count(RUNNING, g5=50)
    assert feeling.felt(service=SERVICE, running=RUNNING) == {}
