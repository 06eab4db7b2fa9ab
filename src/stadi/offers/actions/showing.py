"""What an offer shows: a place, things to choose from, money, or the same for everyone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from stadi.engine.explain import value
from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Placed
from stadi.kit.service import Award, Choice, Plugin
from stadi.offers.actions.finding import Found
from stadi.offers.domain import NOTICE
from stadi.twin import actions as twin

Shown = tuple[int | None, int | None, datetime | None, int | None, str]


def shown(
    plugin: Plugin, ready: Sequence[Found], placed: Mapping[int, Placed], at: datetime
) -> Iterator[Shown]:
    """Yield of each: unit, metres, when it takes place, cents a month, and the others as JSON."""
    what = plugin.service.propose
    if isinstance(what, Choice):
        near = _near(plugin, what, ready, at)
        yield from ((None, None, None, None, json.dumps(near.get(f.subject, ()))) for f in ready)
    elif isinstance(what, Award):
        yield from ((None, None, None, worth(plugin, f, at), "[]") for f in ready)
    else:
        starts = twin.starts({place.unit for place in placed.values()})
        for f in ready:
            place = placed.get(f.subject)
            yield _place(place, starts) if place else (None, None, None, None, "[]")


def _place(place: Placed, starts: Mapping[int, datetime]) -> Shown:
    return place.unit, place.metres, starts.get(place.unit), None, json.dumps(place.others)


def worth(plugin: Plugin, found: Found, at: datetime) -> int:
    """Return what an award comes to for one whom the rules found, in cents a month."""
    what = plugin.service.propose
    name = what.amount if isinstance(what, Award) else ""
    (amount,) = [a for a in plugin.service.amounts if a.name == name]
    person = found.person
    return int(value(amount.value, person.facts, person, at.date()))


def _near(
    plugin: Plugin, what: Choice, ready: Sequence[Found], at: datetime
) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return the nearest open things for each, with the metres to them."""
    points = {}
    for f in ready:
        x, y = f.person.facts[what.home_x.column], f.person.facts[what.home_y.column]
        points[f.subject] = None if x is None or y is None else (int(str(x)), int(str(y)))
    return fulfil.nearest(
        kind=what.kind,
        points=points,
        most=what.most,
        term=plugin.service.term(at.date()),
        factor=settings.CITY.walking_factor,
        after=at + NOTICE,
    )
