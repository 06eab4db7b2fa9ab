"""Notices leave through a real mail server that fails, refuses, drops and keeps silent."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from messages.letters import AT, MINUTE, deliver, letter, send, states
from messages.sink import Sink
from stadi.kit.actor import Actor
from stadi.messages import actions as messages
from stadi.messages.channels import ChannelError
from stadi.messages.domain import ATTEMPTS, Delivered, Notice
from stadi.messages.email import Email, MailSettingError, Server, server_of
from stadi.messages.models import Delivery
from stadi.people.models import Identity

pytestmark = pytest.mark.django_db(transaction=True)
usual = pytest.mark.usefixtures("residents")


def to(sink: Sink) -> list[str]:
    return sorted(str(mail["To"]) for mail in sink.mails())


@usual
def test_a_queued_notice_leaves_once_over_one_connection(sink: Sink) -> None:
    send(*(letter(n) for n in range(1001, 1301)))
    assert deliver() == Delivered(sent=300)
    assert deliver() == deliver(AT + timedelta(days=30)) == Delivered()
    assert to(sink) == sorted(f"r{n}@asukas.example" for n in range(1001, 1301))
    assert sink.connections == 1
    assert set(states().values()) == {("sent", "")}


@usual
def test_a_server_that_fails_every_third_mail_gets_every_one_in_the_end(sink: Sink) -> None:
    sink.every_third_fails = True
    send(*(letter(n) for n in range(1001, 1051)))
    first = deliver()
    assert (first.sent, first.again) == (34, 16)
    assert deliver() == Delivered()  # not before a minute has passed
    runs, at = 1, AT
    while Delivery.objects.exclude(state="sent").exists():
        at, runs = at + timedelta(hours=1), runs + 1
        deliver(at)
    assert runs < ATTEMPTS
    assert len(to(sink)) == len(set(to(sink))) == 50


@usual
def test_a_notice_is_tried_later_and_later_and_given_up_after_the_last_try(sink: Sink) -> None:
    send(letter(1001))
    waits, at, got = [], AT, Delivered()
    for _ in range(ATTEMPTS):
        sink.asked, sink.every_third_fails = 2, True
        got = deliver(at)
        due = Delivery.objects.get().due_at
        if due is not None:
            waits.append((due - at) // MINUTE)
            at = due
    assert got == Delivered(given_up=1, undelivered=1)
    assert waits[:3] == [1, 5, 25]
    assert waits == sorted(waits[:4]) + waits[4:]
    assert states() == {1001: ("given_up", "451")}
    assert deliver(at + timedelta(days=9)) == Delivered()


@usual
def test_what_a_server_refuses_for_good_is_not_tried_again(sink: Sink) -> None:
    sink.refused = {"r1002@asukas.example"}
    send(letter(1001), letter(1002), letter(1003))
    assert deliver() == Delivered(sent=2, refused=1, undelivered=1)
    assert deliver(AT + timedelta(days=1)) == Delivered()
    assert states()[1002] == ("refused", "550")


@usual
def test_a_server_that_refuses_the_city_refuses_no_recipient_for_good(sink: Sink) -> None:
    sink.sender_refused = True
    send(*(letter(n) for n in range(1001, 1301)))
    assert deliver() == Delivered(again=100)  # the channel rests after a batch in vain
    sink.sender_refused = False
    assert deliver(AT + MINUTE) == Delivered(sent=300)


@usual
@pytest.mark.parametrize("how", ["drops", "goodbyes"])
def test_a_connection_that_is_lost_costs_one_notice_a_try(sink: Sink, how: str) -> None:
    setattr(sink, how, {3, 7})
    send(*(letter(n) for n in range(1001, 1011)))
    assert deliver() == Delivered(sent=8, again=2)
    assert deliver(AT + MINUTE) == Delivered(sent=2)
    assert len(sink.times()) == 10
    # what was taken and never answered for comes once more, as the same message
    assert max(sink.times().values()) == (2 if how == "drops" else 1)


@usual
def test_a_server_that_is_not_there_costs_a_batch_one_try(settings: Any) -> None:
    settings.STADI_SMTP = "smtp://127.0.0.1:9"
    settings.STADI_MAIL_FROM, settings.STADI_URL = "a@b.example", "http://c.example"
    send(*(letter(n) for n in range(1001, 1301)))
    Identity.objects.filter(subject__in=range(1001, 1301, 2)).update(email=None)
    got = deliver()
    assert got.again + got.refused == 100
    assert set(states().values()) == {
        ("queued", ""),
        ("queued", "no_connection"),
        ("refused", "no_address"),
    }


@usual
def test_a_password_never_goes_in_the_clear(sink: Sink, settings: Any) -> None:
    settings.STADI_SMTP = settings.STADI_SMTP.replace("//", "//user:secret@")
    send(letter(1001), letter(1002), letter(1003))
    assert deliver() == Delivered(again=3)
    assert states()[1001] == ("queued", "no_cipher")
    assert (sink.connections, sink.taken) == (1, [])  # one look at the server is enough
    assert "secret" not in repr(server_of(settings.STADI_SMTP))


@usual
def test_without_a_mail_server_the_inbox_is_all() -> None:
    send(letter(1001))
    assert deliver() == Delivered()
    assert not Delivery.objects.exists()
    assert messages.unread(recipient=1001) == 1


@usual
def test_a_channel_that_nobody_built_is_refused_and_nothing_is_sent() -> None:
    with pytest.raises(
        ChannelError, match="no channel is called pigeon: write one of inbox, email"
    ):
        send(letter(1001), letter(1002, channels=("inbox", "pigeon")))
    assert messages.unread(recipient=1001) == 0


@usual
def test_whoever_has_no_address_is_told_of_as_undelivered(sink: Sink) -> None:
    send(letter(2001))
    assert deliver() == Delivered(refused=1, undelivered=1)
    assert states() == {2001: ("refused", "no_address")}
    assert sink.taken == []


@pytest.mark.parametrize(
    "address",
    [
        "r1@asukas.example\r\nBcc: all@asukas.example",
        "r1@asukas.example\nBcc: all@asukas.example",
        "r1@asukas.example, all@asukas.example",
        "r1 <all@asukas.example>",
        "<r1@asukas.example>",
        "r1@asukas.example> RCPT TO:<all@asukas.example",
        "r\u00e4@asukas.example",
        "@asukas.example",
        "r1",
        "",
        "r1@" + 63 * "a" + ".example" * 40,
    ],
)
def test_an_address_that_could_break_a_header_is_refused_for_good(sink: Sink, address: str) -> None:
    Identity.objects.create(subject=1, given_name="a", family_name="b", email=address or " ")
    send(letter(1))
    assert deliver() == Delivered(refused=1, undelivered=1)
    assert states() == {1: ("refused", "bad_address")}
    assert (sink.asked, sink.taken) == (0, [])


@usual
def test_inv_08_a_notice_holds_nothing_of_the_person_the_service_or_the_case(sink: Sink) -> None:
    send(*(letter(1001 + i, language=x, about=uuid4()) for i, x in enumerate(("fi", "sv", "en"))))
    send(letter(1004, language=""), letter(1005, language="ti"))
    deliver()
    assert len(sink.taken) == 5
    for text in sink.taken:
        for word in (b"CANARY", b"Kanaria", b"Kelta", b"offer", b"preschool"):
            assert word not in text
    fi, sv, en, *both = (mail.get_content() for mail in sorted(sink.mails(), key=lambda m: m["To"]))
    assert fi.split()[-1] == "https://portal.stadi.example/fi/messages"
    assert "Ett meddelande v\u00e4ntar" in sv
    assert "A message waits" not in sv
    assert "A message waits" in en
    for words in both:
        assert words.split()[-1] == "https://portal.stadi.example/messages"
        assert all(x in words for x in ("odottaa viesti", "Ett meddelande", "A message waits"))


@usual
@pytest.mark.parametrize("path", ["/sv/messages", "/messages"])
def test_the_link_of_a_notice_shows_nothing_before_sign_in(path: str) -> None:
    answer = Client().get(path, follow=True, headers={"accept-language": "sv"})
    assert answer.redirect_chain[-1][0] == "/sv/sign-in?next=/sv/messages"
    assert b"Kanarialintu" not in answer.content


@usual
def test_a_notice_is_a_whole_mail_in_the_form_of_rfc_5322(sink: Sink) -> None:
    long = f"{64 * 'a'}@{'b' * 60}.{'c' * 60}.{'d' * 50}.example"
    Identity.objects.filter(subject=1001).update(email=long)
    send(letter(1001, language=""))
    deliver()
    (mail,) = sink.mails()
    (raw,) = sink.taken
    assert mail.defects == []
    assert [d for header in mail.values() for d in header.defects] == []
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version"):
        assert len(mail.get_all(name)) == 1
    assert mail["To"].addresses[0].addr_spec == long
    assert mail["From"].addresses[0].addr_spec == "city@stadi.example"
    assert mail["Date"].datetime == AT
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert str(mail["Message-ID"]) == f"<{Delivery.objects.get().id}@stadi.example>"
    lines = raw.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) < 998
    assert raw.isascii()


def test_the_same_notice_is_the_same_message() -> None:
    here = Email(
        server=Server(scheme="smtp", host="h", port=25), sender="city@stadi.example", city="Stadi"
    )
    notice = Notice(
        recipient=1, address="r1@asukas.example", language="sv", key="k", link="https://x", at=AT
    )
    assert here.mail(notice) == here.mail(notice)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STADI_SMTP", "mail.example.org"),
        ("STADI_SMTP", "http://mail.example.org"),
        ("STADI_SMTP", "smtp://mail.example.org:many"),
        ("STADI_SMTP", "smtp://user:CANARY@:25"),
        ("STADI_MAIL_FROM", ""),
        ("STADI_MAIL_FROM", "a@b.example\nBcc: c@d.example"),
        ("STADI_URL", ""),
        ("STADI_URL", "portal.example"),
    ],
)
@pytest.mark.usefixtures("sink")
def test_a_setting_of_mail_that_is_wrong_is_named_and_never_shown(
    settings: Any, name: str, value: str
) -> None:
    setattr(settings, name, value)
    with pytest.raises(MailSettingError, match=f"^{name} is no address such as ") as refused:
        send(letter(1001))
    assert "CANARY" not in str(refused.value)
    assert messages.unread(recipient=1001) == 0


def test_an_address_of_a_server_is_read_with_its_parts() -> None:
    read = server_of("smtps://me%40x:p%3Aw@mail.example.org")
    assert (read.scheme, read.host, read.port) == ("smtps", "mail.example.org", 465)
    assert (read.user, read.password) == ("me@x", "p:w")
    assert server_of("smtp://mail.example.org:2525").port == 2525


@usual
def test_opening_a_message_keeps_its_notice_from_leaving(sink: Sink) -> None:
    send(letter(1001), letter(1002))
    (mine,) = messages.inbox(recipient=1001)
    messages.open_message(message=mine.id, by=Actor(kind="resident", id=1001), at=AT)
    assert deliver() == Delivered(sent=1)
    assert to(sink) == ["r1002@asukas.example"]
    assert states()[1001] == ("cancelled", "opened")


@usual
def test_a_notice_that_waits_for_another_try_is_dropped_once_the_message_is_opened(
    sink: Sink,
) -> None:
    sink.asked, sink.every_third_fails = 2, True
    send(letter(1001))
    assert deliver() == Delivered(again=1)
    (mine,) = messages.inbox(recipient=1001)
    Delivery.objects.update(state="sending")  # opened while it was under way
    messages.open_message(message=mine.id, by=Actor(kind="resident", id=1001), at=AT)
    assert deliver(AT + MINUTE) == Delivered()
    assert states()[1001] == ("cancelled", "opened")
    assert sink.taken == []
