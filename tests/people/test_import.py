"""A residents' file is read whole or refused with file, row, field and reason, never a value."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from stadi.kit.actor import SYSTEM
from stadi.kit.errors import StadiError
from stadi.people import actions as people
from stadi.people.domain import Imported
from stadi.people.registers import REGISTERS
from stadi.record import actions as record

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NOON = datetime(2027, 1, 15, 10, tzinfo=UTC)
DAY = timedelta(days=1)
PERSON = "register,subject,true_since,birth_date,sex\n"
GUARD = "register,says,subject,true_since,true_until,guardian\n"
HOME = "register,subject,true_since,household,area,home_x,home_y\n"
LATER = (
    "register,says,subject,true_since,code,kind,taken_on,clinician,left_on,study_place,rent_cents\n"
)


@pytest.fixture(autouse=True)
def clock(db: None) -> None:
    """The city's time stands at noon."""
    del db
    record.start_demo_clock(at=NOON, by=SYSTEM)


def _import(file: Path, *, at: datetime = NOON) -> Imported:
    return people.import_residents(file=file, by=SYSTEM, at=at)


def _write(folder: Path, text: str | bytes, name: str = "residents.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _nothing_is_kept() -> bool:
    tables = [*REGISTERS, "people_identity"]
    return not any(_rows(f"select 1 from {table}") for table in tables)


def test_a_first_extract_and_its_changes_are_one_command():
    first = _import(EXAMPLES / "residents.csv")
    assert (first.new, first.corrected, first.unchanged) == (17, 0, 0)
    assert first.changed == (5001, 5002)
    homes = _rows(
        "select area, nullif(true_until, 'infinity') from people_residence where subject = 5002"
        " order by true_since"
    )
    assert homes == [("00530", date(2027, 6, 1)), ("00100", None)]
    again = _import(EXAMPLES / "residents.csv", at=NOON + DAY)
    assert (again.new, again.corrected, again.unchanged) == (0, 0, 17)
    assert again.changed == again.around == ()
    later = _import(EXAMPLES / "residents.jsonl", at=NOON + 2 * DAY)
    assert (later.new, later.corrected, later.unchanged) == (0, 6, 0)
    assert _rows("select 1 from people_guardianship where known_until = 'infinity'") == []
    care = _rows("select true_until from people_care where known_until = 'infinity'")
    assert care == [(date(2027, 3, 15),)]
    measured = "select taken_on from people_measurement where known_until = 'infinity' order by 1"
    assert _rows(measured) == [(date(2025, 11, 3),), (date(2027, 3, 1),)]
    rents = "select rent_cents, true_until = 'infinity' from people_tenancy where known_until ="
    assert _rows(f"{rents} 'infinity' order by true_since") == [(88_000, False), (None, True)]


def test_those_who_share_a_home_are_asked_anew_also_where_one_moves_out(tmp_path: Path):
    _import(EXAMPLES / "residents.csv")
    text = HOME + "residence,5002,2027-01-16,77,00100,,\n"
    moved = _import(_write(tmp_path, text), at=NOON + DAY)
    assert moved.changed == (5002,)
    assert moved.around == (5001,)
    text = HOME + "residence,5001,2027-02-16,78,00100,,\n"
    alone = _import(_write(tmp_path, text), at=NOON + 2 * DAY)
    assert alone.around == ()  # a home they shared until yesterday asks nobody anew


def test_a_name_is_corrected_and_a_persona_stays_one(tmp_path: Path):
    head = "register,subject,given_name,family_name\n"
    _import(_write(tmp_path, head + "identity,1,Aino,Virtala\n"))
    _rows("update people_identity set persona = 'guardian' returning 1")
    told = _import(_write(tmp_path, head + "identity,1,Aino,Lindstad\n"), at=NOON + DAY)
    assert (told.new, told.corrected) == (0, 1)
    assert _rows("select family_name, persona from people_identity") == [("Lindstad", "guardian")]


def test_the_two_ways_of_writing_say_the_same(tmp_path: Path):
    line = {"register": "residence", "subject": 1, "true_since": "2020-02-29", "household": 7}
    line |= {"area": "00100", "home_x": None}
    _import(_write(tmp_path, json.dumps(line), "residents.jsonl"))
    same = _import(_write(tmp_path, HOME + "residence,1,2020-02-29,7,00100,,\n"), at=NOON + DAY)
    assert (same.new, same.corrected, same.unchanged) == (0, 0, 1)


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path):
    mark = b"\xef\xbb\xbf"
    text = (PERSON + "person,1,2024-02-29,2024-02-29,1\n").encode()
    assert _import(_write(tmp_path, mark + text)).new == 1
    line = b'{"register": "person", "subject": 2, "true_since": "2024-02-29", "sex": 1}'
    assert _import(_write(tmp_path, mark + line, "residents.jsonl")).new == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (PERSON, "holds no rows"),
        (b"\xff\xfe" + PERSON[:-1].encode("utf-16-le"), "row 1, byte 1 is not UTF-8"),
        (
            PERSON.encode() + b"person,1,2024-01-01,,1\nperson,\xe4,,,\n",
            "row 3, byte 8 is not UTF-8",
        ),
        (PERSON.replace(",", ";"), "no column is called register: columns are parted by commas"),
        ("register,subject,shoe\nperson,1,42\n", "row 1, column 3 is none of register"),
        ("register,subject,sex,sex\nperson,1,1,1\n", "row 1, the column sex stands twice"),
        ("register,subject,known_at\nperson,1,\n", "row 1, column 3 is none of register"),
        (PERSON + "person,1,2024-01-01\n", "row 2, has 3 columns where the header has 5"),
        (
            PERSON + "person,1,2024-01-01,,1\n\nperson,2,2024-01-01,,1\n",
            "row 3, register is missing",
        ),
        (PERSON + '"person,1,2024-01-01,,1\n', "residents.csv: "),
        (PERSON + "shoes,1,2024-01-01,,1\n", "row 2, register is not one of identity, person"),
        (PERSON + ",1,2024-01-01,,1\n", "row 2, register is missing"),
        (
            PERSON + "contact,1,2024-01-01,2020-01-01,\n",
            "contact.birth_date is no field of contact",
        ),
        (PERSON + "person,one,2024-01-01,,1\n", "row 2, person.subject is not a whole number"),
        (PERSON + "person,,2024-01-01,,1\n", "row 2, person.subject is missing"),
        (PERSON + "person,0,2024-01-01,,1\n", "row 2, person.subject is too small"),
        (PERSON + f"person,{'9' * 19},2024-01-01,,1\n", "person.subject is too small or too large"),
        (PERSON + f"person,{'9' * 400},2024-01-01,,1\n", "person.subject is too large a number"),
        (PERSON + "person,1e3,2024-01-01,,1\n", "person.subject is not a whole number"),
        (PERSON + "person,1,2024-01-01,,\n", "row 2, person.sex is missing"),
        (PERSON + "person,1,2024-01-01,,x\n", "row 2, person.sex is not one of 0, 1, 2, 9"),
        (PERSON + "person,1,,,1\n", "row 2, person.true_since is missing"),
        (PERSON + "person,1,2027-02-29,,1\n", "row 2, person.true_since is a day that no calendar"),
        (PERSON + "person,1,2024-01-01,2023-02-29,1\n", "person.birth_date is a day that no cal"),
        (PERSON + "person,1,2024-01-01T10:00:00,,1\n", "person.true_since is not a date such as"),
        (PERSON + "person,1,15.1.2024,,1\n", "person.true_since is not a date such as 2027-01-15"),
        (PERSON + "person,1,0024-01-01,,1\n", "person.true_since is no year from 1800 to 2200"),
        (
            PERSON + "person,1,2024-01-01,,1\nperson,2,2024-01-01,,1\nperson,1,2024-01-01,,1\n",
            "row 4, subject stands twice for the same days",
        ),
        (
            GUARD + "guardianship,,1,2020-01-01,,2\nguardianship,,2,2020-01-01,,1\n",
            "row 2, guardian is",
        ),
        (GUARD + "guardianship,,1,2020-01-01,,1\n", "row 2, guardianship.guardian is the subject"),
        (
            GUARD + "guardianship,,1,2020-01-01,2021-01-01,2\nguardianship,,1,2020-06-01,,2\n",
            "row 3, subject stands twice for the same days",
        ),
        (GUARD + "guardianship,,1,2020-01-01,2020-01-01,2\n", "true_until is not after true_since"),
        (GUARD + "guardianship,gone,1,2020-01-01,,2\n", "says is not one of is, ends, never_was"),
        (GUARD + "guardianship,ends,1,,,2\n", "row 2, guardianship.true_since is missing"),
        (
            GUARD + "guardianship,ends,1,2020-01-01,2021-01-01,2\n",
            "true_until is empty where a fact",
        ),
        (GUARD + "guardianship,never_was,1,,,\n", "row 2, guardianship.guardian is missing"),
        (HOME + "residence,1,2024-01-01,7,,,\n", "row 2, residence.area is missing"),
        (HOME + "residence,1,2024-01-01,,00100,,\n", "row 2, residence.household is missing"),
        (
            HOME + "residence,1,2024-01-01,7,00100,5,\n",
            "home_x and home_y are given both or neither",
        ),
        (HOME + "residence,1,2024-01-01,7, 00100,,\n", "residence.area has spaces around it"),
        (HOME + "residence,1,2024-01-01,7,0\x000,,\n", "residence.area has spaces around it or"),
        (
            "register,subject,true_since,year,cents\nincome,1,2026-12-31,2026,1;2;3\n",
            "income.cents has not 12 months",
        ),
        (
            f"register,subject,true_since,year,cents\nincome,1,2026-12-31,2026,{'1;' * 11}3e9\n",
            "income.cents is not a whole number",
        ),
        (
            f"register,subject,true_since,year,cents\nincome,1,2026-12-31,2026,{'1;' * 11}{2**31}\n",  # noqa: E501 - one cell
            "income.cents is too small or too large a number",
        ),
        (LATER + "diagnosis,,1,2024-01-01,,,,,,,\n", "row 2, diagnosis.code is missing"),
        (
            LATER + "diagnosis,,1,2024-01-01,i10,,,,,,\n",
            "row 2, diagnosis.code is no code of ICD-10 such as I10",
        ),
        (
            LATER + "diagnosis,,1,2024-01-01,I10,,,,,,\n" * 2,
            "row 3, subject stands twice for the same days",
        ),
        (
            LATER + "measurement,,1,2024-01-01,,weight,2024-01-01,,,,\n",
            "row 2, measurement.kind is not one of blood_pressure",
        ),
        (
            LATER + "measurement,,1,2024-01-01,,blood_pressure,,,,,\n",
            "row 2, measurement.taken_on is missing",
        ),
        (LATER + "clinician,,1,2024-01-01,,,,,,,\n", "row 2, clinician.clinician is missing"),
        (
            LATER + "education,,1,2024-01-01,,,,,,maybe,\n",
            "row 2, education.study_place is neither true nor false",
        ),
        (
            LATER + "education,,1,2024-01-01,,,,,2024-02-30,,\n",
            "row 2, education.left_on is a day that no calendar has",
        ),
        (LATER + "tenancy,,1,2024-01-01,,,,,,,-1\n", "row 2, tenancy.rent_cents is too small"),
        (LATER + "tenancy,,1,2024-01-01,,,,,,,7.5\n", "tenancy.rent_cents is not a whole number"),
        (
            LATER + "tenancy,,1,2024-01-01,I10,,,,,,1\n",
            "row 2, tenancy.code is no field of tenancy",
        ),
        (
            LATER + "education,ends,1,2024-01-01,,,,,,true,\n",
            "education.study_place is empty where a fact ends",
        ),
        ("register,says,subject\nidentity,ends,1\n", "identity.says cannot end"),
        ("register,subject,given_name\nidentity,1,Aino\n", "identity.family_name is missing"),
    ],
)
def test_a_bad_csv_file_is_refused_by_row_and_field_and_nothing_is_kept(
    tmp_path: Path, text: str | bytes, told: str
):
    with pytest.raises(StadiError, match=told) as refused:
        _import(_write(tmp_path, text))
    assert "residents.csv: " in str(refused.value)
    assert _nothing_is_kept()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[1]", "row 2, is not a JSON object"),
        ("7", "row 2, is not a JSON object"),
        ("{", "row 2, is not JSON"),
        ("[" * 100_000, "row 2, is not JSON"),
        ('{"register": "person", "subject": 1, "subject": 2}', "row 2, names a field twice"),
        ('{"shoe": 1}', "row 2, has a field that is none of register"),
        ('{"register": "person", "subject": "1"}', "row 2, subject is not a number"),
        ('{"register": "person", "subject": true}', "row 2, subject is not a number"),
        ('{"register": "person", "subject": 1.5}', "row 2, person.subject is not a whole number"),
        ('{"register": "person", "subject": 1e999}', "person.subject is not a whole number"),
        ('{"register": "person", "subject": NaN}', "row 2, person.subject is not a whole number"),
        (f'{{"register": "person", "subject": {"9" * 5000}}}', "person.subject is too large"),
        ('{"register": "residence", "subject": 1, "area": 100}', "row 2, area is not a text"),
        ('{"register": "contact", "safety_ban": "no"}', "row 2, safety_ban is neither true nor"),
        ('{"register": "income", "cents": [1, "2"]}', "row 2, cents is not a list of numbers"),
        ('{"register": "income", "cents": {"a": 1}}', "row 2, cents is not a list of numbers"),
    ],
)
def test_a_bad_line_of_json_is_refused_by_row_and_field(tmp_path: Path, line: str, told: str):
    good = '{"register": "person", "subject": 9, "true_since": "2024-01-01", "sex": 1}'
    with pytest.raises(StadiError, match=told):
        _import(_write(tmp_path, f"{good}\n{line}\n", "residents.jsonl"))
    assert _nothing_is_kept()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("131052-308T", "may be a living person's"),
        ("131052-9080", "has a check character that does not fit"),
        ("310299-908X", "is a day that no calendar has"),
        ("131052 908T", "is not a personal identity code"),
    ],
)
def test_an_identity_code_that_may_be_a_living_persons_is_refused(
    tmp_path: Path, code: str, told: str
):
    head = "register,subject,given_name,family_name,identity_code\n"
    with pytest.raises(StadiError, match=f"row 2, identity.identity_code {told}") as refused:
        _import(_write(tmp_path, f"{head}identity,1,Aino,Virtala,{code}\n"))
    assert code not in str(refused.value)


