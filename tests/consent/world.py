"""A world of three residents and two purposes, for tests of the wall."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from stadi.consent import actions as consent
from stadi.engine.sweep import Sight
from stadi.kit.actor import SYSTEM
from stadi.kit.service import Basis, Purpose
from stadi.people import actions as people
from stadi.people import facts as pop
from stadi.people.domain import Batch

LOADED = datetime(2027, 1, 2, 10, 0, tzinfo=UTC)
NOW = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
CHILD, GUARDIAN, OTHER = 1, 2, 3
LAW = Basis(kind="public_task", law="an act")
PURPOSE = Purpose(
    id="test.places",
    basis=LAW,
    uses={
        pop.birth_date: "who starts",
        pop.municipality: "whose duty",
        pop.safety_ban: "what must never be shown",
        pop.guardian: "whom to ask",
    },
)
LANGUAGES = Purpose(id="test.languages", basis=LAW, uses={pop.contact_language: "in which words"})


def load(at: datetime = LOADED, born: date | None = date(2021, 5, 5)) -> None:
    """Three residents: a child, a guardian, and somebody else."""
    everyone = (CHILD, GUARDIAN, OTHER)
    births = {CHILD: born, GUARDIAN: date(1985, 1, 1), OTHER: date(1950, 1, 1)}
    people.load(
        batches=[
            Batch.of(
                "people_person",
                ("subject", "birth_date", "sex"),
                [(i, births[i], 1) for i in everyone],
            ),
            Batch.of(
                "people_residence",
                ("subject", "household", "municipality", "area", "home_x", "home_y"),
                [(i, 1, "091", "00100", 385_000, 6_671_000) for i in everyone],
            ),
            Batch.of(
                "people_contact",
                ("subject", "language", "safety_ban"),
                [(i, "fi", False) for i in everyone],
            ),
            Batch.of("people_guardianship", ("subject", "guardian"), [(CHILD, GUARDIAN)]),
        ],
        true_since=date(2020, 1, 1),
        source="a register",
        by=SYSTEM,
        at=at,
    )
    for purpose in (PURPOSE, LANGUAGES):
        consent.register(purpose=purpose, by=SYSTEM, at=at)


def look(purpose: Purpose = PURPOSE, **times: Any) -> Any:
    return consent.look(purpose=purpose, **{"as_of": TODAY, "known_at": NOW, **times})


def seen(sight: Sight, view: str = "subject") -> list[tuple[Any, ...]]:
    return sight.connection.execute(
        f"select * from {sight.schema}.{view} order by subject"
    ).fetchall()


HOUSEHOLDS = Purpose(
    id="test.households",
    basis=LAW,
    uses={
        pop.member: "who lives there",
        pop.member_birth_date: "how old they are",
        pop.household_income_month: "of which months",
        pop.household_income_cents: "how much",
    },
)


def with_incomes(*earners: int) -> None:
    """Incomes of a year, the last month missing, for some of the household of three."""
    year = [100_000] * 11 + [None]
    rows = pa.table(
        {
            "subject": earners,
            "year": [2026] * len(earners),
            "cents": pa.array([year] * len(earners), pa.list_(pa.int32())),
        }
    )
    people.load(
        batches=[Batch(table="people_income", rows=rows)],
        true_since=date(2026, 1, 1),
        source="a register",
        by=SYSTEM,
        at=LOADED,
    )
    consent.register(purpose=HOUSEHOLDS, by=SYSTEM, at=LOADED)
