"""Registers are loaded whole or not at all, and remember what was known when."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from stadi.kit.actor import SYSTEM
from stadi.people import actions as people
from stadi.people import copying, merging
from stadi.people.domain import Batch
from stadi.people.registers import REGISTERS
from stadi.people.timeline import Span, revise
from stadi.record import actions as record

pytestmark = pytest.mark.django_db
NOON = datetime(2027, 1, 15, 10, tzinfo=UTC)
SINCE = date(2026, 12, 31)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> None:
    """The city's time stands at noon: who lives here now is asked of that day."""
    record.start_demo_clock(at=NOON, by=SYSTEM)


def _load(
    rows: list[tuple[object, ...]], *, at: datetime = NOON, table: str = "people_person"
) -> int:
    columns = {
        "people_person": ("subject", "birth_date", "sex"),
        "people_guardianship": ("subject", "guardian"),
        "people_care": ("subject", "form", "unit"),
    }[table]
    batch = Batch.of(table, columns, rows)
    return people.load(batches=[batch], true_since=SINCE, source="test", by=SYSTEM, at=at)


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_the_same_load_twice_changes_nothing():
    rows = [(1, date(2021, 5, 5), 1), (2, None, 2)]
    assert _load(rows) == 2
    assert _load(rows, at=NOON + timedelta(days=1)) == 0
    assert len(_rows("select 1 from people_person")) == 2


def test_a_correction_closes_what_was_known_and_keeps_it():
    _load([(1, date(2021, 5, 5), 1)])
    _load([(1, date(2021, 5, 6), 1)], at=NOON + timedelta(days=1))
    known = _rows(
        "select birth_date::text, known_until = 'infinity' from people_person order by known_since"
    )
    assert known == [("2021-05-05", False), ("2021-05-06", True)]


def test_a_subject_twice_in_one_file_is_refused_and_nothing_is_kept():
    with pytest.raises(people.LoadError, match="people_person: row 3, subject stands twice"):
        _load([(2, None, 1), (1, date(2021, 5, 5), 1), (1, date(2021, 5, 6), 1)])
    assert _rows("select 1 from people_person") == []


@pytest.mark.parametrize(
    ("table", "row", "told"),
    [
        ("people_person", (1, "no date", 1), "birth_date"),
        ("people_person", (None, date(2021, 1, 1), 1), "subject"),
        ("people_guardianship", (1, 1), "row 1, guardian is the subject"),
        ("people_care", (1, "nanny", None), "row 1, form is not one of municipal, private, home"),
        ("people_person", (2**63, None, 1), "row 1, subject is too small or too large"),
        ("people_person", (1, date(2021, 1, 1), 3), "row 1, sex is not one of"),
        ("people_person", (1, "2027-02-29", 1), "row 1, birth_date is a day that no calendar has"),
    ],
)
def test_a_bad_row_is_refused_with_its_table_and_field(
    table: str, row: tuple[object, ...], told: str
):
    with pytest.raises(people.LoadError, match=told) as refused:
        _load([row], table=table)
    assert table in str(refused.value)
    assert _rows(f"select 1 from {table}") == []


def test_a_bad_register_among_good_ones_keeps_none_of_them():
    good = Batch.of("people_person", ("subject", "birth_date", "sex"), [(1, None, 1)])
    bad = Batch.of("people_guardianship", ("subject", "guardian"), [(1, 1)])
    with pytest.raises(people.LoadError):
        people.load(batches=[good, bad], true_since=SINCE, source="test", by=SYSTEM, at=NOON)
    assert _rows("select 1 from people_person") == []


def test_the_database_refuses_a_range_that_ends_before_it_begins():
    _load([(1, None, 1)])
    with pytest.raises(IntegrityError, match="person_ends_after_it_begins"), transaction.atomic():
        _rows("update people_person set true_until = '2000-01-01' returning 1")


def test_a_second_placement_for_the_same_term_changes_nothing():
    for _ in range(2):
        people.change(
            subject=1,
            register="people_placement",
            values={"term": 2027, "unit": 4},
            true_since=NOON.date(),
            source="tests",
            by=SYSTEM,
            at=NOON,
        )
    assert _rows("select unit from people_placement") == [(4,)]


