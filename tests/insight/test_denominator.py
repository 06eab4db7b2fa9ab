"""Which errands are replaced and which are left: counted, chosen, and held against the register."""

import json
from datetime import UTC, datetime

import pytest

import errand_file
from stadi.catalogue.domain import Register
from stadi.catalogue.importing import read
from stadi.insight.denominator import NONE, Tally, chosen, rows, tallies, total, unknown

REGISTER = Register(
    file="errands.json",
    at=datetime(2027, 1, 15, tzinfo=UTC),
    errands=read(json.dumps(errand_file.errands()).encode(), name="errands.json"),
    gone=frozenset({99}),
)
ROWS = rows(REGISTER, {"preschool": (101,), "berths": (), "again": (101, 101)})
ALL = {"q": "", "state": "", "type": "", "channel": "", "event": "", "group": ""}


def _ids(**wanted: str) -> list[int]:
    return [row.errand.id for row in chosen(ROWS, ALL | wanted)]


def test_an_errand_without_a_service_is_left():
    assert [row.services for row in ROWS] == [("again", "preschool"), (), ()]
    assert (total(ROWS).all, total(ROWS).replaced, total(ROWS).left) == (3, 1, 2)


def test_an_errand_that_two_services_replace_counts_once():
    assert tallies(ROWS, "type") == [
        Tally(code="APPLICATION", all=2, replaced=1),
        Tally(code="ADVICE", all=1, replaced=0),
    ]


def test_what_the_register_names_nothing_for_is_a_group_of_its_own_and_last():
    assert tallies(ROWS, "event") == [
        Tally(code="HAVING_CHILD", all=1, replaced=1),
        Tally(code=NONE, all=2, replaced=0),
    ]
    assert [t.code for t in tallies(ROWS, "channel")] == [
        *("ESERVICE", "PRINTABLE_FORM", "EMAIL", NONE)
    ]


def test_an_errand_with_two_channels_of_a_type_counts_once_for_it():
    value = errand_file.errands()
    value[0]["fi"]["channels"] = [{"id": n, "type": "ESERVICE"} for n in (1, 2)]
    errands = read(json.dumps(value).encode(), name="x")
    register = Register(file="x", at=REGISTER.at, errands=errands, gone=frozenset())
    assert tallies(rows(register, {}), "channel")[0] == Tally(code="ESERVICE", all=1, replaced=0)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [101, 102, 103]),
        ({"state": "replaced"}, [101]),
        ({"state": "left"}, [102, 103]),
        ({"type": "ADVICE"}, [103]),
        ({"channel": "EMAIL"}, [102]),
        ({"channel": NONE}, [103]),
        ({"event": NONE, "group": "INDIVIDUALS"}, [102]),
        ({"q": "BÅTPLATS"}, [102]),
        ({"q": "esiopetukseen kuvaus"}, [101]),
        ({"q": "esiopetukseen berth"}, []),
        ({"q": "103"}, [103]),
        ({"q": "hae", "state": "left"}, [102]),
    ],
)
def test_every_filter_narrows_and_words_are_sought_in_every_language(
    wanted: dict[str, str], ids: list[int]
):
    assert _ids(**wanted) == ids


def test_an_errand_that_the_register_does_not_hold_is_told_in_a_sentence():
    missing, gone = unknown(REGISTER, {"a": (98,), "b": (99, 101), "c": ()})
    assert missing.sentence == (
        "service a replaces errand 98, which is not in the register:"
        " correct the id in its service.py, or drop it"
    )
    assert gone.sentence.startswith("service b replaces errand 99, which is gone from the register")
