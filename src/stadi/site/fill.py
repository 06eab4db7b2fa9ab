"""Fills the empty demo database: units, capacity, registers and objections of a drawn city."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.insight import actions as insight
from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.people import paavo
from stadi.people.city import City
from stadi.people.domain import Batch
from stadi.people.health import BLOOD_PRESSURE, HYPERTENSION
from stadi.people.incomes import MONTHS, Incomes
from stadi.people.labels import Labels
from stadi.record import actions as record
from stadi.site.figures import FIRST_ID, START
from stadi.site.personas import INCOME_YEAR, PERSONAS, persona_rows
from stadi.twin import actions as twin
from stadi.twin.domain import Place

REGISTERS_STAND = date(2026, 12, 31)  # the day that the figures' ages stand for
REACH_BACK = date(2025, 12, 31)  # a year more of who lived here and was cared for, for audits
SOURCE = "demo city (invented)"
CLAIMS = UUID("5f0d7ab2-6d2e-4d0e-9e53-1d3d0a4f2027")  # names claims of places given before


def fill(city: City, areas: tuple[paavo.Area, ...]) -> None:
    """Load units, capacity, registers and objections of a drawn city, and the personas."""
    record.start_demo_clock(at=START, by=SYSTEM)
    codes = [area.code for area in areas]
    units, term = city.units, START.year
    twin.load(places=[*_preschools(city, codes), *_openings(city, codes)], by=SYSTEM, at=START)
    fulfil.set_capacity(places=_rooms(city), term=term, by=SYSTEM, at=START)
    spot = areas[int(units.area[0])]
    own = persona_rows(
        (settings.CITY.municipality, spot.code),
        (int(units.x[0]) - 300, int(units.y[0]) - 250),
        first_unit=1,
    )
    identities, batches = _registers(city, codes)
    for batch in (own.identities, identities):
        people.introduce(identities=batch, by=SYSTEM, at=START)
    for load_ in (own.registers, batches):
        people.load(batches=load_, true_since=REGISTERS_STAND, source=SOURCE, by=SYSTEM, at=START)
    for purpose in (*(p.service.purpose for p in plugins().values()), insight.PURPOSE):
        consent.register(purpose=purpose, by=SYSTEM, at=START)
    for child in city.objections.tolist():
        by = Actor(kind="resident", id=child)
        consent.object_to(resident=child, purpose="preschool.placement", by=by, at=START)
    taken = {uuid5(CLAIMS, f"placement:{c}:{term}"): u + 1 for c, u in city.placements.tolist()}
    fulfil.hold(wanted=taken, term=term, by=SYSTEM, at=START)
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def _preschools(city: City, codes: list[str]) -> list[Place]:
    units = city.units
    return [
        Place(
            id=i + 1,
            kind="preschool",
            name=str(units.name[i]),
            area=codes[int(units.area[i])],
            language=str(units.language[i]),
            x=int(units.x[i]),
            y=int(units.y[i]),
            support=bool(units.support[i]),
        )
        for i in range(len(units.name))
    ]


def _openings(city: City, codes: list[str]) -> list[Place]:
    """Return the units of all other kinds, numbered on from the pre-primary ones."""
    units, zone = city.openings, ZoneInfo(settings.TIME_ZONE)
    starts = [s and s.replace(tzinfo=zone) for s in units.starts.astype(object).tolist()]
    return [
        Place(
            id=len(city.units.name) + i + 1,
            kind=kind,
            name=str(units.name[i]),
            area=codes[int(units.area[i])],
            language=str(units.language[i]),
            x=int(units.x[i]),
            y=int(units.y[i]),
            starts=starts[i],
            hours=int(units.hours[i]) or None,
        )
        for i, kind in enumerate(units.kind.texts())
    ]


def _rooms(city: City) -> dict[int, int]:
    """Return the places of every unit; those of the personas who start come on top."""
    own, others = city.units.places.tolist(), city.openings.places.tolist()
    for i in range(sum(1 for p in PERSONAS if p.starts)):
        own[i % len(own)] += 1
    return dict(enumerate([*own, *others], start=1))


def _registers(city: City, codes: list[str]) -> tuple[Batch, list[Batch]]:
    """Return the drawn city as rows of the registers; a null is a missing fact."""
    cared = city.care.code >= 0
    child, unit = city.placements.T
    guarded, guardian = city.guardians.T
    since = _since(city.birth_date)
    identity = {
        "subject": city.subject,
        "given_name": _words(city.given_name),
        "family_name": _words(city.family_name),
        "identity_code": _or_none(city.identity_code, city.identity_code != b"").cast(pa.string()),
        "persona": pa.repeat("", len(city.subject)),
        "email": _emails(city),
    }
    tables: dict[str, dict[str, Any]] = {
        "people_person": {
            "subject": city.subject,
            "true_since": since,
            "birth_date": city.birth_date,
            "sex": city.sex,
        },
        "people_residence": {
            "subject": city.subject,
            "true_since": since,
            "household": city.household + FIRST_ID,
            "municipality": _words(
                Labels.of(np.where(city.lives_here, 0, -1), (settings.CITY.municipality,))
            ),
            "area": _words(Labels(code=city.area, words=tuple(codes))),
            "home_x": city.home_x,
            "home_y": city.home_y,
            "tenure": _words(city.tenure),
        },
        "people_contact": {
            "subject": city.subject,
            "true_since": since,
            "language": _words(
                Labels(
                    code=np.where(city.language_known, city.language.code, -1),
                    words=city.language.words,
                )
            ),
            "safety_ban": city.safety_ban,
        },
        "people_care": {
            "subject": city.subject[cared],
            "form": _words(city.care[cared]),
            "unit": _or_none(city.care_unit[cared] + 1, city.care_unit[cared] >= 0),
            "support": _or_none(city.support[cared], city.support_known[cared]),
        },
        "people_placement": {
            "subject": child,
            "term": np.full(len(child), START.year),
            "unit": unit + 1,
        },
        "people_guardianship": {"subject": guarded, "guardian": guardian},
        "people_income": {
            "subject": city.subject[city.incomes.row],
            "year": np.full(len(city.incomes.row), INCOME_YEAR),
            "cents": _months(city.incomes),
        },
        **_health(city),
        "people_education": {
            "subject": city.subject[city.leavers.row],
            "left_on": city.leavers.left,
            "study_place": _or_none(city.leavers.studies, city.leavers.known),
        },
        "people_tenancy": {
            "subject": city.subject[city.tenancies.row],
            "rent_cents": _or_none(city.tenancies.cents, city.tenancies.cents >= 0),
        },
    }
    return Batch(table="people_identity", rows=pa.table(identity)), [
        Batch(table=name, rows=pa.table(columns)) for name, columns in tables.items()
    ]


def _health(city: City) -> dict[str, dict[str, Any]]:
    """Return who is treated, who was ever measured, and who has a clinician on record."""
    health = city.health
    treated = city.subject[health.row]
    measured, answered = ~np.isnat(health.measured), health.clinician >= 0
    # the measurement before the last one: true until then, where registers reach back so far
    last, earlier = health.measured[measured], health.measured > np.datetime64(REACH_BACK)
    ended = pa.array(health.measured[earlier]).cast(pa.date32())
    since = _since(city.birth_date[health.row])
    return {
        "people_diagnosis": {
            "subject": treated,
            "true_since": since,
            "code": pa.repeat(HYPERTENSION, len(treated)),
        },
        "people_measurement": {
            "subject": np.concatenate([treated[measured], treated[earlier]]),
            "true_since": _since(np.concatenate([last, health.before[earlier]])),
            "true_until": pa.concat_arrays([pa.nulls(len(last), pa.date32()), ended]),
            "kind": pa.repeat(BLOOD_PRESSURE, len(last) + len(ended)),
            "taken_on": np.concatenate([last, health.before[earlier]]),
        },
        "people_clinician": {
            "subject": treated[answered],
            "true_since": since[answered],
            "clinician": health.clinician[answered],
        },
    }


def _since(days: Any) -> Any:
    """Return since when registers tell of these: from their own day, or as far as they reach."""
    return np.fmax(days.astype("datetime64[D]"), np.datetime64(REACH_BACK))


def _emails(city: City) -> pa.Array:
    """Return an invented address for each who has one; no such domain exists."""
    number = pa.array(city.subject, mask=~city.has_email).cast(pa.string())
    return pc.binary_join_element_wise("r", number, "@asukas.example", "")


def _months(incomes: Incomes) -> pa.Array:
    """Return each adult's twelve months as a list; the month that the register lacks is null."""
    lacking = np.arange(MONTHS) == incomes.missing[:, None]
    cents = pa.array(incomes.cents.ravel(), mask=lacking.ravel())
    ends = np.arange(0, incomes.cents.size + 1, MONTHS, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), cents)


def _words(labels: Labels) -> pa.Array:
    """Return the words as Arrow text; null where there is no word."""
    code = pa.array(labels.code, mask=labels.code < 0)
    return pa.DictionaryArray.from_arrays(code, list(labels.words)).dictionary_decode()


def _or_none(values: Any, known: Any) -> pa.Array:
    return pa.array(values, mask=~known)
