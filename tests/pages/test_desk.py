"""The official's desk, through Django's test client."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stadi.fulfil import actions as fulfil
from stadi.kit.actor import SYSTEM
from stadi.offers.actions import cases, viewing
from stadi.offers.models import Case, Note, Offer, Opening, Recipient, Screening
from stadi.record import actions as record
from stadi.site import house

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
OFFICIAL, MANAGER, SECOND = 20, 21, 22


def _as(person: int) -> Client:
    client = Client()
    assert client.post("/en/sign-in", {"person": str(person)}).status_code == 302
    return client


def _recipient(person: int) -> Recipient:
    return Recipient.objects.get(person=person, offer__case__service="preschool")


def _case(person: int) -> UUID:
    return _recipient(person).offer_id


def _all_held() -> list[UUID]:
    held = Case.objects.filter(state="held", service="preschool")
    return list(held.order_by("id").values_list("id", flat=True))


def _held() -> UUID:
    return _all_held()[0]


def _opened(person: int, case: UUID) -> Client:
    client = _as(person)
    answer = client.post(f"/en/staff/cases/{case}/open", {"why": "queue"})
    assert answer.status_code == 302
    return client


def _page(client: Client, case: UUID) -> str:
    return client.get(f"/en/staff/cases/{case}").content.decode()


def _do(client: Client, case: UUID, act: str, **posted: Any) -> Any:
    return client.post(f"/en/staff/cases/{case}/{act}", posted, follow=True)


# ── today ────────────────────────────────────────────────────────────────────────────────────


def test_inv_31_the_queue_names_nobody_and_no_place():
    page = _as(OFFICIAL).get("/en/staff/").content.decode()
    with connection.cursor() as cursor:
        cursor.execute(
            "select family_name from people_identity i join offers_case c on c.subject = i.subject"
            " where c.state in ('held', 'unclear') union select name from twin_unit"
        )
        names = [row[0] for row in cursor.fetchall()]
    assert names
    assert not [name for name in names if name in page]


def _more(number: int, **fields: Any) -> None:
    """Put more held cases into the queue."""
    given = {
        "service": "preschool",
        "version": "2027.1",
        "round": "2027",
        "term": 2027,
        "state": "held",
        "reason": "answers_differ",
        "since": record.now(),
        "deadline": record.now() + timedelta(days=3),
        "screening": Screening.objects.order_by("at")[0],
        **fields,
    }
    Case.objects.bulk_create(
        Case(id=uuid4(), subject=5_000_000 + i, **given) for i in range(number)
    )


def test_the_nearest_deadline_comes_first_and_filters_narrow_the_list():
    _more(3, deadline=record.now() - timedelta(days=1), level=1)
    client = _as(OFFICIAL)
    found = viewing.queue()
    deadlines = [task.deadline for task in found.tasks]
    assert deadlines == sorted(deadlines)
    page = client.get("/en/staff/").content.decode()
    assert page.index("Late") < page.index("In the queue")
    assert "With the owner" in page
    narrowed = client.get("/en/staff/?kind=held&service=preschool&reason=answers_differ")
    assert narrowed.content.decode().count("everyone who answered.</td>") == 3
    assert "Nothing waits" in client.get("/en/staff/?kind=contested").content.decode()


@pytest.mark.parametrize("filter_", ["kind", "service", "reason", "page"])
@pytest.mark.parametrize("text", ["%00", "nothing", "%F0%9F%98%80", "x" * 3_000, "'"])
def test_a_filter_of_nonsense_finds_nothing_and_breaks_nothing(filter_: str, text: str):
    assert _as(OFFICIAL).get(f"/en/staff/?{filter_}={text}").status_code == 200


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999", "2", "٣"])
def test_a_page_that_is_not_there_shows_one_that_is(page: str):
    _more(viewing.PAGE + 5)
    assert _as(OFFICIAL).get(f"/en/staff/?page={page}").status_code == 200


def test_every_task_is_on_exactly_one_page():
    _more(2 * viewing.PAGE + 5)
    first = viewing.queue()
    seen = [t.case for n in range(1, first.pages + 1) for t in viewing.queue(page=n).tasks]
    assert len(seen) == len(set(seen)) == first.total


def test_the_number_of_queries_does_not_grow_with_the_queue():
    client = _as(OFFICIAL)
    client.get("/en/staff/")
    counts = []
    for more in (1, 300):
        _more(more, round=str(2000 + more))
        with CaptureQueriesContext(connection) as queries:
            client.get("/en/staff/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_manager_sees_the_queue_and_nobody_else_does():
    assert _as(MANAGER).get("/en/staff/").status_code == 200
    for path in ("staff/", f"staff/cases/{_held()}", "staff/decisions", "staff/bulk"):
        assert _as(1).get(f"/en/{path}").status_code == 403


# ── opening ──────────────────────────────────────────────────────────────────────────────────


def test_a_case_shows_nothing_before_a_reason_is_given():
    client, case = _as(OFFICIAL), _case(1)
    for path in ("", "/letter", "/decision"):
        page = client.get(f"/en/staff/cases/{case}{path}", follow=True).content.decode()
        assert "Why do you open this case?" in page
        assert "Eino" not in page
    assert client.post(f"/en/staff/cases/{case}/open", {"why": "other"}).status_code == 400
    assert not Opening.objects.exists()
    client.post(f"/en/staff/cases/{case}/open", {"why": "other", "text": "A call <b>came</b>"})
    page = _page(client, case)
    assert "Eino" in page
    assert "A call &lt;b&gt;came&lt;/b&gt;" in page
    opening = Opening.objects.get(case=case)
    assert (opening.official, opening.reason) == (OFFICIAL, "A call <b>came</b>")


def test_each_official_says_why_for_themselves():
    case = _case(1)
    _opened(OFFICIAL, case)
    assert "Eino" not in _page(_as(SECOND), case)


def test_a_reason_lasts_a_while_and_not_a_day():
    case = _case(1)
    client = _opened(OFFICIAL, case)
    record.advance(by=SYSTEM, step=timedelta(hours=1))
    assert "Why do you open this case?" in _page(client, case)


def test_nothing_can_be_done_with_a_case_that_is_not_open():
    client, case = _as(OFFICIAL), _case(1)
    page = _do(client, case, "withdraw", reason="no")
    assert "Why do you open this case?" in page.content.decode()
    assert Case.objects.get(id=case).state == "offered"


def test_an_unknown_case_is_not_found():
    for path in ("", "/letter"):
        assert _as(OFFICIAL).get(f"/en/staff/cases/{uuid4()}{path}").status_code == 404


def test_what_an_act_took_is_noted_once():
    case = _held()
    client = _opened(OFFICIAL, case)
    _do(client, case, "note", reason="one")
    spent = Opening.objects.get(case=case).spent
    assert spent is not None
    _do(client, case, "note", reason="two")
    assert Opening.objects.get(case=case).spent == spent


# ── acting ───────────────────────────────────────────────────────────────────────────────────

STRANGE = "<script>alert(1)</script> 😀 \u202eevil\u202c\0 " + "x" * 200


def test_a_note_is_kept_as_text_whatever_is_in_it():
    case = _held()
    client = _opened(OFFICIAL, case)
    page = _do(client, case, "note", reason=STRANGE).content.decode()
    assert "Done. It is in the timeline." in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 😀" in page
    assert "\0" not in page


@pytest.mark.parametrize("act", ["note", "close", "withdraw", "send"])
def test_every_act_needs_a_reason_and_what_was_written_is_not_lost(act: str):
    case = _held()
    client = _opened(OFFICIAL, case)
    page = _do(client, case, act, reason=" ")
    assert page.status_code == 409
    assert "write a reason" in page.content.decode()
    assert Case.objects.get(id=case).state == "held"


def test_a_held_case_is_closed_in_another_way():
    case = _held()
    client = _opened(OFFICIAL, case)
    page = _do(client, case, "close", reason="They found a place themselves.").content.decode()
    assert "They found a place themselves." in page
    assert Case.objects.get(id=case).ended == "settled"


def test_an_offer_is_taken_back_with_an_apology():
    case = _case(4)
    _do(_opened(OFFICIAL, case), case, "withdraw", reason="The unit closes.")
    link = _recipient(4).id
    page = _as(4).get(f"/en/offers/{link}").content.decode()
    assert "We are sorry" in page
    assert "The unit closes." not in page


@pytest.mark.parametrize("way", ["phone", "visit", "paper"])
def test_inv_29_an_official_answers_for_somebody_who_spoke_another_way(way: str):
    case, link = _case(4), _recipient(4).id
    client = _opened(OFFICIAL, case)
    given = {"link": link, "way": way, "says": "accept", "reason": "She called."}
    page = _do(client, case, "answer", **given).content.decode()
    assert "She called." in page
    assert Case.objects.get(id=case).state == "accepted"
    assert Offer.objects.get(case=case).answered_by == 4
    assert "You said yes" in _as(4).get(f"/en/offers/{link}").content.decode()


def test_an_official_chooses_another_place_for_somebody():
    case, link = _case(4), _recipient(4).id
    unit = Offer.objects.get(case=case).others[0][0]
    given = {"link": link, "way": "paper", "says": "choose", "unit": unit, "reason": "On paper."}
    _do(_opened(OFFICIAL, case), case, "answer", **given)
    assert Offer.objects.get(case=case).unit == unit


@pytest.mark.parametrize(
    "wrong",
    [{"link": "x"}, {"way": "portal"}, {"way": ""}, {"says": "maybe"}, {"says": "choose"}],
)
def test_an_answer_that_nobody_could_have_given_changes_nothing(wrong: dict[str, str]):
    case, link = _case(4), _recipient(4).id
    given = {"link": str(link), "way": "phone", "says": "accept", "reason": "r", **wrong}
    page = _do(_opened(OFFICIAL, case), case, "answer", **given)
    assert page.status_code == 409
    assert Case.objects.get(id=case).state == "offered"


def test_a_link_of_another_case_answers_nothing_here():
    case, other = _case(4), _recipient(8).id
    given = {"link": other, "way": "phone", "says": "accept", "reason": "r"}
    assert _do(_opened(OFFICIAL, case), case, "answer", **given).status_code == 409
    assert Case.objects.get(id=_case(8)).state == "offered"


def test_a_manager_answers_for_nobody():
    case, link = _case(4), _recipient(4).id
    given = {"link": link, "way": "phone", "says": "accept", "reason": "r"}
    assert _do(_opened(MANAGER, case), case, "answer", **given).status_code == 409
    assert Case.objects.get(id=case).state == "offered"


def test_what_nobody_answered_is_taken_up_again():
    case = _case(4)
    Case.objects.filter(id=case).update(state="expired", ended="expired", deadline=record.now())
    client = _opened(OFFICIAL, case)
    assert "Take it up again" in _page(client, case)
    _do(client, case, "take-up", reason="I called them.")
    assert (Case.objects.get(id=case).state, Case.objects.get(id=case).ended) == ("held", "")


def test_a_case_tells_its_whole_story():
    case, link = _case(1), _recipient(1).id
    _as(1).post(f"/en/offers/{link}/accept")
    page = _page(_opened(OFFICIAL, case), case)
    for words in (
        *("The rules found the case", "A place was held", "The proposal was sent", "Said yes"),
        *("A message was sent", "Aino Virtala", "Mikael Lindstad"),
        *("An official opened the case", "The child turns six this year", "31 December 2026"),
        *("Officials may do this.", "Officials and managers may do this."),
    ):
        assert words in page, words
    assert "open it and say so" not in page  # a letter's body is for its reader


# ── contest ──────────────────────────────────────────────────────────────────────────────────


def _contested() -> tuple[UUID, UUID]:
    """Return a case that an official took back and its family contests, with the family's link."""
    case, link = _case(4), _recipient(4).id
    _do(_opened(OFFICIAL, case), case, "withdraw", reason="The unit closes.")
    _as(4).post(f"/en/offers/{link}/contest", {"text": "It does not close."})
    assert Case.objects.get(id=case).state == "contested"
    return case, link