def test_a_load_of_many_builds_the_same_indexes_as_before_and_keeps_no_default():
    def shape() -> list[tuple[object, ...]]:
        return _rows(
            "select indexdef from pg_indexes where tablename = 'people_residence' union"
            " select pg_get_constraintdef(oid) from pg_constraint"
            " where conrelid = 'people_residence'::regclass union"
            " select column_default from information_schema.columns"
            " where table_name = 'people_residence' order by 1"
        )

    before = shape()
    columns = ("subject", "household", "area")
    homes = [(i, i // 2, "00100") for i in range(2, copying.MANY + 2)]
    batch = Batch.of("people_residence", columns, homes)
    told = {"batches": [batch], "true_since": SINCE, "source": "test", "by": SYSTEM}
    assert people.load(**told, at=NOON) == copying.MANY
    assert shape() == before
    assert people.load(**told, at=NOON + timedelta(days=1)) == 0
    assert people.count() == (copying.MANY, copying.MANY // 2)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(1, 2), (2, 1)], "row 1, guardian is, step by step, guarded by the subject"),
        ([(1, 2), (2, 3), (3, 1)], "row 1, guardian is, step by step"),
    ],
)
def test_nobody_guards_their_own_guardian(rows: list[tuple[object, ...]], told: str):
    with pytest.raises(people.LoadError, match=told):
        _load(rows, table="people_guardianship")
    _load([(1, 2)], table="people_guardianship")
    with pytest.raises(people.LoadError, match="guarded by the subject"):
        _change(2, "people_guardianship", guardian=1)
    assert _rows("select subject, guardian from people_guardianship") == [(1, 2)]


def test_two_people_may_guard_each_other_at_different_times():
    _change(1, "people_guardianship", guardian=2)
    people.retract(subject=1, register="people_guardianship", by=SYSTEM, at=NOON + DAY)
    assert _change(2, "people_guardianship", at=NOON + 2 * DAY, guardian=1)


def test_a_load_from_before_what_is_known_is_refused():
    _load([(1, date(2021, 5, 5), 1)])
    with pytest.raises(people.LoadError, match="more is known of subject 1 from a later time"):
        _load([(1, date(2021, 5, 6), 1)], at=NOON - DAY)
    _load([(1, date(2021, 5, 7), 1)])  # in the same instant, the last word stands
    assert _rows("select birth_date from people_person") == [(date(2021, 5, 7),)]


def test_a_column_that_the_register_lacks_is_refused():
    batch = Batch.of("people_person", ("subject", "shoe_size", "sex"), [(1, 42, 1)])
    with pytest.raises(people.LoadError, match="no field is called shoe_size"):
        people.load(batches=[batch], true_since=SINCE, source="test", by=SYSTEM, at=NOON)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(people.LoadError, match="has no time zone"):
        _load([(1, None, 1)], at=NOON.replace(tzinfo=None))


def _change(
    subject: int,
    register: str = "people_contact",
    *,
    since: date = SINCE,
    at: datetime = NOON,
    **values: object,
) -> bool:
    return people.change(
        subject=subject,
        register=register,
        values=values,
        true_since=since,
        source="test",
        by=SYSTEM,
        at=at,
    )


def _introduce(subject: int) -> None:
    names = ("subject", "given_name", "family_name")
    batch = Batch.of("people_identity", names, [(subject, "Aino", "Virtala")])
    people.introduce(identities=batch, by=SYSTEM, at=NOON)


def _language(day: date, *, known: datetime) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select language from people_contact where subject = 1 and known_since <= %s"
            " and %s < known_until and true_since <= %s and %s < true_until",
            [known, known, day, day],
        )
        return cursor.fetchall()


def test_a_move_dated_ahead_leaves_today_alone_until_then():
    _change(1, language="fi", safety_ban=False)
    assert _change(1, since=date(2027, 6, 1), at=NOON + DAY, language="sv")
    assert _language(date(2027, 5, 31), known=NOON + DAY) == [("fi",)]
    assert _language(date(2027, 6, 1), known=NOON + DAY) == [("sv",)]
    assert _language(date(2027, 6, 1), known=NOON) == [("fi",)]
    _introduce(1)
    assert people.resident(1).language == "fi"


def test_what_was_true_before_the_row_known_replaces_it():
    _change(1, language="fi", safety_ban=False)
    assert _change(1, since=date(2020, 1, 1), at=NOON + DAY, language="sv", safety_ban=False)
    now = _rows("select language, true_since from people_contact where known_until = 'infinity'")
    assert now == [("sv", date(2020, 1, 1))]


def test_telling_what_is_known_changes_nothing_and_writes_no_entry():
    _change(1, language="fi", safety_ban=False)
    before = _rows("select count(*) from record_entry")
    assert not _change(1, since=date(2027, 1, 1), at=NOON + DAY, language="fi")
    assert _rows("select count(*) from record_entry") == before


