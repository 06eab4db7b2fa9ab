"""A notice climbs from channel to channel; a message that nothing tells of is told of above."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from messages.letters import AT, deliver, letter, send
from messages.sink import Sink
from stadi.kit.actor import Actor
from stadi.messages import actions as messages
from stadi.messages import channels
from stadi.messages.domain import Delivered, Letter, Notice, Outcome
from stadi.messages.models import Delivery
from stadi.record.models import Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("residents")]
LADDER = ("inbox", "email", "sms", "letter")
DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Plug:
    """A channel of a company's own: it keeps what it is given, and answers as it is told."""

    name: str
    answer: Outcome = Outcome(state="sent")  # noqa: RUF009 - frozen
    patience: timedelta = timedelta(days=5)
    given: list[Notice] = field(default_factory=list)
    closed: int = 0

    def addresses(self, people: Collection[int]) -> dict[int, str]:
        return {n: f"+358 {n}" for n in people}

    def send(self, notices: Sequence[Notice]) -> list[Outcome]:
        self.given += notices
        return [self.answer for _ in notices]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def sms(monkeypatch: pytest.MonkeyPatch) -> Plug:
    made = Plug(name="sms")
    monkeypatch.setitem(channels.PLUGS, "sms", lambda: made)
    return made


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Plug:
    made = Plug(name="letter")
    monkeypatch.setitem(channels.PLUGS, "letter", lambda: made)
    return made


def asked(person: int = 1001, about: UUID | None = None, rungs: int = 3) -> Letter:
    return letter(person, channels=LADDER[:rungs], about=about)


def ladder() -> list[tuple[str, str, str]]:
    rows = Delivery.objects.order_by("rung")
    return list(rows.values_list("channel", "state", "error"))


def undelivered() -> list[tuple[object, object]]:
    found = Entry.objects.filter(kind="messages.undelivered").order_by("id")
    return [(entry.case, entry.body) for entry in found]


def test_only_the_first_channel_is_tried_at_first(sink: Sink, sms: Plug, post: Plug) -> None:
    send(asked(rungs=4))
    assert deliver() == Delivered(sent=1)
    assert (len(sink.taken), sms.given, post.given) == (1, [], [])
    assert ladder() == [("email", "sent", ""), ("sms", "waiting", ""), ("letter", "waiting", "")]


def test_the_next_channel_is_tried_at_once_where_one_refuses_for_good(
    sink: Sink, sms: Plug, post: Plug
) -> None:
    sink.refused = {"r1001@asukas.example"}
    send(asked(rungs=4))
    assert deliver() == Delivered(refused=1, sent=1)
    (notice,) = sms.given
    assert (notice.address, notice.link) == (
        "+358 1001",
        "https://portal.stadi.example/fi/messages",
    )
    assert post.given == []
    assert undelivered() == []
    assert (sms.closed, post.closed) == (1, 1)


def test_the_next_channel_is_tried_where_a_message_lies_unopened_for_long(
    sink: Sink, sms: Plug, post: Plug
) -> None:
    send(asked(rungs=4))
    deliver()
    assert deliver(AT + 3 * DAY - timedelta(seconds=1)) == Delivered()
    assert deliver(AT + 3 * DAY) == Delivered(sent=1)
    assert deliver(AT + 7 * DAY) == Delivered()
    assert deliver(AT + 8 * DAY) == Delivered(sent=1)
    assert deliver(AT + 99 * DAY) == Delivered()
    assert (len(sink.taken), len(sms.given), len(post.given)) == (1, 1, 1)
    assert undelivered() == []


def test_no_other_channel_is_tried_once_the_message_is_opened(sink: Sink, sms: Plug) -> None:
    send(asked())
    deliver()
    (mine,) = messages.inbox(recipient=1001)
    messages.open_message(message=mine.id, by=Actor(kind="resident", id=1001), at=AT + DAY)
    assert deliver(AT + 9 * DAY) == Delivered()
    assert (len(sink.taken), sms.given) == (1, [])
    assert ladder() == [("email", "sent", ""), ("sms", "cancelled", "opened")]


