"""The demo's fixed people: invented, numbered below 1,000, never touched by simulated answers."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from stadi.people.domain import Batch
from stadi.people.health import BLOOD_PRESSURE, HYPERTENSION
from stadi.people.incomes import MONTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One fixed person; `starts` marks a child who starts pre-primary education.

    `euros` are the months of 2026, one figure for all where they are alike; None is a month that
    the register lacks. Whoever has no euros has no income of their own. `rent` is that of a main
    tenant, in euros a month: none for all others, None where the register does not say.
    """

    id: int
    name: str
    family: str
    story: str
    household: int
    born: date
    sex: int
    language: str | None = "fi"
    safety_ban: bool = False
    care: str = ""
    guardians: tuple[int, ...] = ()
    starts: bool = False
    support: bool = False
    tenure: str | None = "rented"
    euros: tuple[int | None, ...] = ()
    email: str | None = None
    measured: date | None = None
    clinician: int | None = None
    left_school: date | None = None
    rent: tuple[int | None, ...] = ()

    def cents(self) -> list[int | None]:
        """Return the twelve months in cents."""
        months = self.euros * MONTHS if len(self.euros) == 1 else self.euros
        return [None if month is None else month * 100 for month in months]


WOMAN, MAN = 2, 1
INCOME_YEAR = 2026
PERSONAS = (
    Persona(
        id=1,
        name="Aino",
        family="Virtala",
        story="guardian",
        household=1,
        born=date(1989, 4, 2),
        sex=WOMAN,
        tenure="owned",
        euros=(2_640,),
        email="aino.virtala@asukas.example",
    ),
    Persona(
        id=2,
        name="Mikael",
        family="Lindstad",
        story="other_guardian",
        household=2,
        born=date(1987, 9, 30),
        sex=MAN,
        language="sv",
        tenure="right_of_occupancy",
        euros=(2_910,),
        email="mikael.lindstad@asukas.example",
    ),
    Persona(
        id=3,
        name="Eino",
        family="Virtala",
        story="child",
        household=1,
        born=date(2021, 5, 5),
        sex=MAN,
        care="municipal",
        guardians=(1, 2),
        starts=True,
        tenure="owned",
    ),
    Persona(
        id=4,
        name="Sara",
        family="Okoro",
        story="private_care",
        household=3,
        born=date(1991, 1, 17),
        sex=WOMAN,
        language="en",
        euros=(1_900, 2_350, 2_100, 1_450, 2_600, 900, 700, 1_650, 2_400, 2_200, 2_050, 1_800),
        email="sara.okoro@asukas.example",
    ),
    Persona(
        id=5,
        name="Ella",
        family="Okoro",
        story="child",
        household=3,
        born=date(2021, 11, 23),
        sex=WOMAN,
        care="private",
        guardians=(4,),
        starts=True,
        support=True,
    ),
    Persona(
        id=6,
        name="Kaisa",
        family="Rantavuo",
        story="safety_ban",
        household=4,
        born=date(1990, 7, 8),
        sex=WOMAN,
        safety_ban=True,
        euros=(1_720,),
        email="kaisa.rantavuo@asukas.example",
    ),
    Persona(
        id=7,
        name="Onni",
        family="Rantavuo",
        story="child",
        household=4,
        born=date(2021, 3, 14),
        sex=MAN,
        safety_ban=True,
        care="home",
        guardians=(6,),
        starts=True,
    ),
    Persona(
        id=8,
        name="Tesfay",
        family="Abrehe",
        story="no_language",
        household=5,
        born=date(1984, 12, 1),
        sex=MAN,
        language=None,
        tenure=None,
        euros=(1_480, 1_480, 1_480, None, *[1_480] * 8),
    ),
    Persona(
        id=9,
        name="Selam",
        family="Abrehe",
        story="child",
        household=5,
        born=date(2021, 2, 28),
        sex=WOMAN,
        care="home",
        guardians=(8,),
        starts=True,
        tenure=None,
    ),
    Persona(
        id=10,
        name="Venla",
        family="Kallioinen",
        story="young",
        household=6,
        born=date(2008, 6, 19),
        sex=WOMAN,
        tenure="owned",
        euros=(0, 0, 0, 0, 0, 1_150, 1_150, 480, 0, 0, 0, 0),
        email="venla.kallioinen@asukas.example",
        left_school=date(2027, 1, 8),
    ),
    Persona(
        id=20,
        name="Pirkko",
        family="Asialampi",
        story="official",
        household=7,
        born=date(1970, 10, 10),
        sex=WOMAN,
        tenure="owned",
        euros=(2_580,),
        email="pirkko.asialampi@asukas.example",
    ),
    Persona(
        id=21,
        name="Henrik",
        family="Johtola",
        story="manager",
        household=8,
        born=date(1968, 3, 3),
        sex=MAN,
        language="sv",
        tenure="owned",
        euros=(4_350,),
        email="henrik.johtola@asukas.example",
    ),
    Persona(
        id=22,
        name="Sirkka",
        family="Tarkkala",
        story="second_official",
        household=9,
        born=date(1979, 5, 12),
        sex=WOMAN,
        tenure="owned",
        euros=(2_720,),
        email="sirkka.tarkkala@asukas.example",
    ),
    Persona(
        id=23,
        name="Mirja",
        family="Hoitola",
        story="clinician",
        household=10,
        born=date(1976, 8, 24),
        sex=WOMAN,
        tenure="owned",
        euros=(2_690,),
        email="mirja.hoitola@asukas.example",
    ),
    Persona(
        id=24,
        name="Raimo",
        family="Tammela",
        story="patient",
        household=11,
        born=date(1958, 2, 6),
        sex=MAN,
        tenure="owned",
        euros=(1_980,),
        email="raimo.tammela@asukas.example",
        measured=date(2025, 6, 11),
        clinician=23,
    ),
    Persona(
        id=25,
        name="Noa",
        family="Okoro",
        story="child",
        household=3,
        born=date(2026, 12, 20),
        sex=MAN,
        guardians=(4, 29),
    ),
    Persona(
        id=26,
        name="Teija",
        family="Vuokola",
        story="tenant",
        household=12,
        born=date(1994, 10, 3),
        sex=WOMAN,
        euros=(920,),
        email="teija.vuokola@asukas.example",
        rent=(690,),
    ),
    Persona(
        id=27,
        name="Jarkko",
        family="Saarnila",
        story="rent_unknown",
        household=13,
        born=date(1983, 1, 29),
        sex=MAN,
        euros=(920,),
        email="jarkko.saarnila@asukas.example",
        rent=(None,),
    ),
    Persona(
        id=28,
        name="Leo",
        family="Sandvik",
        story="minor",
        household=14,
        born=date(2011, 3, 3),
        sex=MAN,
        language="sv",
        guardians=(29,),
        tenure="right_of_occupancy",
        email="leo.sandvik@asukas.example",
        left_school=date(2027, 1, 5),
    ),
    Persona(
        id=29,
        name="Johan",
        family="Sandvik",
        story="minor_guardian",
        household=14,
        born=date(1982, 11, 12),
        sex=MAN,
        language="sv",
        tenure="right_of_occupancy",
        euros=(2_480,),
        email="johan.sandvik@asukas.example",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The personas as rows of the registers."""

    identities: Batch
    registers: list[Batch]


def persona_rows(place: tuple[str, str], point: tuple[int, int], *, first_unit: int) -> Rows:
    """Return the personas' rows: they live in a municipality and area, around a point (m)."""
    x, y = point
    home = {p.household: (x + 40 * p.household, y + 25 * p.household) for p in PERSONAS}
    names = ("subject", "given_name", "family_name", "identity_code", "persona", "email")
    who = [(p.id, p.name, p.family, None, p.story, p.email) for p in PERSONAS]
    places = ("subject", "household", "municipality", "area", "home_x", "home_y", "tenure")
    lives = [(p.id, p.household, *place, *home[p.household], p.tenure) for p in PERSONAS]
    cared = [
        (p.id, p.care, first_unit if p.care == "municipal" else None, p.support)
        for p in PERSONAS
        if p.care
    ]
    met = [(p.id, p.language, p.safety_ban) for p in PERSONAS]
    links = [(p.id, g) for p in PERSONAS for g in p.guardians]
    born = [(p.id, p.born, p.sex) for p in PERSONAS]
    return Rows(
        identities=Batch.of("people_identity", names, who),
        registers=[
            Batch.of("people_person", ("subject", "birth_date", "sex"), born),
            Batch.of("people_residence", places, lives),
            Batch.of("people_contact", ("subject", "language", "safety_ban"), met),
            Batch.of("people_care", ("subject", "form", "unit", "support"), cared),
            Batch.of("people_guardianship", ("subject", "guardian"), links),
            _incomes(),
            *_later(),
        ],
    )


def _later() -> list[Batch]:
    """Return health, schooling and tenancies, of those whose story needs them."""
    treated = [p for p in PERSONAS if p.measured]
    left = [(p.id, p.left_school, False) for p in PERSONAS if p.left_school]
    tenants = [(p.id, r and r * 100) for p in PERSONAS for r in p.rent]
    return [
        Batch.of("people_diagnosis", ("subject", "code"), [(p.id, HYPERTENSION) for p in treated]),
        Batch.of(
            "people_measurement",
            ("subject", "kind", "taken_on"),
            [(p.id, BLOOD_PRESSURE, p.measured) for p in treated],
        ),
        Batch.of(
            "people_clinician", ("subject", "clinician"), [(p.id, p.clinician) for p in treated]
        ),
        Batch.of("people_education", ("subject", "left_on", "study_place"), left),
        Batch.of("people_tenancy", ("subject", "rent_cents"), tenants),
    ]


def _incomes() -> Batch:
    earning = [p for p in PERSONAS if p.euros]
    rows = {
        "subject": pa.array([p.id for p in earning], pa.int64()),
        "year": pa.array([INCOME_YEAR] * len(earning), pa.int64()),
        "cents": pa.array([p.cents() for p in earning], pa.list_(pa.int32())),
    }
    return Batch(table="people_income", rows=pa.table(rows))
