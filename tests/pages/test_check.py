"""Check me and the corrections that follow, through Django's test client."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from offers import checked
from offers.checked import AINO, EINO, KAISA, MIKAEL, SARA, say
from stadi.consent import corrections
from stadi.kit.actor import SYSTEM
from stadi.offers.actions import checking
from stadi.offers.plugins import plugin, plugins
from stadi.record import actions as record

# the purpose's role has a connection of its own and sees only what is committed
pytestmark = pytest.mark.django_db(transaction=True)
OFFICIAL, MANAGER = 20, 21


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    del db
    checked.small_city()
    record.advance(by=SYSTEM, step=timedelta(hours=1))


def _as(person: int) -> Client:
    client = Client()
    assert client.post("/en/sign-in", {"person": str(person)}).status_code == 302
    return client


def _eino(by: int = AINO, language: str = "en") -> str:
    return f"/{language}/check/{checking.handle(subject=EINO, by=by)}"


def _text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_service_answers_on_one_page_in_every_language(language: str):
    page = _text(_as(AINO).get(f"/{language}/check"))
    assert page.count("<h1") == 1
    for made in plugins().values():
        assert made.say("title", language) in page
    assert f"/{language}/check" in _text(_as(AINO).get(f"/{language}/"))


def test_an_outcome_is_told_in_words_and_by_a_sign_of_its_own_shape():
    client = _as(AINO)
    yes, signs = _text(client.get(_eino())), {}
    assert re.search(r"</svg>\s*Yes</p>", yes)
    assert "Met:" in yes
    say("people_residence", EINO, municipality=None)
    assert "A fact is missing" in _text(client.get(_eino()))
    say("people_residence", EINO, municipality="049")
    no = _text(client.get(_eino()))
    assert re.search(r"</svg>\s*Not today</p>", no)
    assert "It would be yes if" in no
    for outcome in ("yes", "no", "unknown", "stopped"):
        from django.template.loader import render_to_string  # noqa: PLC0415 - beside its use

        signs[outcome] = render_to_string("offers/_outcome.html", {"outcome": outcome})
    assert len(set(signs.values())) == 4


def test_a_turning_day_is_told_with_the_days_until_it():
    say("people_person", EINO, birth_date="2022-05-05")
    page = _text(_as(AINO).get(_eino()))
    assert "The conditions are met on 1 January 2028, in 351 days" in page


def test_a_parent_switches_to_the_child_and_no_address_or_page_holds_a_number_of_theirs():
    page = _text(_as(AINO).get("/en/check"))
    assert f'href="{_eino()}"' in page
    assert ">Eino<" in page
    assert "Mikael" not in page
    assert _as(AINO).get(_eino(by=MIKAEL)).status_code == 404
    assert _as(AINO).get("/en/check/3").status_code == 404


def test_a_protected_family_sees_no_value_and_no_child():
    page = _text(_as(KAISA).get("/en/check"))
    assert "Onni" not in page
    assert "known, and not shown here" in page
    assert "This is wrong" not in page


def test_only_residents_check_and_only_officials_decide():
    assert _as(OFFICIAL).get("/en/check").status_code == 403
    assert Client().get("/en/check").headers["Location"] == "/en/sign-in?next=/en/check"
    for person in (AINO, MANAGER):
        assert _as(person).get("/en/staff/corrections").status_code == 403


def test_the_check_is_listed_among_the_uses_as_the_persons_own():
    client = _as(AINO)
    before = _text(client.get("/en/"))
    assert "you looked yourself" not in before
    client.get("/en/check")
    client.get("/en/check")
    after = _text(client.get("/en/"))
    assert after.count("you looked yourself") == 1
    title = plugin("preschool").say("title", "en")
    assert after.count(f"<strong>{title}") == before.count(f"<strong>{title}") == 1


# ── what is wrong ────────────────────────────────────────────────────────────────────────────


def _ask(client: Client, **posted: str) -> Any:
    return client.post(f"{_eino()}/people.birth_date", posted, follow=True)


def test_a_wrong_fact_is_told_decided_and_answered():
    parent, official = _as(AINO), _as(OFFICIAL)
    assert f'href="{_eino()}/people.birth_date"' in _text(parent.get(_eino()))
    assert 'type="date"' in _text(parent.get(f"{_eino()}/people.birth_date"))
    sent = _text(_ask(parent, said="2020-05-05", why="See the passport."))
    assert "Your request was sent" in sent
    assert "You asked for this to be corrected." in sent
    assert f'href="{_eino()}/people.birth_date"' not in sent

    queue = _text(official.get("/en/staff/corrections"))
    assert "Date of birth" in queue
    assert not [word for word in ("Eino", "2020", "passport") if word in queue]
    assert re.search(
        r"<strong>1</strong>\s*Facts said to be wrong", _text(official.get("/en/staff/"))
    )
    (waits,) = corrections.waiting()
    desk = f"/en/staff/corrections/{waits.id}"
    shown = _text(official.get(desk))
    for words in ("Eino Virtala", "5 May 2021", "5 May 2020", "See the passport.", "guardian says"):
        assert words in shown, words
    done = official.post(
        desk, {"act": "correct", "value": "2020-05-05", "reason": "Thank you."}, follow=True
    )
    assert "Decided. Whoever asked was told." in _text(done)

    answered = _text(parent.get(_eino()))
    assert "Date of birth: Corrected" in answered
    assert "Thank you." in answered
    assert "5 May 2020" in answered
    assert "put right by an official" in answered
    assert "Tieto korjattiin pyyntösi mukaan" in _text(parent.get("/en/messages"))
    assert "Somebody has decided this already." in _text(official.get(desk))


def test_a_refusal_without_a_reason_is_told_and_one_with_it_is_read_by_the_asker():
    parent, official = _as(AINO), _as(OFFICIAL)
    _ask(parent, said="2020-05-05")
    (waits,) = corrections.waiting()
    desk = f"/en/staff/corrections/{waits.id}"
    refused = official.post(desk, {"act": "refuse", "reason": ""})
    assert refused.status_code == 409
    assert "write a reason" in refused.content.decode()
    same = official.post(desk, {"act": "correct", "value": "2021-05-05"})
    assert "The register says this already" in same.content.decode()
    official.post(desk, {"act": "refuse", "reason": "<i>The record</i> says otherwise."})
    page = _text(parent.get(_eino()))
    assert "Date of birth: Not corrected" in page
    assert "&lt;i&gt;The record&lt;/i&gt; says otherwise." in page


@pytest.mark.parametrize(
    ("said", "told"),
    [("", "Give a day"), ("<script>", "Give a day"), ("2030-01-01", "Give a day")],
)
def test_a_day_that_is_none_is_told_beside_the_field(said: str, told: str):
    answer = _ask(_as(AINO), said=said, why="<b>because</b>")
    assert answer.status_code == 400
    page = answer.content.decode()
    assert told in page
    assert "<script>" not in page
    assert "&lt;b&gt;because&lt;/b&gt;" in page
    assert corrections.waiting() == []


def test_too_much_is_told_and_so_is_a_second_request():
    parent = _as(AINO)
    long = _ask(parent, said="2020-05-05", why="x" * 1001)
    assert "Write at most 1,000 characters." in long.content.decode()
    _ask(parent, said="2020-05-05")
    again = _ask(parent, said="2020-05-06")
    assert "You have asked about this fact already." in again.content.decode()
    assert len(corrections.waiting()) == 1


def test_words_from_right_to_left_and_signs_are_shown_as_they_were_written():
    parent = _as(AINO)
    parent.post(f"{_eino()}/people.municipality", {"said": "هلسنكي 📍 <b>"})
    assert "<bdi>هلسنكي 📍 &lt;b&gt;</bdi>" in _text(parent.get(_eino()))


@pytest.mark.parametrize(
    "fact", ["people.guardian", "people.no_such", "people.household_income_cents"]
)
def test_a_fact_that_is_not_shown_has_no_form(fact: str):
    client = _as(AINO)
    for answer in (
        client.get(f"{_eino()}/{fact}"),
        client.post(f"{_eino()}/{fact}", {"said": "1"}),
    ):
        assert answer.status_code == 404
        assert "We cannot show this" in answer.content.decode()
    assert _as(SARA).post(f"{_eino()}/people.birth_date", {"said": "2020-05-05"}).status_code == 404
    assert corrections.waiting() == []


def test_a_check_asks_the_database_a_bounded_number_of_times(
    django_assert_max_num_queries: Any,
):
    client = _as(AINO)
    client.get("/en/check")
    with django_assert_max_num_queries(18 + 3 * len(plugins())):
        client.get("/en/check")
