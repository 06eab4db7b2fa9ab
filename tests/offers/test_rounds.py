"""Rounds that go otherwise than planned: run twice, no capacity, a basis that ends midway."""

from collections.abc import Iterator

import pytest

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Capacity
from stadi.kit.actor import SYSTEM
from stadi.messages.models import Message
from stadi.offers.actions import reading, rounds
from stadi.offers.models import Case
from stadi.offers.plugins import plugins
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.site import demo
from stadi.site.fill import fill

# the purpose's role has a connection of its own and sees only what is committed
pytestmark = pytest.mark.django_db(transaction=True)
WATCH = demo.Stopwatch()


@pytest.fixture(autouse=True)
def _loaded(db: None) -> Iterator[None]:
    del db
    areas = paavo.built_in()
    city = draw(areas=areas, residents=900, seed=3, today=demo.START.date(), first_id=1000)
    fill(city, areas)
    yield
    assert fulfil.overfull() == []


def test_a_second_round_opens_no_second_case_and_sends_no_second_message():
    demo.run_service("preschool", WATCH)
    cases, letters = Case.objects.count(), Message.objects.count()
    demo.run_service("preschool", WATCH)
    assert (Case.objects.count(), Message.objects.count()) == (cases, letters)
    assert reading.balances(reading.tally("preschool"))


def test_without_any_capacity_everyone_is_with_a_person():
    Capacity.objects.update(places=0)
    fulfil.Claim.objects.all().delete()
    demo.run_service("preschool", WATCH)
    counts = reading.tally("preschool")
    assert counts["held"] == counts["yes"] > 0
    assert Message.objects.count() == 0
    assert reading.balances(counts)


def test_inv_10_who_objects_between_proposal_and_offer_gets_no_message():
    made, at = plugins()["preschool"], record.now()
    seen = rounds.read(plugin=made, at=at)
    result = rounds.screen(plugin=made, seen=seen)
    found = rounds.open_cases(plugin=made, seen=seen, result=result, by=SYSTEM, at=at)
    places = rounds.assign(plugin=made, found=found, at=at)
    ready = rounds.propose(plugin=made, found=found, places=places, by=SYSTEM, at=at)
    late = next(f for f in ready if f.subject == 5)
    consent.object_to(resident=5, purpose="preschool.placement", by=SYSTEM, at=at)
    assert Case.objects.get(id=late.case).state == "withdrawn"
    rounds.offer(cases=[f.case for f in ready], by=SYSTEM, at=at)
    assert not Message.objects.filter(recipient=4).exists()
    assert reading.balances(reading.tally("preschool"))


def test_nothing_of_the_snapshot_stays_after_a_round():
    demo.run_service("preschool", WATCH)
    with demo.connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_namespace where nspname like 'wall\\_%%'"
            " union all select count(*) from pg_tables where schemaname = 'behind_the_wall'"
        )
        assert cursor.fetchall() == [(0,), (0,)]


def test_what_a_dead_look_left_behind_is_cleared_away():
    with demo.connection.cursor() as cursor:
        cursor.execute("create schema wall_preschool_placement_dead")
        cursor.execute("create table behind_the_wall.left_over (subject bigint)")
    assert consent.clear_away() == 2
    assert consent.clear_away() == 0
    demo.run_service("preschool", WATCH)


def test_a_guardian_whom_the_registers_do_not_know_brings_a_person_in():
    with demo.connection.cursor() as cursor:
        cursor.execute("update people_guardianship set guardian = 999999 where guardian = 8")
    demo.run_service("preschool", WATCH)
    assert Case.objects.get(subject=9, service="preschool").state == "held"
    assert not Message.objects.filter(recipient=999_999).exists()
