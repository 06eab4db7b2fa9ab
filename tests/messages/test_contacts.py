"""The city writes to nobody of its own accord more often than it promised."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as now
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from messages.letters import AT, letter, send
from messages.sink import Sink
from stadi.kit.city import CityError
from stadi.messages import actions as messages
from stadi.messages.domain import month_of
from stadi.messages.models import Delivery, Message

MONTHS = [datetime(2027, month, day, 10, tzinfo=UTC) for month, day in ((1, 31), (2, 1), (2, 28))]
FRESH = count(1_000_000, 10)
MOST = now.CITY.contacts_a_month
ONE = st.tuples(st.integers(0, 2), st.booleans())
BATCHES = st.lists(st.tuples(st.sampled_from(MONTHS), st.lists(ONE, max_size=8)), max_size=6)


@pytest.mark.django_db
@given(batches=BATCHES)
@how(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_inv_34_nobody_is_contacted_more_often_than_promised(
    sink: Sink, batches: list[tuple[datetime, list[tuple[int, bool]]]]
) -> None:
    del sink
    first, keys = next(FRESH), count()
    wanted: Counter[tuple[int, object]] = Counter()
    for at, ones in batches:
        people = {first + who for who, _ in ones}
        month = month_of(at, now.CITY)
        free = _free(people, at)
        assert free == {p for p in people if wanted[p, month] < MOST}
        sent = send(
            *(letter(first + w, key=f"{first}:{next(keys)}", counted=c) for w, c in ones), at=at
        )
        assert sent == len(ones)
        wanted.update((first + who, month) for who, counted in ones if counted)
    written = Message.objects.filter(recipient__gte=first)
    made = Counter((m.recipient, month_of(m.sent_at, now.CITY)) for m in written if m.counted)
    assert made == Counter({key: min(n, MOST) for key, n in wanted.items()})
    # an answer's receipt is always told of, and a contact when it is one
    told = set(Delivery.objects.values_list("message", flat=True))
    asked = sum(not counted for _, ones in batches for _, counted in ones)
    assert len({m.id for m in written} & told) == asked + made.total()


@pytest.mark.django_db
def test_a_letter_that_is_one_too_many_lies_in_the_inbox_untold(sink: Sink) -> None:
    del sink
    assert send(*(letter(7, key=f"k{n}") for n in range(MOST + 2))) == MOST + 2
    assert messages.unread(recipient=7) == MOST + 2
    assert Delivery.objects.count() == MOST
    assert messages.contacts_left(people=[7, 8], at=AT) == {7: 0, 8: MOST}
    assert _free([7, 8], AT) == {8}


@pytest.mark.django_db
def test_a_letter_that_was_sent_before_counts_once() -> None:
    for _ in range(3):
        send(letter(7, key="a"), letter(7, key="b"))
    assert messages.contacts_left(people=[7], at=AT) == {7: MOST - 2}


@pytest.mark.django_db(transaction=True)
def test_inv_34_two_services_at_once_do_not_contact_more_often_than_promised() -> None:
    def work(name: str) -> None:
        try:
            for n in range(MOST):
                people = (7, 8) if name == "a" else (8, 7)
                send(*(letter(p, key=f"{name}:{n}:{p}") for p in people))
        finally:
            connection.close()

    threads = [Thread(target=work, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Message.objects.count() == 4 * MOST
    for person in (7, 8):
        assert Message.objects.filter(recipient=person, counted=True).count() == MOST


def test_a_city_that_may_contact_nobody_is_refused() -> None:
    with pytest.raises(CityError, match="contacts_a_month"):
        replace(now.CITY, contacts_a_month=0)


@pytest.mark.django_db
def test_another_city_may_promise_otherwise(settings: Any) -> None:
    settings.CITY = replace(settings.CITY, contacts_a_month=1)
    send(letter(7))
    assert _free([7], AT) == set()


def _free(people: Collection[int], at: datetime) -> set[int]:
    left = messages.contacts_left(people=people, at=at)
    return {person for person, times in left.items() if times > 0}
