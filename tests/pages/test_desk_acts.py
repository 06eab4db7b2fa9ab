"""What the desk does after a look through the wall, which sees only what is committed."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from stadi.kit.actor import Actor
from stadi.offers.actions import desk, mending
from stadi.offers.domain import NotAllowedError
from stadi.offers.models import Case, Note, Offer, Question, Recipient
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.site import demo
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_city() -> None:
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=900, seed=5, today=demo.START.date(), first_id=1000), areas)
    with connection.cursor() as cursor:
        cursor.execute("update people_person set birth_date = null where subject = 5")
    demo.run_service("preschool", demo.Stopwatch())


def _as(person: int) -> Client:
    client = Client()
    assert client.post("/en/sign-in", {"person": str(person)}).status_code == 302
    return client


def _opened(case: UUID) -> Client:
    client = _as(20)
    client.post(f"/en/staff/cases/{case}/open", {"why": "queue"})
    return client


def _do(client: Client, case: UUID, act: str, **posted: Any) -> Any:
    return client.post(f"/en/staff/cases/{case}/{act}", posted, follow=True)


def _of(child: int) -> Case:
    return Case.objects.get(subject=child)


def test_a_held_case_is_sent_with_the_place_that_the_official_chose():
    case = _of(7).id
    client = _opened(case)
    page = client.get(f"/en/staff/cases/{case}").content.decode()
    assert "Which place" in page
    assert "14 March 2021" in page
    units = [o.split('"')[0] for o in page.split('name="unit" value="')[1:]]
    sent = _do(client, case, "send", unit=units[-1], reason="We talked with her.")
    assert sent.status_code == 200
    assert Case.objects.get(id=case).state == "offered"
    assert Offer.objects.get(case=case).unit == int(units[-1])
    # the family is protected: what they see names no place
    link = Recipient.objects.get(person=6).id
    family = _as(6).get(f"/en/offers/{link}").content.decode()
    assert "A person will tell you" in family
    assert ">Accept<" not in family


def test_many_are_sent_after_a_look_at_what_would_happen():
    case, offered = _of(7).id, _of(3).id
    posted = {"act": "send", "case": [str(case), str(offered)], "reason": "We talked."}
    client = _as(20)
    page = client.post("/en/staff/bulk", posted).content.decode()
    assert "Do it for 1 case" in page
    assert Case.objects.get(id=case).state == "held"
    client.post("/en/staff/bulk", {**posted, "confirmed": "1"})
    assert Case.objects.get(id=case).state == "offered"


def test_one_question_settles_an_unclear_case():
    case = _of(5).id
    client = _opened(case)
    page = client.get(f"/en/staff/cases/{case}").content.decode()
    assert "missing" in page
    assert "Ask: date of birth" in page
    _do(client, case, "ask", fact="people.birth_date")
    question = Question.objects.get(case=case)
    mother = _as(4)
    home = mother.get("/en/").content.decode()
    assert "One fact about Ella is missing" in home
    address = f"/en/questions/{question.id}"
    assert 'type="date"' in mother.get(address).content.decode()
    for wrong in ("", "x", "2999-01-01", "0001-01-01", "2021-13-40", "<b>"):
        page = mother.post(address, {"value": wrong})
        assert page.status_code == 400, wrong
        assert "Give a day that has been" in page.content.decode()
    assert _as(1).get(address).status_code == 404
    assert _as(1).post(address, {"value": "2021-11-23"}).status_code == 404
    assert Case.objects.get(id=case).state == "unclear"
    mother.post(address, {"value": "2021-11-23"})
    assert Case.objects.get(id=case).state == "offered"
    again = mother.post(address, {"value": "2021-11-23"})
    assert again.status_code == 404
    assert "This question is not open" in again.content.decode()
    assert "is missing from the register" not in mother.get("/en/").content.decode()


def test_a_corrected_register_fact_settles_an_unclear_case():
    case = _of(5).id
    client = _opened(case)
    for wrong in ("", "2999-01-01", "soon"):
        given = {"fact": "people.birth_date", "value": wrong, "reason": "Seen in the papers."}
        assert _do(client, case, "mend", **given).status_code == 409
    given = {"fact": "people.municipality", "value": "091", "reason": "Not missing."}
    assert _do(client, case, "mend", **given).status_code == 409
    assert not Note.objects.exists()
    given = {"fact": "people.birth_date", "value": "2021-11-23", "reason": "Seen in the papers."}
    page = _do(client, case, "mend", **given).content.decode()
    assert "Seen in the papers." in page
    assert Case.objects.get(id=case).state == "offered"
    with connection.cursor() as cursor:
        cursor.execute(
            "select birth_date, source from people_person where subject = 5"
            " and known_until = 'infinity' and true_until = 'infinity'"
        )
        ((born, source),) = cursor.fetchall()
    assert (born.isoformat(), source) == ("2021-11-23", "official")
    link = Recipient.objects.get(person=4).id
    assert "put right by an official" in _as(4).get(f"/en/offers/{link}").content.decode()


def test_a_question_that_was_settled_otherwise_is_asked_no_more():
    case = _of(5).id
    client = _opened(case)
    _do(client, case, "ask", fact="people.birth_date")
    address = f"/en/questions/{Question.objects.get(case=case).id}"
    assert _as(4).get(address).status_code == 200
    _do(client, case, "close", reason="They moved in with an aunt.")
    assert _as(4).get(address).status_code == 404
    assert _as(4).post(address, {"value": "2021-11-23"}).status_code == 404
    assert "One question for you" not in _as(4).get("/en/").content.decode()


def test_a_resident_mends_no_register():
    case = _of(5).id
    resident = {"by": Actor(kind="resident", id=4), "at": record.now(), "reason": "r"}
    with pytest.raises(NotAllowedError):
        mending.mend(case=case, fact="people.birth_date", value="2021-11-23", **resident)
    with pytest.raises(NotAllowedError):
        desk.take_up(case=case, **resident)
    given = {"fact": "people.birth_date", "value": "2021-11-23", "reason": "r"}
    assert _as(4).post(f"/en/staff/cases/{case}/mend", given).status_code == 403
    assert Case.objects.get(id=case).state == "unclear"
