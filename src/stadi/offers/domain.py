"""The life of a case as data: its states, the steps between them, who may take them and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from stadi.kit.actor import Actor
from stadi.kit.errors import StadiError

NOBODY = 0  # whose case an erased one is
NOTICE = timedelta(days=3)  # before something takes place, for it to be offered at all
NO_PLACE = "no_free_place"  # why a case is held: it waits for a place to come free
LEFT = "left_the_city"  # why a case was withdrawn: no longer in the register of residents
ON_RECORD = "on record"  # a fact that was used and whose value a page need not repeat
WAITING = ("candidate", "ready", "proposed")
ASKED = ("offered", "seen")
TASKS = ("held", "unclear", "contested")  # a person must act before a deadline
ENDS = ("declined", "objected", "expired", "withdrawn", "fulfilled", "corrected", "closed")
ENDED = (*ENDS, "measured", "erased")
WITH_A_PERSON = (*TASKS, "expired")  # has a deadline; what nobody answered is followed up
STATES = (
    *WAITING,
    *TASKS,
    *ASKED,
    "undelivered",
    "accepted",
    "countered",
    "fulfilling",
    "failed",
    *ENDED,
)
HIGHEST = 1  # a task goes from its queue (0) to the owner of the service (1) and no higher


class TransitionError(StadiError):
    """The case cannot take this step from where it stands."""


class NotAllowedError(StadiError):
    """Whoever asks may not take this step."""


class NotOpenError(StadiError):
    """This offer can no longer be answered."""


class NotYoursError(StadiError):
    """This offer was made to somebody else."""


class TellingError(StadiError):
    """The service only tells at its level; the ordinary application is the way."""


class DisagreeError(StadiError):
    """Screening and explanation give different answers: a defect, so nothing goes out."""


class ReasonMissingError(StadiError):
    """What an official does needs a reason that can be read later."""


class VersionError(StadiError):
    """A service changed in a way that its cases or its city were not told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was promised under one version of a service; it stays with the cases of that version.

    `silence` says what follows from none: person, lapse or grant.
    """

    level: str
    silence: str
    open_days: int
    undo_hours: int
    remind_days: int
    queue_days: int
    contest_days: int
    keep_days: int
    wait_days: int
    feedback_days: int | None
    choosing: bool
    channels: tuple[str, ...]

    @property
    def regret(self) -> timedelta:
        """How long a yes may be taken back."""
        return timedelta(hours=self.undo_hours)

    @property
    def queue(self) -> timedelta:
        """How long a task may wait in one queue."""
        return timedelta(days=self.queue_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a case stands when it is asked to take a step; no times where nothing was offered."""

    case: UUID
    service: str
    version: str
    subject: int
    round: str
    term: int
    state: str
    before: str
    reason: str
    level: int
    assignee: int | None
    since: datetime
    deadline: datetime | None
    sent_at: datetime | None
    unit: int | None
    starts_at: datetime | None
    expires_at: datetime | None
    answered_at: datetime | None
    answered_by: int | None
    reminded_at: datetime | None
    terms: Terms


