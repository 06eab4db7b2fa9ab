"""What people see, through Django's test client."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation

from stadi.kit.actor import SYSTEM
from stadi.offers.actions import clock, reading
from stadi.offers.actions.letters import LINK
from stadi.offers.domain import STATES, STEPS
from stadi.offers.models import Case, Note, Offer, Opening, Recipient, Transition
from stadi.offers.pages import words
from stadi.offers.pages.maps import Point, draw
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
@pytest.mark.parametrize(
    "path", ["sign-in", "", "messages", "staff/", "staff/decisions", "insight/reach"]
)
def test_every_page_answers_in_every_language(language: str, path: str):
    person = {"staff/": 20, "staff/decisions": 21, "insight/reach": 21}.get(path, 1)
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
    ("person", "path"),
    [(1, "staff/"), (1, "staff/decisions"), (20, "messages"), (4, "insight/reach")],
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


@pytest.mark.parametrize("person", [1, 20])
def test_a_get_of_any_address_changes_nothing(person: int):
    """Whoever scans mail follows every link in it, signed in or not."""
    client, mine = _as(person), Recipient.objects.get(person=1)
    case = mine.offer_id
    if person == 20:
        client.post(f"/en/staff/cases/{case}/open", {"why": "check"})
    before = _footprint()
    names = {"link": mine.id, "case": case, "question": uuid4(), "message": uuid4()}
    names |= {"who": "me", "fact": "people.birth_date", "correction": uuid4()}
    for route in _routes(get_resolver().url_patterns):
        for act in ("send", "withdraw", "close", "note"):
            given = {**names, "token": LINK.sign(mine.id.hex), "name": act, "service": "preschool"}
            wanted = {k: v for k, v in given.items() if k in route.pattern.converters}
            with translation.override("en"):
                address = reverse(route.name, kwargs=wanted)
            assert client.get(address).status_code < 500, address
            assert client.head(address).status_code < 500, address
    assert _footprint() == before


def _footprint() -> tuple[Any, ...]:
    states = tuple(Case.objects.order_by("id").values_list("id", "state", "reason"))
    return states, Transition.objects.count(), Note.objects.count(), Opening.objects.count()


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


def test_a_yes_after_a_no_goes_to_a_person():
    client = _as(4)
    receipt = client.post(f"{_offer(4)}/no", follow=True).content.decode()
    assert "I changed my mind" in receipt
    page = client.post(f"{_offer(4)}/accept", follow=True).content.decode()
    assert "A person looks at this" in page
    assert "ordinary application" in page


def test_an_answer_after_the_time_is_told_in_words():
    Offer.objects.filter(recipient__person=4).update(expires_at=record.now())
    page = _as(4).post(f"{_offer(4)}/accept")
    assert page.status_code == 409
    assert "no longer open" in page.content.decode()


def test_stopping_the_service_takes_the_offer_away():
    client = _as(4)
    assert "Stop this service?" in client.get(f"{_offer(4)}/stop").content.decode()
    home = client.post(f"{_offer(4)}/stop", follow=True).content.decode()
    assert "The service was stopped" in home
    assert "esiopetus" not in home.split("Ready for you")[1].split("Your answers")[0].lower()


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
    with django_assert_max_num_queries(24):
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
    at = record.advance(by=SYSTEM, step=timedelta(days=15))
    assert "The time ran out" in _as(1).get(_offer(1)).content.decode()
    for days in (0, 8):  # nobody was reminded yet: silence is asked once more
        clock.tick(by=SYSTEM, at=at + timedelta(days=days))
    assert "A person will contact you" in _as(1).get("/en/").content.decode()
    assert "No answer came in time" in _as(20).get("/en/staff/").content.decode()


def test_every_fact_that_was_used_is_told_and_no_home_point_is_shown():
    page = _as(1).get(_offer(1)).content.decode()
    for name in ("Home point", "Guardians", "Contact language", "Safety ban", "Present unit"):
        assert name in page, name
    assert "on record" in page


def test_pages_stay_out_of_every_cache():
    assert "no-store" in _as(1).get("/en/").headers["Cache-Control"]


def test_the_language_links_keep_the_address_whatever_it_is():
    page = _as(1).get("/en/o/forged").content.decode()
    assert 'href="/sv/o/forged"' in page


# ── what one may do beside yes and no ────────────────────────────────────────────────────────


def test_a_guardian_chooses_another_place_and_it_is_a_yes():
    client, before = _as(1), Offer.objects.get(recipient__person=1)
    page = client.get(_offer(1)).content.decode()
    assert page.count("Choose this") == len(before.others) > 0
    unit = before.others[0][0]
    receipt = client.post(f"{_offer(1)}/choose", {"unit": unit}, follow=True).content.decode()
    assert "You said yes" in receipt
    assert Offer.objects.get(recipient__person=1).unit == unit


@pytest.mark.parametrize("unit", ["", "0", "99999999", "x", "-1", "9" * 40])
def test_a_place_that_was_not_shown_cannot_be_chosen(unit: str):
    page = _as(1).post(f"{_offer(1)}/choose", {"unit": unit})
    assert page.status_code == 409
    assert Case.objects.get(offer__recipient__person=1).state == "offered"


def test_a_place_that_was_just_taken_is_told_in_words_and_the_own_one_stays_held():
    from django.db import connection  # noqa: PLC0415 - beside its use

    unit = Offer.objects.get(recipient__person=1).others[0][0]
    with connection.cursor() as cursor:
        cursor.execute("update fulfil_capacity set places = 0 where unit = %s", [unit])
    page = _as(1).post(f"{_offer(1)}/choose", {"unit": unit})
    assert page.status_code == 409
    assert "Somebody else got it" in page.content.decode()
    assert "Accept" in _as(1).get(_offer(1)).content.decode()


def test_asking_a_person_keeps_the_offer_and_says_what_happens():
    page = _as(1).post(f"{_offer(1)}/ask", follow=True).content.decode()
    assert "A person looks at this and will contact you" in page
    assert "Asked" not in _as(2).get("/en/").content.decode()
    assert "With a person" in _as(2).get(_offer(2)).content.decode()


def test_the_other_guardian_may_disagree_and_then_a_person_decides():
    _as(1).post(f"{_offer(1)}/accept")
    other = _as(2)
    assert "I do not agree" in other.get("/en/").content.decode()
    page = other.post(f"{_offer(2)}/no", follow=True).content.decode()
    assert "A person looks at this" in page
    assert Case.objects.get(offer__recipient__person=1).reason == "answers_differ"
    assert "With a person" in _as(1).get(_offer(1)).content.decode()


def test_the_map_shows_the_home_to_those_alone_who_live_in_it():
    mine, theirs = (_as(p).get(_offer(p)).content.decode() for p in (1, 2))
    assert "The places and your home on a map" in mine
    assert "<svg viewBox" in mine
    assert "The places and your home on a map" not in theirs
    assert "Choose this" in theirs


def test_inv_31_a_ban_leaves_no_place_no_map_no_distance_and_no_decision():
    from django.db import connection  # noqa: PLC0415 - beside its use

    names = [*Offer.objects.get(recipient__id=_offer(4).rsplit("/", 1)[1]).others]
    assert names
    with connection.cursor() as cursor:
        cursor.execute("update people_contact set safety_ban = true where subject = 4")
        cursor.execute("select name from twin_unit")
        units = [row[0] for row in cursor.fetchall()]
    page = _as(4).get(_offer(4)).content.decode()
    for words_ in (*units, "on a map", "about ", "Choose this", ">Accept<"):
        assert words_ not in page, words_
    assert _as(4).get(f"{_offer(4)}/decision").status_code == 404


def test_a_map_keeps_its_markers_apart_and_inside():
    home, near = Point(x=0, y=0), Point(x=1, y=1)
    far = Point(x=4_000, y=-900)
    drawn = draw(home=home, places=[("a", near), ("b", near), ("c", home), ("d", far)])
    spots = [drawn.home, *((m.x, m.y) for m in drawn.markers)]
    assert [m.number for m in drawn.markers] == [1, 2, 3, 4]
    for i, (x, y) in enumerate(spots):
        assert 0 < x < drawn.width
        assert 0 < y < drawn.height
        assert all(abs(x - a) + abs(y - b) > 12 for a, b in spots[:i])
    assert 0 < drawn.scale <= drawn.width / 3


def test_a_map_of_one_point_can_be_drawn():
    drawn = draw(home=Point(x=5, y=5), places=[("a", Point(x=5, y=5))])
    assert drawn.markers[0].words == "a"


# ── every state in words ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("state", sorted(set(STATES) - {"erased"}))
def test_every_state_has_a_page_and_the_ordinary_application_beside_it(state: str, language: str):
    ended = {"measured": "fulfilled", "closed": "unanswered"}.get(state, state)
    ends = state in ("measured", "closed", *words.STATES) and state not in (
        *("held", "contested", "accepted", "undelivered"),
    )
    Case.objects.filter(offer__recipient__person=1).update(
        state=state, ended=ended if ends else "", deadline=record.now(), reason="by_the_city"
    )
    client = _as(1)
    page = client.get(_offer(1).replace("/en/", f"/{language}/")).content.decode()
    apply = {"fi": "hakea tavalliseen", "sv": "vanliga ansökan", "en": "ordinary application"}
    assert apply[language] in page
    assert client.get(f"/{language}/").status_code == 200


def test_every_step_reason_and_state_has_words():
    assert {f"step.{name}" for name in STEPS} <= set(words.EVENTS)
    assert set(STATES) - {"erased"} <= set(words.CASE_STATES)


def test_a_withdrawn_offer_says_why_in_words():
    client = _as(4)
    Case.objects.filter(offer__recipient__person=4).update(
        state="withdrawn", ended="withdrawn", reason="left_the_city"
    )
    page = client.get(_offer(4)).content.decode()
    assert "no longer lives in the city" in page
    assert client.post(f"{_offer(4)}/accept").status_code == 409
    assert client.post(f"{_offer(4)}/choose", {"unit": "1"}).status_code == 409


def test_inv_28_a_superseded_link_is_a_page_of_words():
    client, old = _as(4), _offer(4)
    Recipient.objects.filter(id=old.rsplit("/", 1)[1]).update(id=uuid4())
    for path in ("", "/no", "/receipt", "/decision", "/contest"):
        page = client.get(f"{old}{path}")
        assert page.status_code == 404, path
        assert "a newer proposal took the place" in page.content.decode()
    assert client.post(f"{old}/accept").status_code == 404


def test_an_expired_link_shows_the_offer_and_no_button():
    client = _as(4)
    Offer.objects.filter(recipient__person=4).update(expires_at=record.now())
    page = client.get(_offer(4)).content.decode()
    assert "The time ran out" in page
    assert ">Accept<" not in page
    assert "Choose this" not in page


# ── this is not right ────────────────────────────────────────────────────────────────────────

STRANGE = "<script>alert(1)</script> 😀 \u202eevil\u202c " + "x" * 200


def test_a_contest_needs_words_and_is_kept_as_text():
    client = _as(4)
    assert "Say what is not right" in client.get(_offer(4)).content.decode()
    empty = client.post(f"{_offer(4)}/contest", {"text": "  "})
    assert empty.status_code == 400
    assert "Write a reason" in empty.content.decode()
    page = client.post(f"{_offer(4)}/contest", {"text": STRANGE}, follow=True).content.decode()
    assert "Looked at again" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 😀" in page
    assert client.post(f"{_offer(4)}/accept").status_code == 409


def test_after_the_term_nothing_can_be_contested():
    client = _as(4)
    Case.objects.filter(offer__recipient__person=4).update(since=record.now() - timedelta(days=15))
    assert "Say what is not right" not in client.get(_offer(4)).content.decode()
    assert client.post(f"{_offer(4)}/contest", {"text": "late"}).status_code == 409


def test_what_one_guardian_wrote_is_not_shown_to_the_other():
    _as(1).post(f"{_offer(1)}/contest", {"text": "A private worry."})
    assert "A private worry." in _as(1).get(_offer(1)).content.decode()
    assert "A private worry." not in _as(2).get(_offer(2)).content.decode()


def test_an_actor_of_another_kind_answers_for_nobody():
    page = _as(20).post(f"{_offer(1)}/accept")
    assert page.status_code == 403
