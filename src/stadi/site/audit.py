"""What `stadi audit` shows: whom past rounds should have found, small numbers hidden."""

from collections.abc import Mapping
from typing import Any

from stadi.insight.hiding import SMALLEST
from stadi.offers.actions import auditing
from stadi.offers.actions.auditing import Audit, Checked
from stadi.offers.plugins import plugin
from stadi.record import actions as record
from stadi.site.trial import few, number, safe


def run(service: str, months: int) -> dict[str, Any]:
    """Audit a service over the past months, on what is known today."""
    now = record.now()
    return shown(auditing.audit(plugin=plugin(service), months=months, at=now))


def shown(audit: Audit) -> dict[str, Any]:
    """Return what may be shown of an audit."""
    return {
        "service": audit.service,
        "version": audit.version,
        "rounds": [_round(checked) for checked in audit.rounds],
        "erased": few(audit.erased),
    }


def _round(checked: Checked) -> dict[str, Any]:
    parts = {
        "found": checked.found,
        "later": checked.later,
        "never": checked.should - checked.found - checked.later,
    }
    counts = safe(parts)
    missed = None if counts["found"] is None else checked.should - checked.found
    return {
        "round": checked.period,
        "day": checked.day.isoformat(),
        "should": few(checked.should),
        **counts,
        "missed": missed,
        "days": checked.days if (counts["later"] or 0) >= SMALLEST else None,
        "unasked": checked.unasked,
    }


def words(found: Mapping[str, Any]) -> str:
    """Return an audit as a table of its rounds."""
    lines = [f"{found['service']} {found['version']}: past rounds, on what is known today"]
    lines += [_words(row) for row in found["rounds"]]
    if found["erased"] != 0:
        erased = number(found["erased"])
        lines.append(f"{erased} cases are erased, so as many of those missed may have been found.")
    return "\n".join([*lines, "Numbers under 10 are hidden, with what would tell them."])


def _words(row: Mapping[str, Any]) -> str:
    head = f"  {row['round']:8} asked as of {row['day']}: "
    if row["unasked"]:
        return f"{head}not asked, {row['unasked']}"
    should, found, missed, later = (number(row[k]) for k in ("should", "found", "missed", "later"))
    waited = f", half of them within {row['days']} days" if row["days"] is not None else ""
    return (
        f"{head}{should} should be found, {found} were, {missed} missed;"
        f" {later} of those found later{waited}"
    )