def test_an_installation_may_say_that_it_holds_real_people(tmp_path: Path, settings: Any):
    settings.STADI_REAL_IDENTITY_CODES = True
    head = "register,subject,given_name,family_name,identity_code\n"
    told = _import(_write(tmp_path, f"{head}identity,1,Example,Only,{_next_to_invented()}\n"))
    assert told.new == 1


def _next_to_invented() -> str:
    """A code of serial 899, made here: it is written nowhere."""
    digits = "010100" + "899"
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31]
    return f"010100A899{check}"


def test_every_bad_row_is_told_and_values_never_are(tmp_path: Path):
    rows = "".join(f"person,{i},2024-01-01,secret,1\n" for i in range(1, 31))
    with pytest.raises(StadiError, match=r"row 2, .*row 21, .*and 10 more") as refused:
        _import(_write(tmp_path, PERSON + rows))
    assert "secret" not in str(refused.value)


def test_a_fault_at_the_end_of_a_long_file_names_its_own_row(tmp_path: Path):
    rows = "".join(f"person,{i},2024-01-01,,1\n" for i in range(1, 90_001))
    with pytest.raises(StadiError, match=r"row 90002, person\.sex is missing"):
        _import(_write(tmp_path, f"{PERSON}{rows}person,99999,2024-01-01,,\n"))
    with pytest.raises(StadiError, match="row 90002, subject stands twice"):
        _import(_write(tmp_path, f"{PERSON}{rows}person,7,2024-01-01,,1\n"))
    assert _nothing_is_kept()


@pytest.mark.parametrize("name", ["residents.txt", "missing.csv"])
def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path, name: str):
    if name == "residents.txt":
        _write(tmp_path, PERSON, name)
    with pytest.raises(StadiError, match=name):
        _import(tmp_path / name)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(StadiError, match="has no time zone"):
        _import(EXAMPLES / "residents.csv", at=NOON.replace(tzinfo=None))


def test_the_record_keeps_counts_and_the_files_hash_and_no_name():
    _import(EXAMPLES / "residents.csv")
    ((body,),) = _rows("select body from record_entry where kind = 'people.imported'")
    assert len(json.loads(str(body))["file"]) == 64
    assert "Lumi" not in str(body)
