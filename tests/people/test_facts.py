"""Facts of health, schooling and tenancies through the wall: no row is a no, a gap is unknown."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.engine.explain import explain
from stadi.kit.actor import SYSTEM
from stadi.kit.rule import Expr, Fact, Rule
from stadi.kit.service import Basis, Purpose
from stadi.kit.words import ago, as_of, euros, exists
from stadi.people import actions as people
from stadi.people import facts as pop
from stadi.people.domain import Batch

NOW = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
NOBODY, GAP, YES, NO = 1, 2, 3, 4  # without a row, with a gap in it, and with whole ones
EVERYONE = (NOBODY, GAP, YES, NO)
USES: dict[Fact, str] = dict.fromkeys(
    (
        *(pop.diagnosis_code, pop.measurement_kind, pop.measured_on, pop.own_clinician),
        *(pop.leaver_since, pop.left_school_on, pop.study_place),
        *(pop.tenant_since, pop.rent_cents),
    ),
    "a test",
)
PURPOSE = Purpose(
    id="test.later", basis=Basis(kind="public_task", law="an act"), uses=USES, art9="9(2)(h)"
)
TREATED = exists(pop.DIAGNOSIS, pop.diagnosis_code == "I10")
MEASURED = exists(
    pop.MEASUREMENT,
    (pop.measurement_kind == "blood_pressure") & (pop.measured_on >= ago(years=1)),
)
LEAVER = exists(pop.LEAVER, pop.leaver_since <= as_of)
LEFT = LEAVER & (pop.left_school_on >= ago(days=60)) & ~pop.study_place
RENTS = exists(pop.TENANT, pop.tenant_since <= as_of) & (pop.rent_cents >= euros(500))


@pytest.fixture(autouse=True)
def loaded(transactional_db: None) -> None:
    """Four residents, and what the registers say of them."""
    del transactional_db
    lately, long_ago = date(2027, 1, 8), date(2025, 6, 1)
    rows: dict[str, tuple[tuple[str, ...], list[Any]]] = {
        "residence": (("household", "area"), [(i, i, "00100") for i in EVERYONE]),
        "diagnosis": (("code",), [(YES, "I10"), (YES, "E11.9"), (NO, "E11.9")]),
        "measurement": (
            ("kind", "taken_on"),
            [(YES, "blood_pressure", lately), (NO, "blood_pressure", long_ago)],
        ),
        "clinician": (("clinician",), [(YES, 23)]),
        "education": (
            ("left_on", "study_place"),
            [(GAP, lately, None), (YES, lately, False), (NO, long_ago, None)],
        ),
        "tenancy": (("rent_cents",), [(GAP, None), (YES, 69_000), (NO, 40_000)]),
    }
    batches = [
        Batch.of(f"people_{name}", ("subject", *fields), told)
        for name, (fields, told) in rows.items()
    ]
    people.load(batches=batches, true_since=date(2026, 12, 31), source="test", by=SYSTEM, at=NOW)
    consent.register(purpose=PURPOSE, by=SYSTEM, at=NOW)


def outcomes(condition: Expr) -> list[str]:
    """Return everyone's outcome, on which a sweep and the interpreter must agree."""
    rules = [Rule(condition=condition, because="it_is_so")]
    with consent.look(purpose=PURPOSE, as_of=NOW.date(), known_at=NOW) as sight:
        result = sweep.run(rules, sweep.extract(sight))
        seen = [sweep.person(sight, i) for i in EVERYONE]
    one_by_one = [explain(rules, p, as_of=NOW.date()).outcome for p in seen if p is not None]
    together = [next(o for o in ("yes", "no", "unknown") if i in result.of(o)) for i in EVERYONE]
    assert one_by_one == together
    return together


def test_who_has_no_diagnosis_on_record_is_not_treated() -> None:
    assert outcomes(TREATED) == ["no", "no", "yes", "no"]


def test_a_measurement_counts_by_its_day_and_who_was_never_measured_was_not_lately() -> None:
    assert outcomes(MEASURED) == ["no", "no", "yes", "no"]


def test_a_clinician_who_is_not_on_record_is_unknown() -> None:
    assert outcomes(pop.own_clinician == 23) == ["unknown", "unknown", "yes", "unknown"]


def test_nobody_in_the_register_of_leavers_left_no_school_and_a_gap_there_is_unknown() -> None:
    assert outcomes(LEFT) == ["no", "unknown", "yes", "no"]
    assert outcomes(pop.left_school_on >= ago(days=60))[0] == "unknown"  # why LEAVER is asked too


def test_who_rents_nothing_is_a_no_and_a_missing_rent_is_unknown() -> None:
    assert outcomes(RENTS) == ["no", "unknown", "yes", "no"]


def test_a_resident_may_tell_the_rent_that_the_register_lacks() -> None:
    told = {"purpose": PURPOSE, "fact": pop.rent_cents, "by": SYSTEM, "at": NOW}
    consent.tell(subject=GAP, value="70000", **told)
    assert outcomes(RENTS) == ["no", "yes", "yes", "no"]


def test_health_is_a_category_of_its_own() -> None:
    special = {fact.name for fact in USES if fact.category == "health"}
    assert special == {
        *("people.diagnosis_code", "people.measurement_kind"),
        *("people.measured_on", "people.own_clinician"),
    }
