"""The life of a case written down again, slowly and by hand, to be compared with the machine."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# from state -> by which step -> to state; as the framework's drawing has it
DRAWN = {
    "": {"screen": ("candidate", "unclear", "held")},
    "candidate": {"ready": "ready", "hold": "held", "withdraw": "withdrawn"},
    "ready": {"propose": "proposed", "hold": "held", "withdraw": "withdrawn"},
    "proposed": {"offer": "offered", "hold": "held", "withdraw": "withdrawn"},
    "unclear": {
        "ready": "ready",
        "hold": "held",
        "close": "closed",
        "lapse": "closed",
        "withdraw": "withdrawn",
    },
    "held": {
        "ready": "ready",
        "close": "closed",
        "lapse": "closed",
        "withdraw": "withdrawn",
        "contest": "contested",
    },
    "offered": {
        "see": "seen",
        "undeliver": "undelivered",
        "accept": "accepted",
        "grant": "accepted",
        "counter": "countered",
        "decline": "declined",
        "ask": "held",
        "object": "objected",
        "expire": "expired",
        "hold": "held",
        "withdraw": "withdrawn",
        "contest": "contested",
    },
    "seen": {
        "accept": "accepted",
        "grant": "accepted",
        "counter": "countered",
        "decline": "declined",
        "ask": "held",
        "object": "objected",
        "expire": "expired",
        "hold": "held",
        "withdraw": "withdrawn",
        "contest": "contested",
    },
    "undelivered": {"hold": "held", "object": "objected", "withdraw": "withdrawn"},
    "countered": {"agree": "accepted"},
    "accepted": {
        "undo": "seen",
        "begin": "fulfilling",
        "oppose": "declined",
        "disagree": "held",
        "hold": "held",
        "withdraw": "withdrawn",
    },
    "fulfilling": {"fulfil": "fulfilled", "fail": "failed", "stop": "withdrawn"},
    "failed": {"hold": "held", "stop": "withdrawn"},
    "fulfilled": {"measure": "measured", "contest": "contested"},
    "measured": {"file": "closed"},
    "declined": {"disagree": "held", "contest": "contested", "erase": "erased"},
    "expired": {"hold": "held", "contest": "contested", "erase": "erased"},
    "objected": {"erase": "erased"},
    "withdrawn": {"contest": "contested", "erase": "erased"},
    "corrected": {"erase": "erased"},
    "closed": {"contest": "contested", "erase": "erased"},
    "contested": {"uphold": "", "correct": "corrected", "withdraw": "withdrawn"},
    "erased": {},
}
ENDS = {
    *("declined", "expired", "objected", "withdrawn", "fulfilled", "corrected", "closed"),
    *("measured", "erased"),
}


@dataclass(kw_only=True)
class Reference:
    """One offer as a patient clerk would keep it: a dictionary, a list of what was said, no SQL."""

    state: str
    expires: datetime
    place: int
    others: list[int]
    people: list[int]
    answered_by: int = 0
    answered_at: datetime | None = None
    free: dict[int, int] = field(default_factory=dict)

    def say(self, person: int, says: str, at: datetime, unit: int | None = None) -> str:
        """Take an answer as the framework describes it, and return the state it leads to."""
        if person not in self.people:
            return self.state
        asked = self.state in ("offered", "seen") and at < self.expires
        regret = (
            self.state == "accepted"
            and self.answered_at is not None
            and at < self.answered_at + timedelta(hours=24)
        )
        if asked and says == "accept":
            self._answer("accepted", person, at)
        elif asked and says == "decline":
            self._answer("declined", person, at)
            self.free[self.place] += 1
        elif asked and says == "choose" and unit in self.others and self.free[unit] > 0:
            self.free[self.place] += 1
            self.free[unit] -= 1
            self.others = [self.place, *(o for o in self.others if o != unit)]
            self.place = unit
            self._answer("accepted", person, at)
        elif (asked and says == "ask") or (
            regret and says == "decline" and person != self.answered_by
        ):
            self.state = "held"
        elif regret and says == "undo" and person == self.answered_by:
            self.state = "seen"
            self.expires = max(self.expires, at + timedelta(hours=24))
        elif self.state == "declined" and says == "accept" and at < self.expires:
            self.state = "held"
        return self.state

    def _answer(self, state: str, person: int, at: datetime) -> None:
        self.state, self.answered_by, self.answered_at = state, person, at


def drawn(old: str, name: str, new: str, before: str = "") -> bool:
    """Return whether the drawing has a step of this name between these states."""
    leads = DRAWN[old].get(name)
    if name == "uphold":
        return new == before
    return new in leads if isinstance(leads, tuple) else new == leads


def steps(table: Any) -> set[tuple[str, str, str]]:
    """Return every step of the machine's own table as (old, name, new)."""
    return {(old, step.name, step.new) for step in table for old in step.old}