def test_the_record_names_the_fields_that_changed_and_never_their_values():
    _change(1, language="so", safety_ban=True)
    ((body,),) = _rows("select body from record_entry where kind = 'people.changed'")
    fields = json.loads(str(body)).items()
    assert dict(fields)["fields"] == ["language", "safety_ban"]
    assert "so" not in dict(fields).values()


def test_a_change_at_the_same_instant_leaves_one_row_and_an_earlier_one_is_refused():
    _change(1, language="fi", safety_ban=False)
    assert _change(1, language="sv")
    assert len(_rows("select 1 from people_contact")) == 1
    with pytest.raises(people.LoadError, match="from a later time than this"):
        _change(1, language="en", at=NOON - DAY)
    assert _language(SINCE, known=NOON) == [("sv",)]


@pytest.mark.parametrize(
    ("register", "values", "told"),
    [
        ("people_shoes", {}, "no register is called people_shoes"),
        ("people_contact", {"shoe": 1}, "no field is called shoe"),
        ("people_contact", {"language": "fi"}, "safety_ban is missing"),
        ("people_contact", {"safety_ban": "perhaps"}, "safety_ban is neither true nor false"),
        ("people_income", {"cents": [1] * 12}, "year is missing"),
        ("people_income", {"year": 2026, "cents": [1] * 11}, "cents has not 12 months"),
        ("people_guardianship", {"guardian": 1}, "nobody_is_their_own_guardian"),
        ("people_residence", {"household": 1, "area": "00100", "home_x": 1}, "both_coordinates"),
        ("people_diagnosis", {}, "code is missing"),
        ("people_diagnosis", {"code": "high"}, "code is no code of ICD-10"),
        ("people_measurement", {"kind": "blood_pressure"}, "taken_on is missing"),
        ("people_tenancy", {"rent_cents": -1}, "rent_cents is too small"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_name(
    register: str, values: dict[str, object], told: str
):
    with pytest.raises(people.LoadError, match=told):
        _change(1, register, **values)


def test_a_retraction_closes_what_was_known_and_puts_nothing_in_its_place():
    _change(1, language="fi", safety_ban=False)
    told = {"subject": 1, "register": "people_contact", "by": SYSTEM, "at": NOON + DAY}
    assert people.retract(**told)
    assert not people.retract(**told)
    assert _language(SINCE, known=NOON + DAY) == []
    assert _language(SINCE, known=NOON) == [("fi",)]


def _family(at: datetime = NOON) -> None:
    for who in (1, 2):
        _change(who, "people_residence", at=at, household=9, area="00100")
    _change(1, "people_guardianship", at=at, guardian=2)
    _change(1, "people_care", at=at, form="home")


def test_a_guardian_who_dies_decides_no_longer_and_the_child_stays():
    _family()
    assert people.end(subject=2, on=date(2027, 1, 16), why="died", by=SYSTEM, at=NOON + DAY)
    assert people.count() == (2, 1)  # until then
    until = _rows("select true_until from people_guardianship where known_until = 'infinity'")
    assert until == [(date(2027, 1, 16),)]
    homes = _rows(
        "select subject, true_until = 'infinity' from people_residence"
        " where known_until = 'infinity' order by 1"
    )
    assert homes == [(1, True), (2, False)]


def test_who_moves_away_decides_for_the_child_all_the_same():
    _family()
    for who in (1, 2):
        on = date(2027, 1, 10)
        assert people.end(subject=who, on=on, why="moved_away", by=SYSTEM, at=NOON + DAY)
    left = _rows(
        "select 1 from people_care where known_until = 'infinity' and true_until = 'infinity'"
    )
    assert people.count() == (0, 0)
    assert left == []
    assert _rows("select 1 from people_guardianship where known_until = 'infinity'") == [(1,)]


# ── what was known never changes, and every way of telling agrees ──

_DAYS = [date(2027, 1, d) for d in range(1, 7)]
_TOLD = st.tuples(
    st.sampled_from(_DAYS),
    st.one_of(st.none(), st.sampled_from(_DAYS)),
    st.sampled_from(["fi", "sv", None, "GONE"]),
).filter(lambda t: t[1] is None or t[0] < t[1])


def _seen(moments: int) -> dict[tuple[int, date], list[object]]:
    """What the table says: at each moment, of each day."""
    return {
        (k, day): [v for (v,) in _language(day, known=NOON + k * DAY)]
        for k in range(moments)
        for day in [date(2020, 1, 1), *_DAYS, date(2030, 1, 1)]
    }


def _tell(since: date, until: date | None, said: str | None, at: datetime) -> None:
    gone = said == "GONE"
    columns = ("subject", "language", "safety_ban", "true_since", "true_until", "gone")
    row = (1, None if gone else said, None if gone else False, since, until, gone)
    batch = Batch.of("people_contact", columns, [row])
    people.load(batches=[batch], true_since=since, source="test", by=SYSTEM, at=at)


@settings(max_examples=40, deadline=None)
@given(told=st.lists(_TOLD, min_size=1, max_size=5))
def test_at_any_known_time_and_day_there_is_one_row_and_history_never_changes(
    told: list[tuple[date, date | None, str | None]],
):
    with transaction.atomic():
        model: dict[date, list[object]] = {}
        seen: dict[tuple[int, date], list[object]] = {}
        spans: list[Span] = []
        for moment, (since, until, said) in enumerate(told):
            _tell(since, until, said, NOON + moment * DAY)
            values = None if said == "GONE" else (said,)
            end = until or date.max
            spans = revise(spans, Span(since=since, until=end, values=values, source="test"))
            now = _seen(moment + 1)
            assert all(len(rows) <= 1 for rows in now.values())
            assert {k: v for k, v in now.items() if k in seen} == seen
            seen = now
            for day in [date(2020, 1, 1), *_DAYS, date(2030, 1, 1)]:
                if since <= day < end:
                    model[day] = [] if said == "GONE" else [said]
                assert now[moment, day] == model.get(day, [])
        rows = _rows(
            "select true_since, nullif(true_until, 'infinity'), language from people_contact"
            " where known_until = 'infinity' order by 1"
        )
        assert rows == [
            (s.since, None if s.until == date.max else s.until, s.values[0] if s.values else None)
            for s in spans
        ]
        transaction.set_rollback(True)


@settings(max_examples=25, deadline=None)
@given(told=st.lists(st.tuples(st.sampled_from(_DAYS), st.sampled_from(["fi", "sv"])), max_size=5))
def test_a_change_says_what_a_load_of_one_row_would(told: list[tuple[date, str]]):
    def known() -> list[tuple[object, ...]]:
        return _rows(
            "select language, true_since, true_until = 'infinity', nullif(true_until, 'infinity'),"
            " known_since, nullif(known_until, 'infinity') from people_contact order by 5, 2"
        )

    both = []
    for change in (True, False):
        with transaction.atomic():
            for moment, (since, said) in enumerate(told):
                at = NOON + moment * DAY
                if change:
                    _change(1, since=since, at=at, language=said, safety_ban=False)
                else:
                    _tell(since, None, said, at)
            both.append(known())
            transaction.set_rollback(True)
    assert both[0] == both[1]


def test_the_registers_describe_what_the_tables_hold():
    described = {(r.table, f) for r in REGISTERS.values() for f in r.fields}
    held = _rows(
        "select table_name, column_name from information_schema.columns where table_name = any("
        f"array{list(REGISTERS)}) and column_name <> all(array{list(merging.RANGES)})"
    )
    assert described == set(held)


# ── views ──


def test_a_year_of_income_is_seen_month_by_month_and_a_missing_one_is_missing():
    cents = [250_000, None, *[0] * 10]
    _change(1, "people_income", year=2026, cents=cents)
    months = _rows("select month, cents from people_income_month where subject = 1 order by month")
    assert months[:3] == [
        (date(2026, 1, 1), 250_000),
        (date(2026, 2, 1), None),
        (date(2026, 3, 1), 0),
    ]
    assert len(months) == 12


def test_a_household_is_who_shares_a_home_while_they_share_it():
    _change(1, "people_residence", household=9, area="00100")
    _change(2, "people_residence", household=9, area="00100", since=date(2027, 1, 5))
    _change(1, "people_residence", household=8, area="00100", since=date(2027, 2, 1), at=NOON + DAY)
    shared = _rows(
        "select member, true_since, nullif(true_until, 'infinity') from people_household"
        " where subject = 1 and known_until = 'infinity' order by true_since, member"
    )
    assert shared == [
        (1, SINCE, date(2027, 2, 1)),
        (2, date(2027, 1, 5), date(2027, 2, 1)),
        (1, date(2027, 2, 1), None),
    ]


@pytest.mark.parametrize("view", ["people_household", "people_income_month"])
def test_one_resident_is_found_by_index(view: str):
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    plan = _rows(f"explain select * from {view} where subject = 7")
    assert not any("Seq Scan" in str(line) for (line,) in plan)
