"""The front door of the twin: put units there, find them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
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
        update_fields=[field.name for field in fields(Place) if field.name != "id"],
    )
    record.write(News(kind="twin.units_loaded", body={"units": len(places)}), by=by, at=at)


def units(*, kind: str) -> list[Place]:
    """Return the units of a kind, by id."""
    return [_place(u) for u in Unit.objects.filter(kind=kind).order_by("id")]


def names(ids: Iterable[int]) -> dict[int, str]:
    """Return each unit's name."""
    return dict(Unit.objects.filter(id__in=set(ids)).values_list("id", "name"))


def starts(ids: Iterable[int]) -> dict[int, datetime]:
    """Return when those of these units that take place at a moment start."""
    timed = Unit.objects.filter(id__in=set(ids), starts__isnull=False)
    return {unit: at for unit, at in timed.values_list("id", "starts") if at is not None}


def _place(unit: Unit) -> Place:
    return Place(**{field.name: getattr(unit, field.name) for field in fields(Place)})
