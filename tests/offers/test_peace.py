"""Rounds by month, half-year and event; who is left in peace; nobody pays for a refusal."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pytest

from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Every
from stadi.offers.actions import answers, reading, rounds
from stadi.offers.domain import ASKED
from stadi.offers.models import Case, Recipient, Screening
from stadi.offers.plugins import plugins
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.site import demo, house
from stadi.site.fill import fill

pytestmark = pytest.mark.django_db(transaction=True)
VENLA, RAIMO = 10, 24
SERVICES = ("blood_pressure", "culture_kids", "housing_supplement", "next_step", "preschool")


@pytest.fixture(autouse=True)
def _rounds(db: None) -> Iterator[None]:
    del db
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=700, seed=3, today=demo.START.date(), first_id=1000), areas)
    for service in SERVICES:
        demo.run_service(service, demo.Stopwatch())
    yield
    for service in SERVICES:
        assert reading.balances(reading.tally(service)), reading.tally(service)


def _resident(person: int) -> Actor:
    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def test_a_year_a_half_year_and_a_month_name_their_rounds():
    day = date(2027, 1, 15)
    assert Every(period="year", on=(1, 15)).period_of(day) == "2027"
    assert Every(period="year", on=(1, 16)).period_of(day) == "2026"
    assert Every(period="half-year").period_of(date(2027, 7, 1)) == "2027-2"
    assert Every(period="month").period_of(day) == "2027-01"


def test_a_month_later_everyone_is_looked_at_again_and_who_has_a_case_is_left_in_peace():
    case = Case.objects.get(subject=RAIMO, service="blood_pressure")
    assert (case.round, case.state, case.assignee) == ("2027-01", "held", 23)
    house.advance(timedelta(days=17))
    assert set(
        Screening.objects.filter(service="blood_pressure").values_list("round", flat=True)
    ) == {"2027-01", "2027-02"}
    assert Case.objects.filter(subject=RAIMO, service="blood_pressure").count() == 1
    assert reading.tally("blood_pressure")["resting"] > 0


def test_an_event_is_the_round_of_its_case_and_is_followed_once():
    case = Case.objects.get(subject=VENLA, service="next_step")
    assert (case.round, case.term) == ("2027-01-08", 2027)
    link = Recipient.objects.get(person=VENLA, offer__case=case)
    answers.decline(link=link.id, by=_resident(VENLA), at=record.now())
    house.advance(timedelta(days=18))
    assert Case.objects.filter(subject=VENLA, service="next_step").count() == 1


def test_no_round_begins_by_itself_before_the_first_was_decided_on():
    made, at = plugins()["sample"], record.now()
    assert not rounds.is_due(plugin=made, at=at)
    assert not rounds.is_due(plugin=plugins()["preschool"], at=at)


def test_a_seat_that_comes_free_goes_to_a_child_who_waits():
    waiting = Case.objects.filter(service="culture_kids", reason="no_free_place")
    if not waiting.exists():
        pytest.skip("this city has a seat for every child")


def _outcomes(services: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    found = {}
    for service in services:
        made = plugins()[service]
        result = rounds.screen(plugin=made, seen=rounds.read(plugin=made, at=record.now()))
        found[service] = list(zip(result.subjects.tolist(), result.outcomes.tolist(), strict=True))
    return found


@pytest.mark.parametrize("order", [SERVICES, SERVICES[::-1]])
def test_inv_11_refusing_one_service_changes_nothing_in_any_other(order: Sequence[str]):
    before = _outcomes(SERVICES)
    for i, service in enumerate(order):
        _refuse_everything(service)
        others = order[i + 1 :]
        assert _outcomes(others) == {other: before[other] for other in others}
    # ignoring is no refusal either: a day of silence later nothing has moved
    record.advance(by=SYSTEM, step=timedelta(hours=1))


def _refuse_everything(service: str) -> None:
    links = Recipient.objects.filter(offer__case__service=service, offer__case__state__in=ASKED)
    seen = set()
    for n, link in enumerate(links.order_by("offer", "person")):
        if link.offer_id in seen:
            continue
        seen.add(link.offer_id)
        say = answers.object_to if n % 2 else answers.decline
        say(link=link.id, by=_resident(link.person), at=record.now())
