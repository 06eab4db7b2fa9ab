"""Where people are reached: drawn for the invented, imported for the real, outside every view."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stadi.kit.actor import SYSTEM
from stadi.kit.errors import StadiError
from stadi.people import actions as people
from stadi.people import facts, paavo
from stadi.people.models import Identity
from stadi.record import actions as record
from stadi.site import figures
from stadi.site.fill import _registers
from stadi.site.personas import PERSONAS

NOON = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
HEAD = "register,subject,given_name,family_name,email\n"


def load(folder: Path, text: str) -> None:
    file = folder / "residents.csv"
    file.write_text(text, "utf-8")
    people.import_residents(file=file, by=SYSTEM, at=NOON)


@pytest.fixture(autouse=True)
def clock(db: None) -> None:
    del db
    record.start_demo_clock(at=NOON, by=SYSTEM)


def test_an_address_is_imported_corrected_and_taken_away(tmp_path: Path) -> None:
    load(tmp_path, HEAD + "identity,7,Aino,Virtala,a@b.example\nidentity,8,Eino,Virtala,\n")
    assert people.addresses([7, 8, 9]) == {7: "a@b.example"}
    load(tmp_path, HEAD + "identity,7,Aino,Virtala,c@d.example\n")
    assert people.addresses([7]) == {7: "c@d.example"}
    load(tmp_path, "register,subject,given_name,family_name\nidentity,7,Aino,Virtala\n")
    assert people.addresses([7]) == {}


@pytest.mark.parametrize(
    "address", ["aino", "a@b@c.example", "<a@b.example>", "a b@c.example", '"a@b.example\nBcc: x"']
)
def test_an_address_that_is_none_is_refused_by_row_and_field(tmp_path: Path, address: str) -> None:
    with pytest.raises(StadiError, match=r"row 2, identity\.email is no address") as refused:
        load(tmp_path, HEAD + f"identity,7,Aino,Virtala,{address}\n")
    assert address not in str(refused.value)
    assert not Identity.objects.exists()


def test_most_invented_adults_have_an_address_and_no_child_has() -> None:
    drawn = figures.draw_city(residents=6_000, seed=7, areas=paavo.built_in())
    identities, _ = _registers(drawn.city, [area.code for area in drawn.areas])
    found = identities.rows["email"].to_pylist()
    adults = drawn.city.age >= 18
    assert 0.83 < sum(e is not None for e in found) / adults.sum() < 0.87
    assert all(e is None for e, adult in zip(found, adults, strict=True) if not adult)
    for number, email in zip(drawn.city.subject.tolist(), found, strict=True):
        assert email in (None, f"r{number}@asukas.example")


def test_only_tesfay_of_the_grown_personas_has_no_address() -> None:
    assert {p.name for p in PERSONAS if p.email is None and p.story != "child"} == {"Tesfay"}
    assert all((p.email or "x@asukas.example").endswith("@asukas.example") for p in PERSONAS)


def test_no_fact_reads_the_table_of_addresses() -> None:
    relations = [value for value in vars(facts).values() if hasattr(value, "relation")]
    assert relations
    assert all(fact.relation.table != "people_identity" for fact in relations)