@pytest.mark.parametrize("act", ["uphold", "correct"])
def test_whoever_decided_before_does_not_decide_what_is_contested(act: str):
    case, _link = _contested()
    page = _do(_opened(OFFICIAL, case), case, act, reason="I was right.")
    assert page.status_code == 409
    assert "Another official must decide" in page.content.decode()
    assert Case.objects.get(id=case).state == "contested"


def test_another_official_finds_it_right_and_the_family_reads_why():
    case, link = _contested()
    client = _opened(SECOND, case)
    assert "It does not close." in _page(client, case)
    _do(client, case, "uphold", reason="It closes in June.")
    assert Case.objects.get(id=case).state == "withdrawn"
    page = _as(4).get(f"/en/offers/{link}").content.decode()
    assert "It closes in June." in page
    assert "It does not close." in page


def test_another_official_corrects_it_and_a_new_case_waits():
    case, link = _contested()
    _do(_opened(SECOND, case), case, "correct", reason="It does not close.")
    assert Case.objects.get(id=case).state == "corrected"
    new = Case.objects.get(reason="after_correction")
    assert (new.state, new.subject) == ("held", Case.objects.get(id=case).subject)
    assert "it is corrected" in _as(4).get(f"/en/offers/{link}").content.decode()


# ── paper ────────────────────────────────────────────────────────────────────────────────────


