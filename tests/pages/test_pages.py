"""What people see, through Django's test client."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from stadi.offers.actions import reading
from stadi.offers.models import Case
from stadi.record import actions as record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


def _as(person: int) -> Client:
    client = Client()
    answer = client.post("/en/sign-in", {"person": str(person)})
    assert answer.status_code == 302
    return client


def _offer(person: int) -> str:
    (found,) = [r for r in reading.of_person(person) if r.offer.case.service == "preschool"]
    return f"/en/offers/{found.id}"


def _routes(patterns: list[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns)
        else:
            yield pattern


def test_every_route_says_who_may_open_it():
    for route in _routes(get_resolver().url_patterns):
        assert getattr(route.callback, "open_to", None), route.name


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("path", ["sign-in", "", "messages", "staff/", "insight/reach"])
def test_every_page_answers_in_every_language(language: str, path: str):
    person = {"staff/": 20, "insight/reach": 21}.get(path, 1)
    page = _as(person).get(f"/{language}/{path}")
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.content.decode()
    assert page.content.decode().count("<h1") == 1


def test_a_guest_is_sent_to_the_sign_in_and_comes_back():
    answer = Client().get("/en/messages")
    assert answer.headers["Location"] == "/en/sign-in?next=/en/messages"
    client = Client()
    back = client.post("/en/sign-in", {"person": "1", "next": "/en/messages"})
    assert back.headers["Location"] == "/en/messages"


def test_sign_in_never_sends_to_another_origin():
    answer = Client().post("/en/sign-in", {"person": "1", "next": "https://example.org/"})
    assert answer.headers["Location"] == "/en/"


@pytest.mark.parametrize(
    ("person", "path"), [(1, "staff/"), (20, "messages"), (4, "insight/reach")]
)
def test_nobody_opens_a_page_of_another_role(person: int, path: str):
    assert _as(person).get(f"/en/{path}").status_code == 403


def test_a_guardian_accepts_with_one_tap_and_sees_a_receipt():
    client = _as(1)
    home = client.get("/en/").content.decode()
    assert "Why am I seeing this?" in home
    assert "The child turns six this year" in home
    answer = client.post(f"{_offer(1)}/accept", follow=True)
    assert answer.status_code == 200
    assert "Undo" in answer.content.decode()
    client.post(f"{_offer(1)}/undo")
    assert "Why am I seeing this?" in client.get("/en/").content.decode()


def test_a_get_never_acts():
    client, before = _as(1), list(Case.objects.values_list("state", flat=True).order_by("id"))
    for path in ("", "/no", "/receipt", "/accept", "/undo", "/stop"):
        client.get(f"{_offer(1)}{path}")
    client.get("/en/messages")
    assert list(Case.objects.values_list("state", flat=True).order_by("id")) == before


def test_opening_the_message_is_what_makes_an_offer_seen():
    client = _as(1)
    inbox = client.get("/en/messages").content.decode()
    (target,) = re.findall(r'action="(/en/messages/[0-9a-f-]+)"', inbox)[:1]
    answer = client.post(target, follow=True)
    assert answer.status_code == 200
    (found,) = reading.of_person(1)
    assert found.offer.case.state == "seen"


def test_a_link_shows_nothing_personal_before_sign_in():
    from stadi.messages import actions as messages  # noqa: PLC0415 - beside what it shows

    link = messages.inbox(recipient=1)[0].link.replace("/fi/", "/en/")
    page = Client().get(link).content.decode()
    assert "Eino" not in page
    assert "Virtala" not in page
    assert _as(4).get(link, follow=True).status_code == 404


def test_a_forged_link_is_answered_in_words():
    page = Client().get("/en/o/00000000000000000000000000000000:forged")
    assert page.status_code == 404
    assert "The link is not complete" in page.content.decode()


def test_somebody_elses_offer_is_not_shown():
    assert _as(4).get(_offer(1)).status_code == 404
    assert _as(4).post(f"{_offer(1)}/accept").status_code == 404


def test_an_answer_that_comes_twice_is_told_in_words():
    client = _as(4)
    client.post(f"{_offer(4)}/no")
    page = client.post(f"{_offer(4)}/accept")
    assert page.status_code == 409
    assert "no longer open" in page.content.decode()


def test_stopping_the_service_takes_the_offer_away():
    client = _as(4)
    assert "Stop this service?" in client.get(f"{_offer(4)}/stop").content.decode()
    home = client.post(f"{_offer(4)}/stop", follow=True).content.decode()
    assert "The service was stopped" in home
    assert "Accept" not in home


def test_the_family_with_a_safety_ban_sees_no_place_anywhere():
    page = _as(6).get("/en/").content.decode()
    assert "Accept" not in page
    staff = _as(20).get("/en/staff/").content.decode()
    assert "Rantavuo" not in staff


def test_the_policy_lets_nothing_in_from_outside():
    policy = _as(1).get("/en/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_home_asks_the_database_a_bounded_number_of_times(
    django_assert_max_num_queries: Any,
):
    client = _as(1)
    client.get("/en/")
    with django_assert_max_num_queries(20):
        client.get("/en/")


def test_only_a_demo_has_a_picker():
    record.Clock.objects.update(mode="real")
    assert "Aino" not in Client().get("/en/sign-in").content.decode()


@pytest.mark.parametrize(("person", "start"), [(20, "/en/staff/"), (21, "/en/insight/reach")])
def test_staff_begin_on_a_page_of_their_own(person: int, start: str):
    client = Client()
    answer = client.post("/en/sign-in", {"person": str(person), "next": "/en/"})
    assert answer.headers["Location"] == start
    assert client.get("/en/").headers["Location"] == start


def test_the_other_guardian_is_told_who_answered_and_cannot_undo_it():
    _as(1).post(f"{_offer(1)}/accept")
    other = _as(2)
    home = other.get("/en/").content.decode()
    assert "The other guardian said yes" in home
    assert "You said yes" not in home
    assert other.post(f"{_offer(2)}/undo").status_code == 409


def test_a_guardian_in_another_home_learns_no_distance_from_the_childs():
    mine, theirs = (_as(p).get(_offer(p)).content.decode() for p in (1, 2))
    assert "From home" in mine
    assert "From home" not in theirs
    assert not re.search(r"\babout \d", theirs, re.IGNORECASE)


def test_a_ban_that_comes_after_the_offer_hides_the_place_and_closes_the_tap():
    from django.db import connection  # noqa: PLC0415 - beside its use

    with connection.cursor() as cursor:
        cursor.execute("update people_contact set safety_ban = true where subject = 5")
    client = _as(4)
    page = client.get(_offer(4)).content.decode()
    assert "Esiopetus" not in page.replace("Esiopetuspaikka", "")
    assert client.post(f"{_offer(4)}/accept").status_code == 409


def test_an_offer_whose_time_ran_out_stays_visible_and_is_with_a_person():
    from datetime import timedelta  # noqa: PLC0415 - beside its use

    from stadi.kit.actor import SYSTEM  # noqa: PLC0415
    from stadi.offers.actions import answers  # noqa: PLC0415

    at = record.advance(by=SYSTEM, step=timedelta(days=15))
    assert "The time ran out" in _as(1).get(_offer(1)).content.decode()
    answers.expire_due(by=SYSTEM, at=at)
    assert "A person will contact you" in _as(1).get("/en/").content.decode()
    assert "No answer came in time" in _as(20).get("/en/staff/").content.decode()


def test_every_fact_that_was_used_is_told_and_no_home_point_is_shown():
    page = _as(1).get(_offer(1)).content.decode()
    for words in ("Home point", "Guardians", "Contact language", "Safety ban", "Present unit"):
        assert words in page, words
    assert "on record" in page


def test_pages_stay_out_of_every_cache():
    assert "no-store" in _as(1).get("/en/").headers["Cache-Control"]


def test_the_language_links_keep_the_address_whatever_it_is():
    page = _as(1).get("/en/o/forged").content.decode()
    assert 'href="/sv/o/forged"' in page
