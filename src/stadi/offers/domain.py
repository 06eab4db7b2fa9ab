"""The life of a case as data: its states and the steps between them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError

LEFT = "left_the_city"  # why a case was withdrawn: no longer in the register of residents
ON_RECORD = "on record"  # a fact that was used and whose value a page need not repeat
WAITING = ("candidate", "ready", "proposed")
ASKED = ("offered", "seen")
ENDED = ("countered", "declined", "objected", "expired", "withdrawn", "fulfilled", "closed")
STATES = (
    *WAITING,
    "unclear",
    "held",
    *ASKED,
    "undelivered",
    "accepted",
    "fulfilling",
    *ENDED,
)


class TransitionError(StadiError):
    """The case cannot take this step from where it stands."""


class NotOpenError(StadiError):
    """This offer can no longer be answered."""


class NotYoursError(StadiError):
    """This offer was made to somebody else."""


class DisagreeError(StadiError):
    """Screening and explanation give different answers: a defect, so nothing goes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody says to the offer behind a link: accept, decline or object."""

    link: UUID
    says: str
    by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer that changed nothing, and why."""

    answer: Answer
    error: StadiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An offer as it stands when it is answered; the unit where it is a place."""

    person: int
    case: UUID
    service: str
    subject: int
    state: str
    unit: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that a case may take, and from which states."""

    name: str
    old: tuple[str, ...]
    new: str


STEPS = {
    step.name: step
    for step in (
        Step(name="ready", old=("candidate", "held", "unclear"), new="ready"),
        Step(
            name="hold",
            old=(*WAITING, "unclear", "undelivered", *ASKED, "accepted"),
            new="held",
        ),
        Step(name="propose", old=("ready",), new="proposed"),
        Step(name="offer", old=("proposed",), new="offered"),
        Step(name="see", old=("offered",), new="seen"),
        Step(name="accept", old=ASKED, new="accepted"),
        Step(name="decline", old=ASKED, new="declined"),
        Step(name="object", old=ASKED, new="objected"),
        Step(name="expire", old=ASKED, new="expired"),
        Step(name="undo", old=("accepted",), new="seen"),
        Step(
            name="withdraw", old=(*WAITING, "unclear", "held", *ASKED, "accepted"), new="withdrawn"
        ),
        Step(name="begin", old=("accepted",), new="fulfilling"),
        Step(name="fulfil", old=("fulfilling",), new="fulfilled"),
        Step(name="close", old=("unclear",), new="closed"),
    )
}