def test_a_letter_is_in_its_readers_language_and_needs_no_link():
    case = _case(1)
    page = _opened(OFFICIAL, case).get(f"/en/staff/cases/{case}/letter").content.decode()
    aino, mikael = page.split('class="sheet"')[1:]
    assert 'lang="fi"' in aino
    assert 'lang="sv"' in mikael
    assert "Barnet fyller sex" in mikael
    assert case.hex[:8] in aino
    assert "/o/" not in page
    others = Offer.objects.get(case=case).others
    assert aino.count("<li>") == mikael.count("<li>") >= 3 + len(others)
    assert " m)" in aino
    assert " m)" not in mikael  # the other guardian learns no distance from the child's home


def test_whose_language_nobody_knows_gets_the_letter_in_all_three():
    case = _case(8)
    page = _opened(OFFICIAL, case).get(f"/en/staff/cases/{case}/letter").content.decode()
    assert page.count('class="sheet"') == 3


# ── signing ──────────────────────────────────────────────────────────────────────────────────


def _to_sign(*people: int) -> list[UUID]:
    """Let these say yes, and let the time of regret pass; return their cases."""
    links = {person: _recipient(person) for person in people}
    for person, recipient in links.items():
        _as(person).post(f"/en/offers/{recipient.id}/accept")
    house.tick(record.advance(by=SYSTEM, step=timedelta(hours=25)))
    return [recipient.offer_id for recipient in links.values()]


