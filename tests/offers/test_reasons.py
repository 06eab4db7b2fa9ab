"""Reasons are the interpreter's own, also where many share them."""

import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from stadi.engine.explain import Person
from stadi.offers.actions.finding import Found
from stadi.offers.actions.reasons import reasons
from stadi.offers.domain import DisagreeError
from stadi.offers.plugins import plugins
from stadi.record import actions as record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
ELLA = {
    "birth_date": date(2021, 11, 23),
    "municipality": "091",
    "home_x": 1,
    "home_y": 2,
    "language": "fi",
    "safety_ban": False,
    "unit": None,
}


def _found(subject: int, rows: dict[str, Any] | None = None, **facts: object) -> Found:
    many = {"placement": [], "guardianship": [{"guardian": 4}]} | (rows or {})
    person = Person(subject=subject, basis="ok", facts=ELLA | facts, rows=many)
    return Found(
        case=uuid4(),
        subject=subject,
        round="2027",
        assignee=None,
        place="",
        person=person,
        recipients=(),
        seeker=None,
        held="",
    )


def test_many_together_have_the_reasons_that_each_has_alone():
    found = [
        _found(3),
        _found(5),
        _found(7),
        _found(5, unit=4),
        _found(5, birth_date=date(2021, 1, 1)),
        _found(5, rows={"guardianship": []}),
        _found(5, rows={"placement": [{"term": 2020}]}),
        _found(999_999),
    ]
    made, at = plugins()["preschool"], record.now()
    together = reasons(made, found, at)
    assert together == [text for f in found for text in reasons(made, [f], at)]
    assert together[1] == together[2] != together[4]
    assert len({together[i] for i in (1, 3, 4, 5, 6, 7)}) == 6
    assert json.loads(together[4])[0]["value"] == "2021-01-01"


@pytest.mark.parametrize(
    "other",
    [
        {"birth_date": date(2019, 1, 1)},
        {"birth_date": None},
        {"municipality": "049"},
        {"rows": {"placement": [{"term": 2027}]}},
    ],
)
def test_inv_16_nothing_is_proposed_where_the_interpreter_does_not_say_yes(other: dict[str, Any]):
    made, at = plugins()["preschool"], record.now()
    with pytest.raises(DisagreeError):
        reasons(made, [_found(3), _found(5, **other)], at)


def test_inv_16_nothing_is_proposed_to_who_stopped_the_purpose():
    made, at = plugins()["preschool"], record.now()
    stopped = _found(5)
    stopped = replace(stopped, person=replace(stopped.person, basis="objected"))
    with pytest.raises(DisagreeError):
        reasons(made, [_found(3), stopped], at)
