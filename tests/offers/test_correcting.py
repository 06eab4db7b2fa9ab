"""A wrong fact is said to be wrong, and somebody answers."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from offers import checked
from offers.checked import AINO, EINO, KAISA, MIKAEL, TESFAY
from offers.soaking import OFFICIAL, resident
from stadi.consent import corrections
from stadi.consent.domain import (
    AskedAlreadyError,
    DecidedAlreadyError,
    NotForYouError,
    WordsUnfitError,
)
from stadi.consent.models import Correction as Row
from stadi.consent.models import Snapshot
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.messages.models import Message
from stadi.offers.actions import checking, correcting
from stadi.offers.actions.correcting import FactNotYoursError, NothingNewError
from stadi.offers.actions.questions import AnswerUnfitError
from stadi.offers.domain import NotYoursError
from stadi.offers.models import Case
from stadi.people import actions as people
from stadi.record import actions as record
from stadi.record.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
BORN, PURPOSE = "people.birth_date", "preschool.placement"


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    del db
    checked.small_city()
    record.advance(by=SYSTEM, step=timedelta(hours=1))


def _ask(
    subject: int = EINO, by: int = AINO, fact: str = BORN, said: str = "2020-05-05", why: str = ""
) -> UUID:
    return correcting.ask(
        subject=subject, fact=fact, said=said, why=why, by=resident(by), at=record.now()
    )


def _correct(
    asked: UUID, value: str = "2020-05-05", reason: str = "", by: Actor = OFFICIAL
) -> None:
    correcting.correct(correction=asked, value=value, reason=reason, by=by, at=record.now())


def _refuse(asked: UUID, reason: str, by: Actor = OFFICIAL) -> None:
    correcting.refuse(correction=asked, reason=reason, by=by, at=record.now())


def _letters(person: int) -> list[Message]:
    return list(Message.objects.filter(recipient=person, key__startswith="correction:"))


def _born(subject: int = EINO) -> list[tuple[date, date, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select birth_date, true_since, known_until = 'infinity' from people_person"
            " where subject = %s order by known_since",
            [subject],
        )
        return cursor.fetchall()


def test_an_official_corrects_the_register_the_rules_are_asked_again_and_the_asker_is_told():
    ((was, since, _now),) = _born()
    asked = _ask(why="See the passport.")
    (mine,) = corrections.asked(subject=EINO, by=AINO)
    assert (mine.id, mine.state, mine.said) == (asked, "open", "2020-05-05")
    _correct(asked, reason="Thank you.")
    # a lasting fact was wrong all the time; what was known is kept
    assert _born() == [(was, since, False), (date(2020, 5, 5), since, True)]
    assert Case.objects.get(subject=EINO).reason == "late_change"
    (mine,) = corrections.asked(subject=EINO, by=AINO)
    assert (mine.state, mine.reason) == ("done", "Thank you.")
    (letter,) = _letters(AINO)
    assert letter.link == f"/fi/check/{checking.handle(subject=EINO, by=AINO)}"
    assert not {"2020", "Eino", "passport", "Thank"} & set(
        letter.subject.split() + letter.body.split()
    )
    assert _letters(MIKAEL) == []


def test_what_is_not_lasting_is_right_from_today_on():
    asked = _ask(fact="people.municipality", said="049")
    _correct(asked, "049")
    found = people.lineages(subjects=[EINO], register="people_residence", at=record.now())
    assert found[EINO] == ("official", record.now().date())


def test_the_rules_are_asked_again_about_everyone_in_the_home():
    _correct(_ask())
    looks = Snapshot.objects.filter(asked_by=None, opened_at=record.now(), purpose=PURPOSE)
    assert sorted([AINO, EINO]) in [look.subjects for look in looks]


def test_a_refusal_needs_a_reason_and_changes_no_register():
    asked, before = _ask(), _born()
    with pytest.raises(WordsUnfitError):
        _refuse(asked, "  \0 ")
    _refuse(asked, "The birth certificate says otherwise.")
    assert _born() == before
    (mine,) = corrections.asked(subject=EINO, by=AINO)
    assert (mine.state, mine.reason) == ("refused", "The birth certificate says otherwise.")
    assert len(_letters(AINO)) == 1
    assert _ask() != asked  # and one may ask again


def test_one_request_of_a_person_about_a_fact_is_open_at_a_time():
    _ask()
    with pytest.raises(AskedAlreadyError):
        _ask(said="2020-05-06")
    # the other guardian asks too, and learns nothing of the first
    _ask(by=MIKAEL)
    assert len(corrections.asked(subject=EINO, by=MIKAEL)) == 1
    assert len(corrections.waiting()) == 2


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (BORN, ""),
        (BORN, "yesterday"),
        (BORN, "2021-02-30"),
        (BORN, "9999-01-01"),
        (BORN, "<b>2020-05-05</b>"),
        ("people.municipality", ""),
        ("people.municipality", "x" * 201),
        ("people.municipality", "Hel\u202esinki"),
        ("people.municipality", "a\nb"),
        ("people.municipality", "a\0b"),
        ("people.municipality", "👩\u200d👧"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(fact: str, said: str):
    with pytest.raises(AnswerUnfitError):
        _ask(fact=fact, said=said)
    assert not Row.objects.exists()


@pytest.mark.parametrize("said", ["<b>Espoo</b>", "📍 Espoo", "هلسنكي", "x" * 200])
def test_strange_but_readable_words_are_kept_as_they_are(said: str):
    _ask(fact="people.municipality", said=said)
    (mine,) = corrections.waiting()
    assert mine.said == said


def test_too_long_a_reason_is_refused():
    with pytest.raises(WordsUnfitError):
        _ask(why="x" * 1001)
    assert not Row.objects.exists()


@pytest.mark.parametrize(
    ("subject", "by", "fact"),
    [
        (EINO, AINO, "people.no_such"),
        (EINO, AINO, "people.guardian"),
        (EINO, AINO, "people.safety_ban"),
        (EINO, MIKAEL, "people.municipality"),
        (KAISA, KAISA, BORN),
    ],
)
def test_only_a_fact_that_one_sees_can_be_said_to_be_wrong(subject: int, by: int, fact: str):
    with pytest.raises(FactNotYoursError):
        _ask(subject=subject, by=by, fact=fact)
    assert not Row.objects.exists()


def test_nobody_asks_to_correct_a_stranger():
    with pytest.raises(NotYoursError):
        _ask(subject=TESFAY)


def test_only_an_official_without_a_part_in_it_decides():
    asked, before = _ask(), _born()
    part = Actor(kind="official", id=AINO, roles=frozenset({"official"}))
    manager = Actor(kind="manager", id=21, roles=frozenset({"manager"}))
    for by in (resident(AINO), resident(TESFAY), manager, part):
        with pytest.raises(NotForYouError):
            _correct(asked, by=by)
        with pytest.raises(NotForYouError):
            _refuse(asked, "no", by=by)
    assert _born() == before
    assert corrections.open_for(correction=asked, by=resident(AINO), at=record.now()) is None


def test_a_decided_request_is_decided_once():
    asked = _ask()
    _correct(asked)
    for again in (asked, uuid4()):
        with pytest.raises(DecidedAlreadyError):
            _refuse(again, "no")
    assert len(_letters(AINO)) == 1


@pytest.mark.parametrize("value", ["2021-05-05", "", "x"])
def test_what_the_register_says_already_or_cannot_hold_is_not_written(value: str):
    asked = _ask()
    with pytest.raises((NothingNewError, AnswerUnfitError)):
        _correct(asked, value)
    (mine,) = corrections.waiting()
    assert mine.id == asked
    assert _letters(AINO) == []


def test_a_register_refuses_a_value_that_it_does_not_know():
    asked = _ask(fact="people.municipality")
    Row.objects.filter(id=asked).update(fact="people.birth_date")
    with pytest.raises(StadiError):
        _correct(asked, "1700-01-01")
    assert len(corrections.waiting()) == 1


def test_a_fact_of_many_rows_is_corrected_where_its_register_is_kept():
    asked = _ask(fact="people.placement_term", said="I have a place already")
    _correct(asked, "", reason="The register of places is put right.")
    (mine,) = corrections.asked(subject=EINO, by=AINO)
    assert mine.state == "done"
    assert len(_letters(AINO)) == 1


def test_the_record_tells_of_a_request_and_holds_no_word_of_it():
    asked = _ask(why="See the passport.")
    corrections.open_for(correction=asked, by=OFFICIAL, at=record.now())
    _correct(asked, reason="Thank you.")
    entries = Entry.objects.filter(kind__startswith="consent.correction_").order_by("id")
    kinds = [e.kind.removeprefix("consent.correction_") for e in entries]
    assert kinds == ["asked", "read", "decided"]
    assert [e.actor for e in entries] == [AINO, OFFICIAL.id, OFFICIAL.id]
    text = str([e.body for e in entries])
    assert not [word for word in ("2020", "passport", "Thank") if word in text]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "done"},
        {"state": "lost"},
        {"state": "refused", "decided_by": 20, "decided_at": "2027-01-15T10:00Z"},
    ],
)
def test_the_database_refuses_a_decision_that_nobody_made(wrong: dict[str, object]):
    asked = _ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        Row.objects.filter(id=asked).update(**wrong)
