"""Runs at once, withdrawals meanwhile, and kills at any moment lose and double nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as now
from django.db import connection
from psycopg.conninfo import make_conninfo

from messages.letters import AT, MINUTE, deliver, letter, send, states
from messages.sink import Sink
from stadi.kit.actor import SYSTEM
from stadi.messages import actions as messages
from stadi.messages import channels, delivering
from stadi.messages.domain import ATTEMPTS, SENDING, Delivered
from stadi.messages.models import Delivery
from stadi.record.models import Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("residents")]
ROOT = Path(__file__).parents[2]
KILLS = 8


def at_once(*works: Callable[[], object]) -> list[Thread]:
    def own(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [Thread(target=own, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    return threads


def test_two_runs_at_once_send_everything_once(sink: Sink) -> None:
    send(*(letter(n) for n in range(1001, 1501)))
    sink.slow = 0.001
    for thread in at_once(deliver, deliver):
        thread.join()
    assert sink.connections == 2
    assert set(sink.times().values()) == {1}
    assert len(sink.times()) == 500


def test_one_key_sent_from_two_sides_at_once_is_one_message_and_one_notice(sink: Sink) -> None:
    mine = [letter(n) for n in range(1001, 1301)]
    for thread in at_once(lambda: send(*mine), lambda: send(*reversed(mine))):
        thread.join()
    assert deliver() == Delivered(sent=300)
    assert len(sink.taken) == 300


def test_two_batches_of_the_same_letters_in_another_order_do_not_stand_in_each_others_way() -> None:
    mine = [letter(n, channels=("inbox",)) for n in range(6000)]
    sent: list[int] = []
    works = [lambda m=m: sent.append(send(*m)) for m in (mine, mine[::-1])]
    for thread in at_once(*works):
        thread.join()
    assert sorted(sent) == [0, 6000]


def test_inv_09_no_notice_leaves_after_a_withdrawal_that_met_it_on_its_way(sink: Sink) -> None:
    case, sink.slow = uuid4(), 0.2
    send(*(letter(n, about=case) for n in (1001, 1002, 1003)))
    (thread,) = at_once(deliver)
    while not sink.asked:
        time.sleep(0.001)
    withdrawn = messages.withdraw(about=[case])
    left = len(sink.taken)
    thread.join()
    time.sleep(2 * sink.slow)
    assert (withdrawn, left, len(sink.taken)) == (0, 3, 3)


def test_inv_09_no_notice_leaves_that_was_withdrawn_between_claim_and_sending(sink: Sink) -> None:
    case = uuid4()
    send(letter(1001, about=case), letter(1002))
    claimed = delivering._claim("email", AT)
    assert messages.withdraw(about=[case]) == 1
    channel = channels.there()["email"]
    assert delivering._send(channel, claimed, SYSTEM, AT) == ["sent"]
    channel.close()
    assert [str(mail["To"]) for mail in sink.mails()] == ["r1002@asukas.example"]


def test_a_slow_process_does_not_send_what_another_has_taken_over(sink: Sink) -> None:
    send(letter(1001))
    slow = delivering._claim("email", AT)
    assert delivering._claim("email", AT + SENDING - MINUTE) == []
    fast = delivering._claim("email", AT + SENDING)
    channel = channels.there()["email"]
    assert delivering._send(channel, slow, SYSTEM, AT + SENDING) == []
    assert delivering._send(channel, fast, SYSTEM, AT + SENDING) == ["sent"]
    channel.close()
    assert len(sink.taken) == 1


def test_a_notice_that_breaks_every_process_is_given_up(sink: Sink) -> None:
    send(letter(1001))
    at = AT
    for _ in range(ATTEMPTS):
        (claimed,) = delivering._claim("email", at)
        assert claimed.state == "sending"
        at += SENDING
    assert deliver(at) == Delivered(given_up=1, undelivered=1)
    assert Delivery.objects.get().error == "broken_off"
    assert sink.taken == []


def test_a_fault_of_a_channel_loses_nothing(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    send(letter(1001))
    with monkeypatch.context() as broken:
        broken.setattr("stadi.messages.email.Email.send", fail)
        with pytest.raises(ZeroDivisionError):
            deliver()
    assert Delivery.objects.get().state == "sending"
    assert deliver(AT + SENDING) == Delivered(sent=1)
    assert len(sink.taken) == 1


def test_delivering_inside_somebody_elses_transaction_is_refused(sink: Sink) -> None:
    send(letter(1001))
    with pytest.raises(RuntimeError, match="durable"), delivering.transaction.atomic():
        deliver()
    assert sink.taken == []


@pytest.fixture
def child(sink: Sink, settings: Any) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Starts a process that delivers from the tests' database to the sink."""
    del sink
    name = str(now.DATABASES["default"]["NAME"])
    env = os.environ | {
        "DATABASE_URL": make_conninfo(os.environ["DATABASE_URL"], dbname=name),
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
        **{key: getattr(settings, key) for key in ("STADI_SMTP", "STADI_MAIL_FROM", "STADI_URL")},
    }

    def start(at: datetime, *steps: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "messages.child", at.isoformat(), *steps]
        return subprocess.Popen(command, env=env)

    return start


@pytest.mark.parametrize(
    ("step", "doubled"),
    [
        ("delivering._climb", 0),
        ("delivering._claim", 0),
        ("email.Email.send", 10),
        ("delivering._send", 0),
        ("delivering._tell_undelivered", 0),
    ],
)
def test_a_kill_between_two_steps_loses_nothing_and_doubles_only_what_was_not_marked(
    sink: Sink, child: Callable[..., "subprocess.Popen[bytes]"], step: str, doubled: int
) -> None:
    sink.refused = {"r1005@asukas.example"}
    send(*(letter(n, about=uuid4()) for n in range(1001, 1012)))
    if step == "delivering._tell_undelivered":
        child(AT, "delivering._send").wait(60)
    assert child(AT, step).wait(60) == -signal.SIGKILL
    deliver(AT)
    deliver(AT + SENDING)
    assert sorted(states().values()) == [("refused", "550"), *[("sent", "")] * 10]
    assert len(sink.times()) == 10
    assert sink.times().total() == 10 + doubled
    told = Entry.objects.filter(kind="messages.undelivered")
    assert [entry.body["recipient"] for entry in told] == [1005]


def test_a_kill_at_any_moment_loses_nothing_and_doubles_only_the_same_message(
    sink: Sink, child: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    lot = random.Random(2027)  # noqa: S311 - a lot, not a secret
    send(*(letter(n) for n in range(1001, 1701)))
    sink.slow, at = 0.001, AT
    for _ in range(KILLS):
        reached, goal = Event(), len(sink.taken) + lot.randrange(1, 130)
        sink.heard = lambda number, r=reached, g=goal: r.set() if number >= g else None
        running = child(at)
        assert reached.wait(60)
        time.sleep(lot.uniform(0, 0.02))
        running.kill()
        running.wait()
        at += SENDING
    while Delivery.objects.filter(state__in=("queued", "sending")).exists():
        at += SENDING
        deliver(at)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    times = sink.times()
    assert set(times) == {str(key) for key in Delivery.objects.values_list("id", flat=True)}
    assert times.total() - 700 <= KILLS * delivering.BATCH
    pairs = {(str(mail["To"]), str(mail["Message-ID"])) for mail in sink.mails()}
    assert len(pairs) == 700
