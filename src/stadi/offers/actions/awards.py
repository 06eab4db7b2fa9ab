"""Money that is paid already, worked out again: more follows by itself, less waits for a person."""

from collections.abc import Collection
from datetime import datetime, timedelta

from stadi.engine.sql import OUTCOMES
from stadi.engine.sweep import Sweep
from stadi.fulfil import actions as fulfil
from stadi.kit.actor import Actor
from stadi.kit.service import Award, Plugin
from stadi.offers.actions.letters import tell


def recalculate(
    *,
    plugin: Plugin,
    result: Sweep,
    by: Actor,
    at: datetime,
    among: Collection[int] | None = None,
) -> None:
    """Let the awards of those whom a sweep looked at follow what the rules say of them now.

    It looked for these, or for everybody where `among` is None; whoever it did not find died or
    moved away, and nothing is theirs any more. Within the caller's transaction.
    """
    what = plugin.service.propose
    if not isinstance(what, Award):
        return
    paid = fulfil.awarded(service=plugin.service.id, at=at, among=among)
    due = at + timedelta(days=plugin.service.oversight.queue_days)
    worth = _worth(result, what.amount, paid)
    changed = fulfil.recalculate(service=plugin.service.id, worth=worth, due=due, by=by, at=at)
    tell(what="raised", cases=changed.raised, at=at)


def _worth(result: Sweep, amount: str, paid: Collection[int]) -> dict[int, int | None]:
    """Return what each who is paid would get now: nothing where the rules say no or nobody is
    there, else as worked out; None where that is unknown.
    """
    cents = result.amounts[amount].to_pylist()
    known = zip(result.subjects.tolist(), result.outcomes.tolist(), cents, strict=True)
    said = {s: (OUTCOMES[outcome], c) for s, outcome, c in known if s in paid}
    told = {s: 0 if o == "no" else c if o == "yes" else None for s, (o, c) in said.items()}
    return dict.fromkeys(paid, 0) | told
