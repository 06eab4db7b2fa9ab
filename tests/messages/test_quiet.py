"""Nothing leaves the inbox in quiet hours, by the city's clock, also when the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as now
from hypothesis import example, given
from hypothesis import strategies as st

from messages.letters import AT, MINUTE, deliver, letter, send
from messages.sink import Sink
from stadi.kit.city import CityError
from stadi.messages.domain import (
    ATTEMPTS,
    LONGEST_WAIT,
    Delivered,
    after_quiet,
    is_quiet,
    month_of,
    wait_after,
)
from stadi.messages.models import Delivery

HERE = ZoneInfo("Europe/Helsinki")
CHANGES = (date(2027, 3, 28), date(2027, 10, 31))  # 3.00 is 4.00, and 4.00 is 3.00 again
HOURS = st.integers(0, 23)
NIGHT = datetime(2027, 1, 15, 20, 30, tzinfo=UTC)  # 22.30 in Helsinki
MORNING = datetime(2027, 1, 16, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)


@given(
    day=st.sampled_from(CHANGES),
    seconds=st.integers(-24 * 3600, 48 * 3600),
    quiet_from=HOURS,
    quiet_until=HOURS,
)
@example(day=CHANGES[0], seconds=0, quiet_from=4, quiet_until=3)
@example(day=CHANGES[1], seconds=4 * 3600, quiet_from=3, quiet_until=8)
def test_inv_34_a_notice_waits_for_the_first_moment_that_is_not_quiet(
    day: date, seconds: int, quiet_from: int, quiet_until: int
) -> None:
    city = replace(now.CITY, quiet_from=quiet_from, quiet_until=quiet_until)
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
    due = after_quiet(at, city)
    assert due >= at
    assert not is_quiet(due, city)
    between = (at + STEP * i for i in range((due - at) // STEP + 1))
    assert all(is_quiet(moment, city) for moment in between if moment < due)
    assert due == at or is_quiet(due - timedelta(seconds=1), city)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2027-01-15 07:59:59", "2027-01-15 08:00"),
        ("2027-01-15 08:00", "2027-01-15 08:00"),
        ("2027-01-15 19:59:59", "2027-01-15 19:59:59"),
        ("2027-01-15 20:00", "2027-01-16 08:00"),
        ("2027-12-31 23:00", "2028-01-01 08:00"),
        ("2027-03-27 20:00", "2027-03-28 08:00"),
        ("2027-10-30 20:00", "2027-10-31 08:00"),
    ],
)
def test_the_night_ends_at_eight_on_the_citys_clock(at: str, due: str) -> None:
    moment, then = (datetime.fromisoformat(t).replace(tzinfo=HERE) for t in (at, due))
    city = replace(now.CITY, quiet_from=20, quiet_until=8)
    assert after_quiet(moment.astimezone(UTC), city) == then.astimezone(UTC)


def test_two_hours_alike_are_no_quiet_at_all() -> None:
    city = replace(now.CITY, quiet_from=8, quiet_until=8)
    assert not any(is_quiet(AT + timedelta(hours=h), city) for h in range(24))


@pytest.mark.parametrize(("key", "value"), [("quiet_from", 24), ("quiet_until", -1)])
def test_an_hour_that_no_clock_has_is_refused(key: str, value: int) -> None:
    with pytest.raises(CityError, match=f"{key} is no hour"):
        replace(now.CITY, **{key: value})


def test_waits_grow_and_are_bounded() -> None:
    waits = [wait_after(n) for n in range(1, ATTEMPTS + 1)]
    assert waits[0] == MINUTE
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


def test_a_month_is_one_of_the_citys_own_calendar() -> None:
    eve = datetime(2027, 1, 31, 22, 30, tzinfo=UTC)
    assert month_of(eve, now.CITY) == date(2027, 2, 1)
    assert month_of(eve - timedelta(hours=1), now.CITY) == date(2027, 1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("residents")
def test_what_is_sent_at_night_leaves_in_the_morning(sink: Sink) -> None:
    send(letter(1001), at=NIGHT)
    assert Delivery.objects.get().due_at == MORNING
    assert deliver(MORNING - timedelta(seconds=1)) == Delivered()
    assert deliver(MORNING) == Delivered(sent=1)
    assert len(sink.taken) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("residents")
def test_a_job_that_comes_late_at_night_sends_nothing(sink: Sink) -> None:
    send(letter(1001))
    assert deliver(NIGHT) == Delivered()
    assert sink.taken == []
    assert deliver(MORNING) == Delivered(sent=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("residents")
def test_another_try_waits_for_the_morning_too(sink: Sink, settings: Any) -> None:
    settings.CITY = replace(settings.CITY, quiet_from=20, quiet_until=8)
    evening = datetime(2027, 1, 15, 17, 59, 30, tzinfo=UTC)
    sink.asked, sink.every_third_fails = 2, True
    send(letter(1001), at=evening)
    assert deliver(evening) == Delivered(again=1)
    assert Delivery.objects.get().due_at == MORNING
