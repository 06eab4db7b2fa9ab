"""Entries of the record: what is written is what was said, and the leaf commits to it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from stadi.kit.actor import SYSTEM, Actor
from stadi.record import actions as record
from stadi.record.domain import News, canonical, leaf
from stadi.record.models import Entry

AT = datetime(2027, 1, 15, 10, 0, 0, 123456, tzinfo=UTC)
pytestmark = pytest.mark.django_db
WORDS = ("plain", 'a "quoted" word', "back\\slash", "tab\tand\nline\r", "Åäö 🏠", "\\N", "\\.", "")


@pytest.mark.parametrize("word", WORDS)
def test_any_text_comes_back_as_it_was_written(word: str):
    by, case = Actor(kind="resident", id=7), uuid4()
    record.write(News(kind="tests.said", body={"word": word, "n": 3}, case=case), by=by, at=AT)
    entry = Entry.objects.get(case=case)
    assert entry.body == {"at": str(AT), "kind": "tests.said", "actor": 7, "word": word, "n": 3}
    assert (entry.at, entry.actor_kind, entry.actor) == (AT, "resident", 7)
    assert bytes(entry.leaf) == leaf(bytes(entry.salt), entry.body)


def test_entries_that_say_the_same_have_different_salts_and_leaves():
    record.write_many([News(kind="tests.same")] * 50, by=SYSTEM, at=AT)
    entries = Entry.objects.filter(kind="tests.same")
    assert len({bytes(e.salt) for e in entries}) == len({bytes(e.leaf) for e in entries}) == 50
    assert all(bytes(e.leaf) == leaf(bytes(e.salt), e.body) for e in entries)


def test_a_body_is_written_with_sorted_keys_and_no_spaces():
    assert canonical({"b": [1, 2], "a": "ä"}) == '{"a":"ä","b":[1,2]}'


def test_nothing_to_write_writes_nothing():
    record.write_many([], by=SYSTEM, at=AT)
    assert not Entry.objects.exists()
