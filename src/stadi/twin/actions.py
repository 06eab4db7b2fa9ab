"""The front door of the twin: put units there, find them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from stadi.kit.actor import Actor
from stadi.record import actions as record
from stadi.record.domain import News
from stadi.twin.domain import Place
from stadi.twin.models import Unit


@transaction.atomic
def load(*, places: Sequence[Place], by: Actor, at: datetime) -> None:
    """Put the units there, all or none; the same load twice changes nothing."""
    Unit.objects.bulk_create(
        [Unit(**asdict(place)) for place in places],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["kind", "name", "area", "language", "x", "y", "support"],
    )
    record.write(News(kind="twin.units_loaded", body={"units": len(places)}), by=by, at=at)


def units(*, kind: str) -> list[Place]:
    """Return the units of a kind, by id."""
    return [_place(u) for u in Unit.objects.filter(kind=kind).order_by("id")]


def names(ids: Iterable[int]) -> dict[int, str]:
    """Return each unit's name."""
    return dict(Unit.objects.filter(id__in=set(ids)).values_list("id", "name"))


def _place(unit: Unit) -> Place:
    return Place(
        id=unit.id,
        kind=unit.kind,
        name=unit.name,
        area=unit.area,
        language=unit.language,
        x=unit.x,
        y=unit.y,
        support=unit.support,
    )