def test_what_every_channel_failed_to_tell_of_is_told_of_once(
    sink: Sink, sms: Plug, post: Plug
) -> None:
    case = uuid4()
    sink.refused = {"r1001@asukas.example"}
    sms.answer = post.answer = Outcome(state="refused", error="unknown_number")
    send(asked(about=case, rungs=4), letter(1002))
    assert deliver() == Delivered(refused=3, sent=1, undelivered=1)
    assert deliver(AT + 9 * DAY) == Delivered()
    body = {"key": "CANARY:1001", "recipient": 1001}
    assert [(c, {k: b[k] for k in body}) for c, b in undelivered()] == [(case, body)]


def test_a_message_that_one_channel_told_of_is_not_undelivered(sink: Sink, sms: Plug) -> None:
    sms.answer = Outcome(state="refused", error="unknown_number")
    send(asked())
    deliver()
    assert deliver(AT + 3 * DAY) == Delivered(refused=1)
    assert (len(sink.taken), undelivered()) == (1, [])


def test_a_message_that_was_opened_is_not_undelivered(sink: Sink) -> None:
    sink.refused = {"r1001@asukas.example"}
    send(letter(1001))
    (mine,) = messages.inbox(recipient=1001)
    Delivery.objects.update(state="sending")  # opened while the server still thinks
    messages.open_message(message=mine.id, by=Actor(kind="resident", id=1001), at=AT)
    Delivery.objects.update(state="refused")
    assert deliver() == Delivered()
    assert undelivered() == []


def test_a_channel_that_the_city_does_not_have_is_skipped(sms: Plug, post: Plug) -> None:
    send(asked(rungs=4))
    assert deliver() == Delivered(sent=1)
    assert len(sms.given) == 1
    assert ladder() == [("sms", "sent", ""), ("letter", "waiting", "")]
    assert post.given == []


def test_a_notice_waits_for_a_channel_that_is_away_for_a_while(
    sms: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(asked())
    with monkeypatch.context() as away:
        away.setitem(channels.PLUGS, "sms", lambda: None)
        assert deliver() == Delivered()
    assert deliver() == Delivered(sent=1)
    assert len(sms.given) == 1


def test_a_withdrawn_case_climbs_no_further(sink: Sink, sms: Plug) -> None:
    case, other = uuid4(), uuid4()
    send(asked(1001, case), asked(1002, case), asked(1003, other))
    sink.refused = {"r1002@asukas.example"}
    sms.answer = Outcome(state="again", error="busy")
    deliver()
    assert messages.withdraw(about=[case]) == 2
    assert messages.withdraw(about=[case]) == 0
    sms.answer = Outcome(state="sent")
    deliver(AT + 9 * DAY)
    assert {notice.recipient for notice in sms.given[1:]} == {1003}
    assert undelivered() == []
    ended = Delivery.objects.filter(message__about=case, channel="sms")
    assert set(ended.values_list("state", "error")) == {("cancelled", "withdrawn")}


def test_a_notice_withdrawn_before_it_left_never_leaves(sink: Sink) -> None:
    case = uuid4()
    send(letter(1001, about=case), letter(1002), letter(1003, about=uuid4()))
    assert messages.withdraw(about=[case]) == 1
    assert deliver() == Delivered(sent=2)
    assert sorted(str(mail["To"]) for mail in sink.mails()) == [
        "r1002@asukas.example",
        "r1003@asukas.example",
    ]


@pytest.mark.parametrize("at", [AT, AT + 20 * DAY])
def test_jobs_that_come_twice_late_or_in_another_order_change_nothing(
    sink: Sink, sms: Plug, at: datetime
) -> None:
    send(asked(1001), asked(1002))
    for moment in (at, AT, at, AT - DAY, at):
        deliver(moment)
    assert len(sink.taken) == 2
    assert sms.given == []


def test_what_is_erased_of_a_case_is_gone_and_never_told_of(sink: Sink) -> None:
    case = uuid4()
    send(letter(1001, about=case), letter(1002, about=uuid4()))
    messages.erase(about=[case])
    assert deliver() == Delivered(sent=1)
    assert (messages.inbox(recipient=1001), len(sink.taken)) == ([], 1)
