"""Who is told what: an answer written down for somebody, a stop, a contest, an older letter."""

from collections.abc import Iterator
from typing import Any

import pytest

from stadi.kit.actor import Actor
from stadi.messages import actions as messages
from stadi.messages.models import Message
from stadi.offers.actions import answers, contest, desk
from stadi.offers.domain import Answer, NotOpenError
from stadi.offers.models import Case, Recipient
from stadi.record import actions as record

pytestmark = pytest.mark.django_db
AINO, MIKAEL, EINO, SARA, ELLA = 1, 2, 3, 4, 5
OFFICIAL = Actor(kind="official", id=20, roles=frozenset({"official"}))


@pytest.fixture(autouse=True)
def _in_a_city(city: dict[str, Any]) -> Iterator[None]:
    del city
    return


def _resident(person: int) -> Actor:
    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def _link(person: int, child: int) -> Recipient:
    found = Recipient.objects.select_related("offer__case")
    return found.get(person=person, offer__case__subject=child)


def _letters(person: int) -> list[str]:
    keys = Message.objects.filter(recipient=person).order_by("sent_at", "key")
    return [key.split(":")[0] for key in keys.values_list("key", flat=True)]


def test_who_spoke_by_phone_is_told_of_that_and_not_of_another_guardian():
    link = _link(AINO, EINO)
    given = Answer(link=link.id, says="accept", by=OFFICIAL, way="phone", reason="called")
    assert not answers.answer_many(answers=[given], at=record.now())
    assert "noted" in _letters(AINO)
    assert "accepted" not in _letters(AINO)
    assert "accepted" in _letters(MIKAEL)


def test_a_stop_by_one_guardian_is_told_to_the_other():
    answers.object_to(link=_link(MIKAEL, EINO).id, by=_resident(MIKAEL), at=record.now())
    assert "stopped" in _letters(AINO)
    assert "stopped" not in _letters(MIKAEL)


def test_what_one_guardian_contests_is_told_to_the_other():
    link = _link(MIKAEL, EINO)
    contest.contest(link=link.id, text="väärin", by=_resident(MIKAEL), at=record.now())
    assert "contested" in _letters(AINO)
    assert "contested" not in _letters(MIKAEL)


def test_the_letter_of_an_offer_that_was_replaced_can_still_be_opened():
    link, at = _link(SARA, ELLA), record.now()
    first = Message.objects.get(recipient=SARA, key__startswith=f"offer:{link.id}")
    answers.ask(link=link.id, by=_resident(SARA), at=at)
    Recipient.objects.filter(id=link.id).delete()  # as a newer proposal does
    assert messages.open_message(message=first.id, by=_resident(SARA), at=at)


@pytest.mark.parametrize("state", ["unclear", "held"])
def test_what_was_never_proposed_cannot_be_taken_back(state: str):
    case = Case.objects.filter(service="preschool", state=state, sent_at=None).order_by("id")[0]
    with pytest.raises(NotOpenError, match="no proposal to take back"):
        desk.withdraw(case=case.id, reason="a test", by=OFFICIAL, at=record.now())
    case.refresh_from_db()
    assert case.state == state


def test_what_is_contested_is_decided_and_not_taken_back():
    link = _link(AINO, EINO)
    contest.contest(link=link.id, text="väärin", by=_resident(AINO), at=record.now())
    with pytest.raises(NotOpenError, match="decide what is contested"):
        desk.withdraw(case=link.offer_id, reason="a test", by=OFFICIAL, at=record.now())
