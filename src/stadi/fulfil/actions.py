"""The front door of fulfilment: capacity, assignment, and claims that hold a place."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from stadi.fulfil.domain import Placed, Seeker, Vacancy, assign
from stadi.fulfil.models import Capacity, Claim
from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError
from stadi.record import actions as record
from stadi.record.domain import News
from stadi.twin import actions as twin


class FullError(StadiError):
    """The unit has no free place left."""


class NoClaimError(StadiError):
    """The place is no longer held for this case."""


def term_days(term: int) -> tuple[date, date]:
    """Return the first day of a term and the day after its last."""
    return date(term, *settings.CITY.term_starts), date(term + 1, *settings.CITY.term_ends)


@transaction.atomic
def set_capacity(*, places: Mapping[int, int], term: int, by: Actor, at: datetime) -> None:
    """Say how many places each unit has for a term, never fewer than are claimed."""
    known = _lock(places, term)
    taken = {unit: known[unit] - left for unit, left in free(term=term).items() if unit in known}
    if short := sorted(unit for unit, n in places.items() if 0 <= n < taken.get(unit, 0)):
        message = (
            f"unit {short[0]} has {taken[short[0]]} places claimed already; nothing was changed"
        )
        raise FullError(message)
    Capacity.objects.bulk_create(
        [Capacity(unit=unit, term=term, places=n) for unit, n in places.items()],
        update_conflicts=True,
        unique_fields=["unit", "term"],
        update_fields=["places"],
    )
    body = {"units": len(places), "places": sum(places.values()), "term": term}
    record.write(News(kind="fulfil.capacity_set", body=body), by=by, at=at)


def places(*, term: int) -> int:
    """Return how many places there are for a term."""
    total = Capacity.objects.filter(term=term).aggregate(n=Sum("places"))["n"]
    return int(total or 0)


def free(*, term: int) -> dict[int, int]:
    """Return the free places of each unit for a term."""
    since, _ = term_days(term)
    taken: dict[int, int] = dict(
        Claim.objects.exclude(hold="released")
        .filter(since=since)
        .values("unit")
        .annotate(n=Sum("quantity"))
        .values_list("unit", "n")
    )
    rows = Capacity.objects.filter(term=term).values_list("unit", "places")
    return {unit: n - taken.get(unit, 0) for unit, n in rows}


def find_places(  # noqa: PLR0913 - what an assignment needs
    *, kind: str, seekers: Sequence[Seeker], term: int, factor: float, seed: str, keep: int
) -> dict[int, Placed]:
    """Return the best free place for each seeker; nothing is claimed yet."""
    left = free(term=term)
    vacancies = [
        Vacancy(id=u.id, x=u.x, y=u.y, places=left.get(u.id, 0)) for u in twin.units(kind=kind)
    ]
    return assign(
        seekers=seekers, vacancies=vacancies, factor=factor, seed=seed, keep_unit_metres=keep
    )


@transaction.atomic
def hold(*, wanted: Mapping[UUID, int], term: int, by: Actor, at: datetime) -> None:
    """Hold a place softly for each case, all or none."""
    since, until = term_days(term)
    _lock(wanted.values(), term)
    left = Counter(free(term=term))
    left.subtract(wanted.values())
    if full := sorted(unit for unit in set(wanted.values()) if left[unit] < 0):
        message = f"no free place left at unit {full[0]}; nothing was held"
        raise FullError(message)
    Claim.objects.bulk_create(
        [
            Claim(unit=unit, since=since, until=until, hold="soft", case=case)
            for case, unit in wanted.items()
        ]
    )
    news = [News(kind="fulfil.held", case=c, body={"unit": u}) for c, u in wanted.items()]
    record.write_many(news, by=by, at=at)


def _lock(units: Iterable[int], term: int) -> dict[int, int]:
    """Return the places of these units, nobody else claiming any until the transaction ends."""
    rows = Capacity.objects.select_for_update().filter(unit__in=set(units), term=term)
    return dict(rows.order_by("unit").values_list("unit", "places"))


@transaction.atomic
def confirm(*, case: UUID, by: Actor, at: datetime) -> int:
    """Make a case's soft claim hard and return its unit."""
    claim = Claim.objects.select_for_update().filter(case=case, hold__in=("soft", "hard")).first()
    if claim is None:
        message = "this place is no longer held"
        raise NoClaimError(message)
    if claim.hold == "soft":
        claim.hold = "hard"
        claim.save()
        record.write(News(kind="fulfil.confirmed", case=case), by=by, at=at)
    return claim.unit


@transaction.atomic
def soften(*, case: UUID, by: Actor, at: datetime) -> None:
    """Make a case's hard claim soft again, after an undo."""
    if Claim.objects.filter(case=case, hold="hard").update(hold="soft"):
        record.write(News(kind="fulfil.softened", case=case), by=by, at=at)


@transaction.atomic
def release(*, case: UUID, by: Actor, at: datetime) -> None:
    """Free a case's place; freeing it twice changes nothing."""
    if Claim.objects.filter(case=case).exclude(hold="released").update(hold="released"):
        record.write(News(kind="fulfil.released", case=case), by=by, at=at)


def overfull() -> list[int]:
    """Return the units with more claims than places: always none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.unit from fulfil_capacity c join fulfil_claim k on k.unit = c.unit"
            " and k.hold <> 'released' and extract(year from k.since) = c.term"
            " group by c.id having sum(k.quantity) > c.places"
        )
        return [row[0] for row in cursor.fetchall()]
