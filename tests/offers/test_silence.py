"""What silence means at each level: nothing, a person, or a yes where a law says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stadi.fulfil.models import Award
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Grants, Lapses, Service, ServiceError
from stadi.messages.models import Message
from stadi.offers.actions import answers, clock, versions
from stadi.offers.actions.cases import step
from stadi.offers.domain import NotAllowedError, TellingError
from stadi.offers.models import Case, Recipient, Version
from stadi.offers.plugins import plugins
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.site import demo, house
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)
TEIJA, VENLA = 26, 10


@pytest.fixture(autouse=True)
def _offered(db: None) -> Iterator[None]:
    del db
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=400, seed=3, today=demo.START.date(), first_id=1000), areas)
    for service in ("housing_supplement", "culture_kids", "next_step"):
        demo.run_service(service, demo.Stopwatch())
    yield
    versions.terms.cache_clear()


def _link(subject: int, person: int = 0) -> Recipient:
    found = Recipient.objects.select_related("offer__case").filter(offer__case__subject=subject)
    return found.get(person=person or subject)


def _case(subject: int) -> Case:
    return Case.objects.get(subject=subject)


def _wait(days: int) -> None:
    for _ in range(days):
        record.advance(by=SYSTEM, step=timedelta(days=1))
        clock.tick(by=SYSTEM, at=record.now())


def _resident(person: int) -> Actor:
    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def _terms(service: str, **changed: object) -> None:
    row = Version.objects.get(service=service)
    row.terms |= changed
    row.save()
    versions.terms.cache_clear()


def test_where_a_law_says_so_silence_is_a_yes_after_a_reminder_and_the_offers_days():
    _wait(29)
    assert _case(TEIJA).state == "offered"
    assert Message.objects.filter(recipient=TEIJA, key__startswith="reminder:").count() == 1
    _wait(1)
    case = _case(TEIJA)
    assert (case.state, case.reason) == ("accepted", "no_answer")
    assert Message.objects.filter(recipient=TEIJA, key__startswith="granted:").count() == 1


def test_what_silence_granted_is_refused_by_a_word_and_nothing_is_paid():
    _wait(30)
    link = _link(TEIJA)
    answers.decline(link=link.id, by=_resident(TEIJA), at=record.now())
    assert _case(TEIJA).state == "declined"
    _wait(3)
    house.tick(record.now())
    assert not Award.objects.exists()


def test_what_silence_granted_cannot_be_refused_once_it_is_being_paid():
    _wait(32)
    with pytest.raises(Exception, match=r"cannot|no longer"):
        answers.decline(link=_link(TEIJA).id, by=_resident(TEIJA), at=record.now())
    assert _case(TEIJA).state == "fulfilling"


def test_a_yes_of_ones_own_is_taken_back_by_undo_and_not_opposed():
    link, at = _link(TEIJA), record.now()
    answers.accept(link=link.id, by=_resident(TEIJA), at=at)
    with pytest.raises(Exception, match=r"refused|cannot"):
        step(case=link.offer_id, name="oppose", by=_resident(TEIJA), at=at)


def test_inv_26_below_l3_silence_never_grants_whatever_asks_for_it():
    _wait(40)
    case = _case(VENLA)
    assert case.state == "offered"
    with pytest.raises(NotAllowedError, match="no law takes silence for a yes"):
        step(case=case.id, name="grant", by=SYSTEM, at=record.now())


def test_at_l3_nothing_is_granted_before_the_time_to_refuse_is_over():
    with pytest.raises(Exception, match="open, or nobody was reminded"):
        step(case=_case(TEIJA).id, name="grant", by=SYSTEM, at=record.now())


def test_at_l4_it_is_granted_at_once_and_told():
    _terms("housing_supplement", level="L4")
    clock.tick(by=SYSTEM, at=record.now())
    assert _case(TEIJA).state == "accepted"
    assert Message.objects.filter(recipient=TEIJA, key__startswith="granted:").exists()


def test_where_silence_lapses_the_offer_ends_and_no_person_is_asked():
    child = Case.objects.filter(service="culture_kids", state="offered").order_by("id")[0]
    _wait(21)
    child.refresh_from_db()
    assert (child.state, child.deadline) == ("expired", None)


def test_a_service_that_only_tells_takes_no_yes():
    _terms("next_step", level="L0")
    link = _link(VENLA)
    unit = link.offer.others[0][0]
    with pytest.raises(TellingError, match="apply in the ordinary way"):
        answers.choose(link=link.id, unit=unit, by=_resident(VENLA), at=record.now())


def test_of_many_things_one_is_chosen_and_not_all_accepted():
    link = _link(VENLA)
    with pytest.raises(Exception, match="choose one of what is shown"):
        answers.accept(link=link.id, by=_resident(VENLA), at=record.now())
    unit = link.offer.others[0][0]
    answers.choose(link=link.id, unit=unit, by=_resident(VENLA), at=record.now())
    link.offer.refresh_from_db()
    assert (_case(VENLA).state, link.offer.unit) == ("accepted", unit)
    assert unit not in [other for other, _ in link.offer.others]


# ── at registration ──────────────────────────────────────────────────────────────────────────


def _service(name: str) -> Service:
    return plugins()[name].service


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("culture_kids", {"level": "L3"}, "name the law in silence"),
    ("housing_supplement", {"level": "L2"}, "may not take silence for a yes at L2"),
    ("housing_supplement", {"costs": "a fee of 10 euros"}, "what costs or binds"),
    ("housing_supplement", {"level": "L4", "costs": "a duty to report"}, "what costs or binds"),
    ("next_step", {"level": "L0"}, "only tells at L0, so nothing is fulfilled"),
    ("preschool", {"level": "L1", "fulfil": ()}, "nothing follows from silence"),
    ("preschool", {"level": "L9"}, "is none of"),
]


@pytest.mark.parametrize(("name", "changed", "why"), REFUSED)
def test_a_level_that_promises_what_it_may_not_is_refused(
    name: str, changed: dict[str, Any], why: str
):
    with pytest.raises(ServiceError, match=why):
        replace(_service(name), **changed)


def test_silence_is_no_consent():
    made = _service("housing_supplement")
    purpose = replace(made.purpose, basis=replace(made.purpose.basis, kind="consent"))
    with pytest.raises(ServiceError, match="silence is no consent"):
        replace(made, purpose=purpose)


def test_what_a_professional_decides_is_not_granted_by_silence():
    made = _service("blood_pressure")
    offer = replace(made.offer, silence=Grants(law="a law"))
    with pytest.raises(ServiceError, match="decided case by case"):
        replace(made, level="L3", offer=offer)


def test_a_law_without_words_grants_nothing():
    made = _service("housing_supplement")
    with pytest.raises(ServiceError, match="name the law"):
        replace(made, offer=replace(made.offer, silence=Grants(law=" ")))
    with pytest.raises(ServiceError, match="name the law"):
        replace(made, offer=replace(made.offer, silence=Lapses()))