def test_chosen_decisions_are_signed_with_one_press_and_others_wait():
    one, other = _to_sign(1, 4)
    client = _as(OFFICIAL)
    page = client.get("/en/staff/decisions").content.decode()
    assert "Eino" not in page
    assert 'value="palvelupäällikkö"' in page or 'value="head of service"' in page
    decision = fulfil.decision(case=one)
    assert decision is not None
    client.post("/en/staff/decisions", {"decision": str(decision.id), "title": "Head"})
    signed = fulfil.decision(case=one)
    assert signed is not None
    assert (signed.signer_name, signed.signer_title) == ("Pirkko Asialampi", "Head")
    unsigned = fulfil.decision(case=other)
    assert unsigned is not None
    assert unsigned.signed_at is None


def test_everything_on_the_page_is_signed_at_once():
    _to_sign(1, 4)
    shown = [str(d.id) for d in fulfil.unsigned(services=["preschool"])]
    posted = {"all": "1", "shown": shown, "title": "Head"}
    page = _as(OFFICIAL).post("/en/staff/decisions", posted, follow=True).content.decode()
    assert "2 decisions are signed." in page
    assert not fulfil.unsigned(services=["preschool"])


@pytest.mark.parametrize("wrong", [{"title": " "}, {"decision": "x"}, {"decision": ""}])
def test_what_cannot_be_signed_is_told_in_words(wrong: dict[str, str]):
    (case,) = _to_sign(1)
    decision = fulfil.decision(case=case)
    assert decision is not None
    posted = {"decision": str(decision.id), "title": "Head", **wrong}
    page = _as(OFFICIAL).post("/en/staff/decisions", posted)
    assert page.status_code == 409
    assert "nothing was signed" in page.content.decode()
    again = fulfil.decision(case=case)
    assert again is not None
    assert again.signed_at is None


def test_a_manager_signs_nothing():
    (case,) = _to_sign(1)
    decision = fulfil.decision(case=case)
    assert decision is not None
    client = _as(MANAGER)
    assert 'name="title"' not in client.get("/en/staff/decisions").content.decode()
    posted = {"decision": str(decision.id), "title": "Manager"}
    assert client.post("/en/staff/decisions", posted).status_code == 409


def test_reading_a_decision_opens_its_case_and_is_kept():
    (case,) = _to_sign(1)
    client = _as(OFFICIAL)
    page = client.post(f"/en/staff/cases/{case}/open", {"why": "sign"}, follow=True)
    assert "Eino" in page.content.decode()
    assert Opening.objects.get(case=case).reason == "sign"
    assert client.get(f"/en/staff/cases/{case}/decision.pdf").content[:5] == b"%PDF-"


