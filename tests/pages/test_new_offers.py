"""Offers to choose from, at a moment, of money, or about oneself, through Django's test client."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Capacity
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.rule import Param, walk
from stadi.offers.actions import clock, feeling, self_check, versions
from stadi.offers.actions.plans import money
from stadi.offers.domain import NotYoursError
from stadi.offers.models import Case, Feeling, Note, Offer, Recipient, Version
from stadi.offers.pages import words
from stadi.offers.plugins import plugin
from stadi.record import actions as record
from stadi.record.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
VENLA, LEO, HIS_GUARDIAN, MOTHER, TEIJA, OFFICIAL, CLINICIAN = 10, 28, 29, 4, 26, 20, 23
LANGUAGES = ["fi", "sv", "en"]


def _as(person: int) -> Client:
    client = Client()
    assert client.post("/en/sign-in", {"person": str(person)}).status_code == 302
    return client


def _recipient(person: int, service: str) -> Recipient:
    found = Recipient.objects.select_related("offer__case")
    return found.get(person=person, offer__case__service=service)


def _address(person: int, service: str, language: str = "en") -> str:
    return f"/{language}/offers/{_recipient(person, service).id}"


def _page(person: int, service: str, language: str = "en") -> str:
    answer = _as(person).get(_address(person, service, language))
    assert answer.status_code == 200
    return str(answer.content.decode())


def _move(person: int, service: str, **fields: Any) -> None:
    Case.objects.filter(id=_recipient(person, service).offer_id).update(**fields)


# ── something to choose from ─────────────────────────────────────────────────────────────────


def test_what_one_chooses_from_is_a_list_first_and_a_map_second_and_has_no_single_accept():
    page, offer = _page(VENLA, "next_step"), _recipient(VENLA, "next_step").offer
    assert page.count("Choose this") == len(offer.others) > 1
    assert page.rindex("Choose this") < page.index("on a map")
    assert 'class="spot first"' not in page
    for words_ in ("hours a week", "about ", "in Finnish", "Call me", "Not now"):
        assert words_ in page, words_
    for words_ in (">Accept<", "Accept now", "Not for us", "holding this"):
        assert words_ not in page, words_


def test_everything_that_is_shown_cannot_be_accepted_at_once():
    assert _as(VENLA).post(f"{_address(VENLA, 'next_step')}/accept").status_code == 409
    assert _recipient(VENLA, "next_step").offer.case.state == "offered"


def test_choosing_one_is_a_yes_and_it_may_be_taken_back_and_chosen_again():
    client, address = _as(VENLA), _address(VENLA, "next_step")
    (unit, _), *rest = _recipient(VENLA, "next_step").offer.others
    receipt = client.post(f"{address}/choose", {"unit": unit}, follow=True).content.decode()
    assert "You said yes" in receipt
    assert "Chosen: " in receipt
    client.post(f"{address}/undo")
    page = client.get(address).content.decode()
    assert "You chose this before" in page
    assert page.count("Choose this") == 1 + len(rest)
    again = client.post(f"{address}/accept", follow=True).content.decode()
    assert "You said yes" in again


def test_whoever_wants_a_call_gets_a_person_and_nothing_is_chosen():
    page = _as(VENLA).post(f"{_address(VENLA, 'next_step')}/ask", follow=True).content.decode()
    assert "A person looks at this and will contact you" in page
    assert _recipient(VENLA, "next_step").offer.unit is None


def test_from_a_home_that_nobody_knows_no_distance_is_told():
    offer = _recipient(VENLA, "next_step").offer
    Offer.objects.filter(case=offer.case_id).update(others=[[u, 0] for u, _ in offer.others])
    page = _page(VENLA, "next_step")
    assert page.count("Choose this") == len(offer.others)
    assert not re.search(r"about \d", page)
    assert "on a map" not in page


def test_a_guardian_of_somebody_of_15_years_sees_nothing_of_what_was_offered_to_them():
    address, client = _address(LEO, "next_step"), _as(HIS_GUARDIAN)
    for path in ("", "/receipt", "/no", "/stop", "/contest", "/feedback", "/self-check"):
        assert client.get(f"{address}{path}").status_code == 404, path
    for path in ("/accept", "/choose", "/ask", "/no", "/feedback", "/self-check"):
        assert client.post(f"{address}{path}", {"unit": "1"}).status_code == 404, path
    theirs = [client.get(path).content.decode() for path in ("/en/", "/en/messages")]
    assert not [page for page in theirs if "What next, Leo" in page or address[10:] in page]


# ── something at a moment ────────────────────────────────────────────────────────────────────


def _places(unit: int) -> int:
    return int(Capacity.objects.get(unit=unit, term=2027).places)


def test_what_takes_place_at_a_moment_says_when_and_so_does_each_other_one():
    offer = _recipient(MOTHER, "culture_kids").offer
    assert offer.starts_at is not None
    others = [unit for unit, _metres in offer.others]
    for spare, shown in ((0, False), (1, True)):  # what is full is not offered
        left = fulfil.free(term=2027)
        places = {unit: _places(unit) - left[unit] + spare for unit in others}
        fulfil.set_capacity(places=places, term=2027, by=SYSTEM, at=record.now())
        assert ("Choose this" in _page(MOTHER, "culture_kids")) is shown
    page = _page(MOTHER, "culture_kids")
    timed = re.findall(r"\d{1,2} \w+ 2027, \d\d:\d\d", page)
    assert len(timed) >= 2 + len(offer.others)
    assert "Other times and places" in page
    assert "Starts 1" not in page  # it is no place of a term
    assert "See other times" in _as(MOTHER).get("/en/").content.decode()


# ── money ────────────────────────────────────────────────────────────────────────────────────


def _numbers() -> dict[str, int]:
    """Return the numbers that the law gives now, by name."""
    (amount,) = plugin("housing_supplement").service.amounts
    params = [node for node in walk(amount.value) if isinstance(node, Param)]
    return {param.name: param.at(record.now().date()) for param in params}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_amount_tells_how_it_was_worked_out_and_by_which_law(language: str):
    made, numbers = plugin("housing_supplement"), _numbers()
    page = _page(TEIJA, "housing_supplement", language)
    offer = _recipient(TEIJA, "housing_supplement").offer
    alone = numbers["rent_of_one"], numbers["free_income_of_one"]
    for cents in (69_000, 1_104_000, 92_000, offer.cents, *alone):
        assert money(cents, language) in page, cents
    for name in ("rent_of_one", "free_income_of_one", "share_of_rent", "share_of_income"):
        assert made.say(f"param.{name}", language) in page, name
    assert f">{numbers['share_of_rent']}<" in page
    assert "Act on the housing supplement of a demo city, section 4" in page
    # what did not count for her is not told
    assert made.say("param.rent_of_two", language) not in page


def test_what_a_law_grants_says_when_and_how_to_refuse():
    page = _page(TEIJA, "housing_supplement")
    assert "it is granted on 14 February 2027 unless you refuse" in page
    assert ">Accept now<" in page
    assert "I do not want it" in page
    assert "holding this" not in page


def test_of_other_members_of_the_household_only_the_total_is_told():
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.subject from offers_case c join offers_offer o on o.case_id = c.id"
            " join people_household h on h.subject = c.subject and h.member <> c.subject"
            " join people_income_month i on i.subject = h.member and i.cents > 0"
            " where c.service = 'housing_supplement' and c.state = 'offered' order by 1 limit 1"
        )
        ((subject,),) = cursor.fetchall()
        cursor.execute(
            "update people_identity set persona = 'tenant' where subject = %s", [subject]
        )
        cursor.execute(
            "select h.member, i.cents from people_household h"
            " join people_income_month i on i.subject = h.member"
            " where h.subject = %s and h.member <> h.subject and i.cents > 0",
            [subject],
        )
        others = cursor.fetchall()
    page = _page(subject, "housing_supplement")
    assert others
    assert "in all" in page
    for member, cents in (row for row in others if row[1] not in _numbers().values()):
        assert f"{cents / 100:,.2f}" not in page
        assert str(cents) not in page
        assert str(member) not in re.sub(r"[0-9a-f-]{36}", "", page)


def test_an_amount_whose_record_does_not_add_up_is_shown_without_a_working_out():
    offer = _recipient(TEIJA, "housing_supplement").offer
    Offer.objects.filter(case=offer.case_id).update(cents=12_345)
    page = _page(TEIJA, "housing_supplement")
    assert "123.45" in page
    assert "How it was worked out" not in page


def _granted() -> None:
    """Let the time to refuse pass, once she was reminded of it."""
    for days in (31, 17):
        clock.tick(by=SYSTEM, at=record.advance(by=SYSTEM, step=timedelta(days=days)))


def test_what_silence_granted_is_told_and_may_be_refused_while_the_time_lasts():
    _granted()
    offer = _recipient(TEIJA, "housing_supplement").offer
    assert (offer.case.state, offer.answered_by) == ("accepted", SYSTEM.id)
    client, address = _as(TEIJA), _address(TEIJA, "housing_supplement")
    page = client.get(address).content.decode()
    assert "Granted" in page
    assert "The other guardian" not in page
    assert "You said yes" not in page
    assert "You can still refuse it until" in page
    receipt = client.get(f"{address}/receipt").content.decode()
    assert "It is granted. You need do nothing." in receipt
    client.post(f"{address}/no")
    assert _recipient(TEIJA, "housing_supplement").offer.case.state == "declined"


def test_what_silence_granted_cannot_be_refused_for_ever():
    _granted()
    record.advance(by=SYSTEM, step=timedelta(hours=25))
    client, address = _as(TEIJA), _address(TEIJA, "housing_supplement")
    assert "I do not want it" not in client.get(address).content.decode()
    assert client.post(f"{address}/no").status_code == 409


# ── only told ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def telling() -> Iterator[None]:
    """Promise of every service no more than that it tells."""
    for version in Version.objects.all():
        version.terms |= {"level": "L1", "silence": "lapse"}
        version.save()
    versions.terms.cache_clear()
    yield
    versions.terms.cache_clear()


@pytest.mark.usefixtures("telling")
@pytest.mark.parametrize(
    ("person", "service"),
    [(VENLA, "next_step"), (TEIJA, "housing_supplement"), (MOTHER, "culture_kids")],
)
def test_what_only_tells_has_nothing_to_accept_and_says_where_to_apply(person: int, service: str):
    page = _page(person, service)
    assert "apply in the usual way" in page
    for button in (">Accept", "Choose this", "Call me", "Not now", "Let a person contact me"):
        assert button not in page, button
    assert _as(person).post(f"{_address(person, service)}/accept").status_code != 302


# ── words that are right for whoever reads them ──────────────────────────────────────────────

OWN = ((VENLA, "next_step"), (TEIJA, "housing_supplement"))
STATES = sorted({"open", "accepted", *words.STATES} - {"settled", "unanswered"})
OTHERS = {
    "fi": ("lapsi", "lapsen", "lapsesta", "huoltaja", "perhe"),
    "sv": ("barn", "vårdnadshavare", "familj"),
    "en": ("child", "guardian", "family", "you both", "for us", "we take it", "the place is yours"),
}


@pytest.mark.parametrize(("person", "service"), OWN)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reason", ["left_the_city", "objection"])
def test_what_is_about_oneself_speaks_of_no_child_and_no_guardian(
    person: int, service: str, state: str, reason: str
):
    ended = state in ("declined", "objected", "expired", "withdrawn", "fulfilled", "corrected")
    moved = {"open": "offered"}.get(state, state)
    stands = {"state": moved, "ended": moved if ended else "", "deadline": record.now()}
    _move(person, service, **stands, reason=reason)
    client, address = _as(person), _address(person, service)
    for path in ("", "/stop", "/no"):
        page = client.get(f"{address}{path}", follow=True).content.decode().lower()
        main = page.split("<main")[1].split("</main")[0]
        # the summary of a service and its buttons lead elsewhere, as the list of uses at home does
        told = main.split('aria-labelledby="uses"')[0]
        assert not [word for word in OTHERS["en"] if re.search(rf"\b{word}", told)], (path, told)


@pytest.mark.parametrize(("person", "service"), OWN)
def test_silence_is_told_as_the_service_takes_it(person: int, service: str):
    silent = {"next_step": "Nothing follows from it", "housing_supplement": "It is being granted"}
    Offer.objects.filter(case=_recipient(person, service).offer_id).update(expires_at=record.now())
    page = _page(person, service)
    assert silent[service] in page
    assert "A person will contact you" not in page


# ── how it was ───────────────────────────────────────────────────────────────────────────────


def _asked(good: str = "") -> Any:
    """Let her be asked how it was, and answer."""
    offers = Offer.objects.filter(case=_recipient(MOTHER, "culture_kids").offer_id)
    offers.update(feedback_at=record.now())
    _move(MOTHER, "culture_kids", state="fulfilled", ended="fulfilled")
    address = f"{_address(MOTHER, 'culture_kids')}/feedback"
    return _as(MOTHER).post(address, {"good": good}, follow=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_it_was_is_five_buttons_with_words(language: str):
    _asked()
    page = _as(MOTHER).get(f"{_address(MOTHER, 'culture_kids', language)}/feedback")
    form = page.content.decode().split('class="felt"')[1].split("</form>")[0]
    assert re.findall(r'name="good" value="(\d)">[^<]+<', form) == ["5", "4", "3", "2", "1"]
    assert "<script" not in page.content.decode()


def test_one_tap_is_counted_once_and_nobody_can_tell_whose_it_was():
    page = _asked("4").content.decode()
    assert "It is counted" in page
    for again in ("4", "1"):
        assert "It is counted" in _asked(again).content.decode()
    counted = list(Feeling.objects.values_list("service", "round", "good", "times"))
    assert counted == [("culture_kids", "2027-1", 4, 1)]
    entry = Entry.objects.get(kind="offers.felt")
    assert (entry.case, entry.actor_kind) == (None, "system")
    assert "good" not in str(entry.body)
    assert _recipient(MOTHER, "culture_kids").felt
    assert "One tap tells us" not in _page(MOTHER, "culture_kids")


def test_each_guardian_is_counted_on_their_own():
    _asked("4")
    client, address = _as(HIS_GUARDIAN), f"{_address(HIS_GUARDIAN, 'culture_kids')}/feedback"
    client.post(address, {"good": "4"})
    assert Feeling.objects.get().times == 2


@pytest.mark.parametrize("good", ["", "0", "6", "-1", "x", "4.5", "44", "٤", "4" * 30])
def test_what_is_no_answer_is_not_counted(good: str):
    assert _asked(good).status_code == 409
    assert not Feeling.objects.exists()
    assert not _recipient(MOTHER, "culture_kids").felt


def test_nobody_says_how_it_was_before_it_was():
    client, address = _as(MOTHER), f"{_address(MOTHER, 'culture_kids')}/feedback"
    assert client.get(address).status_code == 409
    assert client.post(address, {"good": "5"}).status_code == 409
    Offer.objects.update(feedback_at=record.now() + timedelta(days=1))
    assert client.post(address, {"good": "5"}).status_code == 409
    assert not Feeling.objects.exists()


def test_nobody_else_says_how_it_was():
    _asked()
    link = _recipient(MOTHER, "culture_kids").id
    answer = _as(TEIJA).post(f"/en/offers/{link}/feedback", {"good": "1"})
    assert answer.status_code == 404
    by = Actor(kind="resident", id=TEIJA)
    with pytest.raises(NotYoursError):
        feeling.feel(link=link, good=1, by=by, at=record.now())
    assert not Feeling.objects.exists()


# ── the self-check ───────────────────────────────────────────────────────────────────────────


def _share(person: int = LEO, **posted: Any) -> Any:
    given = {"said": ["2", "10"], "consent": "1", **posted}
    address = f"{_address(person, 'next_step')}/self-check"
    return _as(person).post(address, given, follow=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_sent_while_one_ticks(language: str):
    before = Entry.objects.count()
    answer = _as(LEO).get(f"{_address(LEO, 'next_step', language)}/self-check")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count('name="said"') == 10
    assert "checked" not in page
    for sends in ("<script", "onchange", "hx-", "formaction"):
        assert sends not in page, sends
    # one form, which is sent by its one button and not without the consent
    assert page.split("<main")[1].count("<form") == 1
    assert re.search(r'name="consent" value="1" required', page)
    assert Entry.objects.count() == before


@pytest.mark.parametrize("wrong", [{"consent": None}, {"said": []}, {"said": ["11", "x", "0"]}])
def test_nothing_is_kept_without_a_tick_and_a_consent(wrong: dict[str, Any]):
    given = {
        name: value for name, value in {"said": ["2"], "consent": "1", **wrong}.items() if value
    }
    page = _as(LEO).post(f"{_address(LEO, 'next_step')}/self-check", given)
    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()
    assert not Note.objects.exists()
    assert _recipient(LEO, "next_step").offer.case.state == "offered"
    assert not Entry.objects.filter(kind="offers.shared").exists()


def test_what_is_shared_is_kept_with_the_case_and_a_person_is_asked_for():
    page = _share().content.decode()
    note, case = Note.objects.get(), _recipient(LEO, "next_step").offer.case
    assert (note.kind, note.by, note.case_id) == ("self_check", LEO, case.id)
    assert note.text.splitlines() == ["I sleep enough.", "I would like somebody to help me start."]
    assert (case.state, case.reason) == ("held", "asked_for_a_person")
    assert Entry.objects.filter(kind="offers.shared", case=case.id).count() == 1
    assert "I sleep enough." in page
    _share()
    assert Note.objects.count() == 1


def test_what_is_shared_is_read_by_whoever_opens_the_case_and_by_no_guardian():
    _share()
    case, client = _recipient(LEO, "next_step").offer_id, _as(OFFICIAL)
    assert "I sleep enough." not in client.get(f"/en/staff/cases/{case}").content.decode()
    client.post(f"/en/staff/cases/{case}/open", {"why": "queue"})
    page = client.get(f"/en/staff/cases/{case}").content.decode()
    assert "What was shared of the self-check" in page
    assert "I sleep enough." in page
    guardian = _as(HIS_GUARDIAN)
    for path in ("/en/", "/en/messages", _address(LEO, "next_step")):
        assert "I sleep enough." not in guardian.get(path).content.decode(), path
    assert _as(HIS_GUARDIAN).get(f"/en/staff/cases/{case}").status_code == 403


def test_nobody_else_shares_for_somebody():
    by, link = Actor(kind="resident", id=HIS_GUARDIAN), _recipient(LEO, "next_step").id
    given = {"ticked": [2], "language": "en", "consented": True, "by": by, "at": record.now()}
    with pytest.raises(NotYoursError):
        self_check.share(link=link, **given)
    assert not Note.objects.exists()


def test_sharing_and_asking_are_done_together_or_not_at_all():
    client, address = _as(LEO), _address(LEO, "next_step")
    client.post(f"{address}/no")
    assert client.post(f"{address}/self-check", {"said": "1", "consent": "1"}).status_code == 409
    assert not Note.objects.exists()


def test_where_a_service_has_no_self_check_there_is_none():
    address = _address(TEIJA, "housing_supplement")
    assert _as(TEIJA).get(f"{address}/self-check").status_code == 302
    assert "Where am I now?" not in _page(TEIJA, "housing_supplement")
