"""Cases that are fulfilled in the tests, and what must be true of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Plan, Words
from stadi.fulfil.models import Decision, Notice, Saga
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.service import Decide, Notify, Place
from stadi.record.models import Entry

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
LATER = AT + timedelta(days=3)
UNIT, TERM = 7, 2027
OFFICIAL_ID = 9


def plan(case: UUID, subject: int, **more: Any) -> Plan:
    """Return the plan of a case: a place, a decision, a notice."""
    fields: dict[str, Any] = {
        "case": case,
        "service": "preschool",
        "purpose": "preschool.placement",
        "subject": subject,
        "term": TERM,
        "unit": UNIT,
        "recipients": (1, 2),
        "steps": (Place(), Decide(signer="head-of-service"), Notify()),
        "decision": words(),
    }
    return Plan(**{**fields, **more})


def words(
    title: str = "A decision", body: str = "Eino gets a place.", **more: Any
) -> dict[str, Words]:
    """Return a decision in three languages, the same words in each."""

    fields = {"reasons": ("because",), "appeal": "Write to us.", **more}
    return {lang: Words(title=title, body=body, **fields) for lang in ("fi", "sv", "en")}


def official() -> Actor:
    """Return an official."""

    return Actor(kind="official", id=OFFICIAL_ID, roles=frozenset({"official"}))


def hold(cases: Sequence[UUID]) -> None:
    """Hold a place for each case."""
    fulfil.set_capacity(places={UNIT: 1_000_000}, term=TERM, by=SYSTEM, at=AT)
    fulfil.hold(wanted=dict.fromkeys(cases, UNIT), term=TERM, by=SYSTEM, at=AT)
    # outside a test this is the caller's transaction
    fulfil.confirm(by=dict.fromkeys(cases, SYSTEM), at=AT)


def sign_all(at: datetime = LATER) -> None:
    """Sign whatever waits."""

    ids = [made.id for made in fulfil.unsigned(services=["preschool"])]
    fulfil.sign(decisions=ids, by=official(), name="Pirkko", title="Head of service", at=at)


def live(cases: Sequence[UUID], ending: str) -> None:
    """Fulfil cases to their end; where a process died doing it, another goes on from there."""
    fulfil.begin(plans=[plan(case, 100 + i) for i, case in enumerate(cases)], by=SYSTEM, at=AT)
    fulfil.run_due(by=SYSTEM, at=LATER)
    sign_all()
    fulfil.run_due(by=SYSTEM, at=LATER)
    if ending == "undo":
        fulfil.undo(by=dict.fromkeys(cases, SYSTEM), at=LATER)


def effects(case: UUID) -> dict[str, int]:
    """Return how many effects of a case are in force: its place, its decision, its notice."""

    subject = Saga.objects.get(case=case).subject
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from people_placement where subject = %s and unit = %s"
            " and known_until = 'infinity'",
            [subject, UNIT],
        )
        placed = cursor.fetchone()[0]
    signed = Decision.objects.filter(case=case, annulled_at=None).exclude(signed_at=None)
    told = Notice.objects.filter(case=case, untold_at=None)
    return {"place": placed, "decide": signed.count(), "notify": told.count()}


ALL, NONE = {"place": 1, "decide": 1, "notify": 1}, {"place": 0, "decide": 0, "notify": 0}


def entries(case: UUID) -> Counter[str]:
    """Return how often each thing was told of a case."""

    return Counter(Entry.objects.filter(case=case).values_list("kind", flat=True))


def check_whole(cases: Sequence[UUID], ending: str) -> None:
    """Check that nothing was lost, nothing done twice, and nothing is half done."""
    once = ("begun", "place_done", "decide_done", "notify_done", "finished", "signed")
    back = ("turned", "place_undone", "decide_undone", "notify_undone", "undone")
    for case in cases:
        assert effects(case) == (ALL if ending == "finish" else NONE)
        told = entries(case)
        assert {told[f"fulfil.{kind}"] for kind in once} == {1}, told
        assert {told[f"fulfil.{kind}"] for kind in back} == {int(ending == "undo")}, told