Cases = Mapping[UUID, Standing]
By = Mapping[UUID, Actor]
Errors = dict[UUID, StadiError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody says to the offer behind a link; `unit` is the other place that they choose.

    Says accept, choose, decline, ask or object. An official answers for a recipient who spoke
    another `way` (phone, visit or paper), and says why.
    """

    link: UUID
    says: str
    by: Actor
    unit: int | None = None
    way: str = "portal"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer that changed nothing, and why."""

    answer: Answer
    error: StadiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a case: from which states, by whom, under which guards, with what effects.

    Guards and effects are named; `actions.guards` and `actions.effects` say what they do, and
    `tells` names the letter that goes to everyone concerned but the one who acted. A step without
    a new state leads back to where the case stood before.
    """

    name: str
    old: tuple[str, ...]
    new: str
    who: tuple[str, ...] = ("system",)
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    tells: str = ""
    ended: str = ""  # how the case ended, where its new state does not say it


ANYBODY = ("resident", "official")
STAFF = ("official", "manager")
# what may be contested; what is being fulfilled may be once its decision is there
SENT = (*ASKED, "fulfilled", "declined", "expired", "withdrawn", "held", "closed")
FORGOTTEN = tuple(end for end in ENDS if end != "fulfilled")  # which is measured and closed first
KEEP = "keep"  # how the case ended before stays as it was

STEPS = {
    step.name: step
    for step in (
        Step(
            name="ready",
            old=("candidate", "held", "unclear"),
            new="ready",
            who=("system", *STAFF),
        ),
        Step(
            name="hold",
            old=(*WAITING, "unclear", "undelivered", *ASKED, "accepted", "failed", "expired"),
            new="held",
            who=("system", *STAFF),
        ),
        Step(name="propose", old=("ready",), new="proposed", who=("system", *STAFF)),
        Step(
            name="offer",
            old=("proposed",),
            new="offered",
            who=("system", *STAFF),
            guards=("basis", "here"),
        ),
        Step(name="see", old=("offered",), new="seen", who=ANYBODY),
        Step(name="undeliver", old=("offered",), new="undelivered"),
        Step(
            name="accept",
            old=ASKED,
            new="accepted",
            who=ANYBODY,
            guards=("open", "offering", "chosen", "safe", "basis", "placed"),
            effects=("note", "confirm"),
            tells="accepted",
        ),
        # only where a law takes silence for a yes
        Step(
            name="grant",
            old=ASKED,
            new="accepted",
            guards=("granting", "basis", "placed"),
            effects=("note", "confirm"),
            tells="granted",
        ),
        # what silence granted is refused by a word, as long as a yes could be taken back
        Step(
            name="oppose",
            old=("accepted",),
            new="declined",
            who=ANYBODY,
            guards=("granted", "basis"),
            effects=("note", "release"),
            tells="declined",
        ),
        Step(
            name="counter",
            old=ASKED,
            new="countered",
            who=ANYBODY,
            guards=("open", "offering", "safe", "basis"),
        ),
        # whoever chooses a place has said yes to it: a second offer would ask the same again
        Step(
            name="agree",
            old=("countered",),
            new="accepted",
            who=ANYBODY,
            guards=("placed",),
            effects=("note", "confirm"),
            tells="accepted",
        ),
        Step(
            name="decline",
            old=ASKED,
            new="declined",
            who=ANYBODY,
            guards=("open", "safe", "basis"),
            effects=("note", "release"),
            tells="declined",
        ),
        Step(
            name="ask",
            old=ASKED,
            new="held",
            who=ANYBODY,
            guards=("open",),
            tells="held",
        ),
        Step(
            name="disagree",
            old=("accepted", "declined"),
            new="held",
            who=ANYBODY,
            guards=("answerable", "basis"),
            tells="held",
        ),
        Step(
            name="object",
            old=(*ASKED, "undelivered"),
            new="objected",
            who=("system", *ANYBODY),
            effects=("release", "unsend"),
            tells="stopped",
        ),
        Step(
            name="expire",
            old=ASKED,
            new="expired",
            guards=("reminded",),
            effects=("release",),
            tells="expired",
        ),
        Step(
            name="undo",
            old=("accepted",),
            new="seen",
            who=ANYBODY,
            guards=("regrets",),
            effects=("unanswer", "soften"),
        ),
        Step(
            name="withdraw",
            old=(*WAITING, "unclear", "held", *ASKED, "undelivered", "accepted", "contested"),
            new="withdrawn",
            who=("system", "resident", *STAFF),
            ended="withdrawn",
            effects=("release", "unsend"),
            tells="withdrawn",
        ),
        Step(
            name="begin",
            old=("accepted",),
            new="fulfilling",
            guards=("regretted", "basis", "placed"),
            effects=("confirm", "plan"),
        ),
        Step(name="fulfil", old=("fulfilling",), new="fulfilled", tells="fulfilled"),
        Step(name="fail", old=("fulfilling",), new="failed"),
        Step(
            name="stop",
            old=("fulfilling", "failed"),
            new="withdrawn",
            effects=("release", "unsend"),
            tells="withdrawn",
        ),
        Step(
            name="close",
            old=("unclear", "held"),
            new="closed",
            who=("system", *STAFF),
            effects=("release",),
            ended="settled",
        ),
        Step(
            name="lapse",
            old=("unclear", "held"),
            new="closed",
            guards=("highest",),
            effects=("release",),
            tells="closed",
            ended="unanswered",
        ),
        Step(
            name="contest",
            old=SENT,
            new="contested",
            who=ANYBODY,
            guards=("in_term",),
            tells="contested",
            ended=KEEP,
        ),
        Step(
            name="uphold",
            old=("contested",),
            new="",
            who=("system", *STAFF),
            guards=("another",),
            effects=("resume",),
            tells="upheld",
            ended=KEEP,
        ),
        Step(
            name="correct",
            old=("contested",),
            new="corrected",
            who=STAFF,
            guards=("another",),
            effects=("release",),
            tells="corrected",
        ),
        Step(name="measure", old=("fulfilled",), new="measured", ended=KEEP),
        Step(name="file", old=("measured",), new="closed", ended=KEEP),
        Step(name="erase", old=FORGOTTEN, new="erased", ended=KEEP),
    )
}
