"""A place that came free goes to whoever waits without one, by the same published rule."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from stadi.engine import sweep
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.kit.service import Assign, Plugin
from stadi.offers.actions.cases import standing
from stadi.offers.actions.finding import find
from stadi.offers.actions.looking import look_at
from stadi.offers.actions.rounds import assign, offer, propose
from stadi.offers.domain import NOTICE
from stadi.offers.models import Case

WITHOUT = ("no_free_place", "place_lost")


def refill(*, plugin: Plugin, by: Actor, at: datetime) -> int:
    """Offer the free places to those who wait without one, all at once; return how many."""
    waiting = _waiting(plugin)
    what = plugin.service.propose
    if not waiting or not isinstance(what, Assign):
        return 0
    term = plugin.service.term(at.date())
    if not any(u.places > 0 for u in fulfil.vacant(kind=what.kind, term=term, after=at + NOTICE)):
        return 0
    seen = look_at(plugin=plugin, subjects=waiting, at=at)
    found = [f for f in find(plugin, seen, _still(plugin, waiting, seen)) if not f.held]
    places = assign(plugin=plugin, found=found, at=at)
    going = [f for f in found if places is not None and f.subject in places.placed]
    if not going:
        return 0
    with transaction.atomic():
        # whoever was taken on by a person meanwhile is left to that person
        there = standing([f.case for f in going])
        going = [f for f in going if there[f.case].reason in WITHOUT]
        ready = propose(plugin=plugin, found=going, places=places, by=by, at=at)
        return offer(cases=[f.case for f in ready], by=by, at=at)


def _waiting(plugin: Plugin) -> dict[int, UUID]:
    rows = Case.objects.filter(service=plugin.service.id, state="held", reason__in=WITHOUT)
    return dict(rows.order_by("id").values_list("subject", "id"))


def _still(plugin: Plugin, waiting: dict[int, UUID], seen: sweep.Extract) -> dict[int, UUID]:
    """Return who of them is still entitled: the rules are asked of what is seen now."""
    result = sweep.run(plugin.service.who, seen)
    return {subject: waiting[subject] for subject in result.of("yes") if subject in waiting}
