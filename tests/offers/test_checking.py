"""What a resident may ask of every service, and what they are never told."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from offers import checked
from offers.checked import AINO, EINO, ELLA, KAISA, MIKAEL, SARA, TESFAY, VENLA
from offers.soaking import resident
from stadi.consent import actions as consent
from stadi.consent.models import Snapshot
from stadi.engine import sweep
from stadi.engine.sql import OUTCOMES
from stadi.kit.actor import SYSTEM
from stadi.kit.service import Plugin
from stadi.offers.actions import checking
from stadi.offers.actions.checking import Checked, NobodyError
from stadi.offers.domain import NotYoursError
from stadi.offers.models import Case, Transition
from stadi.offers.plugins import plugin, plugins
from stadi.people import actions as people
from stadi.people import facts as pop
from stadi.people.domain import Batch
from stadi.record import actions as record
from stadi.record.models import Entry

# the purpose's role has a connection of its own and sees only what is committed
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    del db
    checked.small_city()


@pytest.fixture(params=[checked.of_the_home, checked.of_health])
def another(request: Any) -> Iterator[Plugin]:
    made: Plugin = request.param()
    consent.register(purpose=made.service.purpose, by=SYSTEM, at=record.now())
    plugins()[made.service.id] = made
    yield made
    del plugins()[made.service.id]


def _check(subject: int, by: int | None = None) -> dict[str, Checked]:
    asker = resident(by or subject)
    return {c.service: c for c in checking.check(subject=subject, by=asker, at=record.now())}


def _told(found: Checked, fact: str) -> checking.Told:
    (told,) = [t for reason in found.reasons for t in reason.facts if t.fact.name == fact]
    return told


def _of_health(made: Plugin) -> bool:
    return any(fact.category != "ordinary" for fact in made.service.purpose.uses)


def test_every_service_answers_and_the_answer_is_the_sweeps():
    for subject, by in ((AINO, AINO), (EINO, AINO), (ELLA, SARA), (TESFAY, TESFAY)):
        found = _check(subject, by)
        theirs = {s for s, made in plugins().items() if by == subject or not _of_health(made)}
        assert set(found) == theirs
        for service, answer in found.items():
            purpose, at = plugin(service).service.purpose, record.now()
            with consent.look(
                purpose=purpose, as_of=at.date(), known_at=at, only=[subject]
            ) as sight:
                swept = sweep.run_there(plugin(service).service.who, sight)
            assert answer.outcome == OUTCOMES[swept.outcomes[0]]


def test_an_answer_tells_each_fact_with_its_source_and_since_when():
    found = _check(EINO, AINO)["preschool"]
    assert (found.outcome, [r.holds for r in found.reasons]) == ("yes", [True, True, True])
    born = _told(found, "people.birth_date")
    assert (born.known, born.shown, born.value) == (True, True, date(2021, 5, 5))
    assert (born.source, born.since) == ("demo city (invented)", demo_since())


def demo_since() -> date:
    found = people.lineages(subjects=[EINO], register="people_person", at=record.now())
    return found[EINO][1]


def test_a_near_miss_is_told_what_would_change_it_and_when_it_turns():
    checked.say("people_person", EINO, birth_date=date(2022, 5, 5))
    young = _check(EINO, AINO)["preschool"]
    assert (young.outcome, young.turns_yes) == ("no", date(2028, 1, 1))
    checked.say("people_person", EINO, birth_date=date(2021, 5, 5))
    checked.say("people_residence", EINO, municipality="049")
    (change,) = _check(EINO, AINO)["preschool"].changes
    assert (change.fact.name, change.value) == ("people.municipality", "091")


def test_what_is_missing_is_unknown_and_a_stop_is_told_without_a_fact():
    checked.say("people_residence", EINO, municipality=None)
    found = _check(EINO, AINO)["preschool"]
    assert (found.outcome, [f.name for f in found.lacking]) == ("unknown", ["people.municipality"])
    assert not _told(found, "people.municipality").known
    purpose = plugin("preschool").service.purpose.id
    consent.object_to(resident=EINO, purpose=purpose, by=resident(AINO), at=record.now())
    stopped = _check(EINO, AINO)["preschool"]
    assert (stopped.outcome, stopped.reasons, stopped.lacking) == ("stopped", (), ())


# ── whom one may check ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("by", "subject"), [(AINO, MIKAEL), (SARA, EINO), (EINO, AINO), (AINO, 1000), (AINO, 0)]
)
def test_nobody_checks_a_stranger_the_other_guardian_or_a_parent(by: int, subject: int):
    before = Snapshot.objects.count()
    with pytest.raises(NotYoursError):
        _check(subject, by)
    assert Snapshot.objects.count() == before


def test_a_guardian_never_checks_somebody_of_15_or_more_nor_one_of_unknown_age():
    today = record.now().date()
    assert checking.subjects(by=AINO, at=record.now()) == [AINO, EINO]
    for born, seen in (
        (today.replace(year=today.year - 15), False),
        (today.replace(year=today.year - 15) + timedelta(days=1), True),
        (None, False),
    ):
        checked.say("people_person", EINO, birth_date=born)
        assert (EINO in checking.subjects(by=AINO, at=record.now())) is seen, born
    checked.link(VENLA, AINO)
    assert VENLA not in checking.subjects(by=AINO, at=record.now())


@pytest.mark.parametrize("protected", [EINO, AINO, MIKAEL])
def test_inv_31_no_protected_child_is_checked_nor_one_beside_whom_somebody_is(protected: int):
    checked.say("people_contact", protected, safety_ban=True)
    for guardian in (AINO, MIKAEL):
        assert EINO not in checking.subjects(by=guardian, at=record.now())
        with pytest.raises(NotYoursError):
            _check(EINO, guardian)


def test_inv_31_a_ban_on_another_in_the_childs_home_protects_the_child():
    checked.say("people_residence", TESFAY, household=1)
    assert EINO in checking.subjects(by=AINO, at=record.now())
    checked.say("people_contact", TESFAY, safety_ban=True)
    assert EINO not in checking.subjects(by=AINO, at=record.now())


def test_a_ban_that_begins_later_protects_already():
    rows = Batch.of("people_contact", ("subject", "language", "safety_ban"), [(EINO, "fi", True)])
    at = record.now() + timedelta(hours=1)
    later = at.date() + timedelta(days=20)
    people.load(batches=[rows], true_since=later, source="a test", by=SYSTEM, at=at)
    assert EINO not in checking.subjects(by=AINO, at=at)


def test_a_ban_that_nobody_knows_to_be_absent_counts_as_one():
    from django.db import connection  # noqa: PLC0415 - beside its use

    with connection.cursor() as cursor:
        cursor.execute("delete from people_contact where subject = %s", [MIKAEL])
    assert EINO not in checking.subjects(by=AINO, at=record.now())


def test_who_is_in_no_register_is_told_so_and_nothing_stays_open():
    from django.db import connection  # noqa: PLC0415 - beside its use

    with connection.cursor() as cursor:
        cursor.execute("delete from people_residence where subject = %s", [AINO])
    with pytest.raises(NobodyError):
        _check(AINO)
    assert not Snapshot.objects.filter(closed_at=None).exists()


# ── what one is never told ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("another", [checked.of_the_home], indirect=True)
def test_of_a_relative_a_condition_is_told_and_never_a_value(another: Plugin):
    whole = checking.why(plugin=another, subject=AINO, at=record.now())
    seen = str([told.value for reason in whole.reasons for told in reason.facts])
    assert "2021, 5, 5" in seen
    assert "264000" in seen
    found = _check(AINO)["home"]
    assert [(r.because, r.holds) for r in found.reasons] == [
        (r.because, r.holds) for r in whole.reasons
    ]
    for reason in found.reasons:
        for told in reason.facts:
            if not checking.is_own(told.fact):
                assert (told.known, told.shown, told.value) == (True, False, None)
                assert (told.source, told.since) == ("", None)
    assert "2021, 5, 5" not in repr(found)
    assert "264000" not in repr(found)
    # what would change it names nothing that others would have to change
    assert [c.fact.name for c in whole.changes] == ["people.member"]
    assert found.changes == ()


@pytest.mark.parametrize("another", [checked.of_the_home], indirect=True)
def test_the_day_on_which_a_relative_turns_the_answer_is_not_told(another: Plugin):
    today = record.now().date()
    birthday = today + timedelta(days=30)
    checked.say("people_person", EINO, birth_date=birthday.replace(year=today.year - 18))
    whole = checking.why(plugin=another, subject=AINO, at=record.now())
    assert (whole.outcome, whole.turns_yes) == ("no", birthday)
    assert _check(AINO)["home"].turns_yes is None


@pytest.mark.parametrize("another", [checked.of_ages], indirect=True)
def test_ones_own_day_is_told_unless_a_relative_delays_it(another: Plugin):
    today = record.now().date()
    forty = today + timedelta(days=30)
    checked.say("people_person", AINO, birth_date=forty.replace(year=today.year - 40))
    assert _check(AINO)["ages"].turns_yes == forty
    # a relative's condition fails today and holds before that day, which tells when
    turning = today + timedelta(days=10)
    checked.say("people_person", EINO, birth_date=turning.replace(year=today.year - 18))
    assert checking.why(plugin=another, subject=AINO, at=record.now()).turns_yes == forty
    assert _check(AINO)["ages"].turns_yes is None
    # it holds today, fails on that day, and holds again a year later
    checked.say("people_person", EINO, birth_date=turning.replace(year=today.year - 17))
    whole = checking.why(plugin=another, subject=AINO, at=record.now())
    assert whole.turns_yes == turning.replace(year=today.year + 1)
    assert _check(AINO)["ages"].turns_yes is None


def test_a_guardian_in_another_home_is_not_told_where_the_child_lives():
    (mine, theirs) = (_check(EINO, by)["preschool"] for by in (AINO, MIKAEL))
    assert _told(mine, "people.municipality").value == "091"
    hidden = _told(theirs, "people.municipality")
    assert (hidden.known, hidden.shown, hidden.value, hidden.since) == (True, False, None, None)
    assert _told(theirs, "people.birth_date").shown


def test_inv_31_the_screen_of_somebody_protected_shows_no_value_at_all():
    for found in _check(KAISA).values():
        assert found.reasons
        for reason in found.reasons:
            assert not [told for told in reason.facts if told.shown or told.value is not None]
    assert checking.correctable(subject=KAISA, by=KAISA, at=record.now()) == {}


@pytest.mark.parametrize("another", [checked.of_health], indirect=True)
def test_a_guardian_is_told_nothing_of_a_service_about_health(another: Plugin):
    assert another.service.id in _check(AINO)
    assert another.service.id not in _check(EINO, AINO)
    assert "test.care_support" not in checking.correctable(subject=EINO, by=AINO, at=record.now())


def test_a_number_that_names_somebody_is_never_shown():
    found = _check(EINO, AINO)["sample"]
    assert not _told(found, "people.guardian").shown
    assert not checking.is_own(pop.household)
    assert not checking.is_own(pop.care_unit)
    assert checking.is_own(pop.income_cents)


# ── what a check leaves behind ───────────────────────────────────────────────────────────────


def test_a_check_is_a_look_of_each_service_that_the_person_asked_for():
    at, before = record.now(), consent.looks(person=AINO, at=record.now())
    _check(AINO)
    taken = Snapshot.objects.filter(subjects=[AINO], asked_by=AINO)
    assert {s.purpose for s in taken} == {p.service.purpose.id for p in plugins().values()}
    assert not taken.filter(closed_at=None).exists()
    assert consent.checks(person=AINO, at=at, most=9) == [(AINO, at)]
    assert consent.looks(person=AINO, at=at) == before
    entries = Entry.objects.filter(kind="consent.looked", actor=AINO, actor_kind="resident")
    assert entries.count() == len(plugins())
    _check(EINO, AINO)
    assert consent.checks(person=EINO, at=at, most=9) == [(AINO, at)]


def test_a_check_moves_no_case():
    before = (Case.objects.count(), Transition.objects.count())
    _check(EINO, AINO)
    assert (Case.objects.count(), Transition.objects.count()) == before


def test_an_address_of_a_child_is_the_readers_alone():
    mine, other = (checking.handle(subject=EINO, by=by) for by in (AINO, MIKAEL))
    assert mine != other
    assert str(EINO) not in (mine, other)
    assert checking.handle(subject=AINO, by=AINO) == "me"
