"""Looks at a few subjects through the wall, with the relatives who may answer for them."""

from collections.abc import Collection
from datetime import datetime

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.kit.service import Plugin
from stadi.offers.actions.finding import guardians


def look_at(*, plugin: Plugin, subjects: Collection[int], at: datetime) -> sweep.Extract:
    """Return what the purpose may see of these subjects and of who may answer for them."""
    return and_guardians(plugin, _extract(plugin, subjects, at), subjects, at)


def and_guardians(
    plugin: Plugin, seen: sweep.Extract, subjects: Collection[int], at: datetime
) -> sweep.Extract:
    """Return an extract with what is seen of those who may answer for these subjects, too."""
    known = set(seen.tables["subject"]["subject"].to_pylist())
    if others := guardians(plugin, seen, subjects) - known:
        return _extract(plugin, known | others, at)
    return seen


def _extract(plugin: Plugin, subjects: Collection[int], at: datetime) -> sweep.Extract:
    purpose = plugin.service.purpose
    with consent.look(purpose=purpose, as_of=at.date(), known_at=at, only=subjects) as sight:
        return sweep.extract(sight)