def test_inv_31_a_signed_decision_of_a_protected_family_stays_off_the_screen():
    (case,) = _to_sign(1)
    shown = [str(d.id) for d in fulfil.unsigned(services=["preschool"])]
    _as(OFFICIAL).post("/en/staff/decisions", {"decision": shown, "title": "Head"})
    client, link = _as(1), _recipient(1).id
    assert client.get(f"/en/offers/{link}/decision").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("update people_contact set safety_ban = true where subject = 3")
    assert client.get(f"/en/offers/{link}/decision").status_code == 404
    assert client.get(f"/en/offers/{link}/decision.pdf").status_code == 404
    page = client.get(f"/en/offers/{link}").content.decode()
    assert "a person gives it to you" in page
    assert "Read the decision" not in page
    assert fulfil.decision(case=case) is not None


def test_a_decision_is_read_by_those_it_was_made_for_once_it_is_signed():
    (case,) = _to_sign(1)
    links = {p: _recipient(p).id for p in (1, 2)}
    address = f"/en/offers/{links[1]}/decision"
    assert _as(1).get(address).status_code == 404
    assert "Read the decision" not in _as(1).get(f"/en/offers/{links[1]}").content.decode()
    shown = [str(d.id) for d in fulfil.unsigned(services=["preschool"])]
    _as(OFFICIAL).post("/en/staff/decisions", {"decision": shown, "title": "Head"})
    house.tick(record.now())
    assert Case.objects.get(id=case).state == "fulfilled"
    for person, link in links.items():
        client = _as(person)
        assert "Read the decision" in client.get(f"/en/offers/{link}").content.decode()
        assert "Eino" in client.get(f"/sv/offers/{link}/decision").content.decode()
        pdf = client.get(f"/fi/offers/{link}/decision.pdf")
        assert pdf.content[:5] == b"%PDF-"
        assert pdf.headers["Content-Type"] == "application/pdf"
    assert _as(4).get(address).status_code == 404
    assert _as(2).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    # whoever was asked again later was not party to this decision
    with connection.cursor() as cursor:
        cursor.execute("update fulfil_decision set recipients = array[2]")
    assert _as(1).get(address).status_code == 404


# ── the same for many ────────────────────────────────────────────────────────────────────────


def test_a_bulk_act_says_first_what_would_happen_and_changes_nothing():
    held = [str(c) for c in _all_held()]
    offered, client = str(_case(4)), _as(OFFICIAL)
    posted = {"act": "close", "case": [*held, offered], "reason": "Settled by phone."}
    page = client.post("/en/staff/bulk", posted).content.decode()
    assert f"Do it for {len(held)} case" in page
    assert "Not for these" in page
    assert "This cannot be done with a case in this state: offered" in page
    assert len(_all_held()) == len(held)
    assert not Note.objects.exists()
    page = client.post("/en/staff/bulk", {**posted, "confirmed": "1"}, follow=True)
    assert f"Done for {len(held)} of {len(held) + 1} cases." in page.content.decode()
    assert not _all_held()
    assert Case.objects.get(id=offered).state == "offered"


def test_every_case_on_the_page_can_be_chosen_at_once():
    client = _as(OFFICIAL)
    held = [str(c) for c in _all_held()]
    posted = {"act": "close", "all": "1", "shown": held, "reason": "r"}
    page = client.post("/en/staff/bulk", posted).content.decode()
    assert page.count('name="case"') == len(held)


@pytest.mark.parametrize("wrong", [{"act": "erase"}, {"case": []}, {"case": ["x"]}])
def test_a_bulk_act_without_cases_or_sense_does_nothing(wrong: dict[str, Any]):
    posted = {"act": "close", "case": [str(_held())], "reason": "r", "confirmed": "1", **wrong}
    page = _as(OFFICIAL).post("/en/staff/bulk", posted, follow=True)
    assert "Choose at least one case" in page.content.decode()
    assert not Note.objects.exists()


def test_a_bulk_act_needs_a_reason():
    posted = {"act": "close", "case": [str(_held())], "reason": " ", "confirmed": "1"}
    page = _as(OFFICIAL).post("/en/staff/bulk", posted)
    assert page.status_code == 400
    assert "write a reason" in page.content.decode()
    assert Case.objects.get(id=_held()).state == "held"


def test_an_erased_case_is_not_found():
    case = _case(4)
    Case.objects.filter(id=case).update(state="declined", ended="declined")
    cases.step(case=case, name="erase", by=SYSTEM, at=record.now())
    assert _as(OFFICIAL).get(f"/en/staff/cases/{case}").status_code == 404
