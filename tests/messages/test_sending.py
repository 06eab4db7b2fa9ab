"""Letters reach the inbox once, as they were written."""

from datetime import UTC, datetime

import pytest

from stadi.kit.actor import SYSTEM
from stadi.messages import actions as messages
from stadi.messages.domain import Letter
from stadi.record.models import Entry

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def _letter(key: str, body: str = "words") -> Letter:
    return Letter(recipient=5, key=key, subject="subject", body=body, link="/fi/o/x")


def test_a_letter_with_a_known_key_is_not_sent_again():
    first = messages.send(letters=[_letter("a"), _letter("b")], by=SYSTEM, at=AT)
    again = messages.send(letters=[_letter("b", "other"), _letter("c")], by=SYSTEM, at=AT)
    assert (first, again) == (2, 1)
    assert [(m.key, m.body) for m in messages.inbox(recipient=5)] == [
        ("a", "words"),
        ("b", "words"),
        ("c", "words"),
    ]
    said = Entry.objects.filter(kind="messages.sent").order_by("id")
    assert [entry.body["messages"] for entry in said] == [2, 1]


def test_one_key_twice_in_a_batch_is_sent_once():
    assert messages.send(letters=[_letter("a"), _letter("a")], by=SYSTEM, at=AT) == 1


def test_any_words_come_back_as_they_were_written():
    words = "line\nback\\slash\ttab \\N 🏠 Åäö"
    messages.send(letters=[_letter("a", words)], by=SYSTEM, at=AT)
    (found,) = messages.inbox(recipient=5)
    assert (found.body, found.subject, found.link, found.sent_at) == (
        words,
        "subject",
        "/fi/o/x",
        AT,
    )
    assert found.opened_at is None
    assert messages.unread(recipient=5) == 1
