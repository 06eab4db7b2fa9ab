"""What a message is, the channels it may take outside the inbox, and when it may leave."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from stadi.kit.city import City

INBOX = "inbox"  # where every message lies; all other channels only say that one waits there
ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=12)
GROWTH = 5
SENDING = timedelta(minutes=15)  # a delivery under way for longer was broken off


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Words to one resident; `link` is a path in the portal that shows nothing before sign-in.

    `about` is the case. `channels` is a ladder: the inbox always holds the letter, the others say
    in `language` that one waits, each when the one before failed or moved nobody. `counted` is a
    contact that the city chooses to make; a receipt, a decision or an apology is not.
    """

    recipient: int
    key: str
    subject: str
    body: str
    link: str
    about: UUID | None = None
    channels: tuple[str, ...] = (INBOX,)
    language: str = ""
    counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What leaves the house: that a message waits behind `link`; again with one `key` is the same.

    It holds no word of the message. A language that the city does not speak means all it speaks.
    """

    recipient: int
    address: str
    language: str
    key: str
    link: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a notice: sent, to be tried again, or refused for good; `error` is a code."""

    state: Literal["sent", "again", "refused"]
    error: str = ""


class Channel(Protocol):
    """A way to a person outside the inbox; holds nothing open until it sends.

    `patience` is how long a notice may go without its message being opened before the next channel
    of the ladder is tried.
    """

    name: str
    patience: timedelta

    def addresses(self, people: Collection[int]) -> Mapping[int, str]:
        """Return where this channel reaches each of these people; whoever it cannot is left out."""

    def send(self, notices: Sequence[Notice]) -> list[Outcome]:
        """Send notices and return what became of each, in their order."""

    def close(self) -> None:
        """Let go, at the end of a run, of what `send` held open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How many notices were sent, wait for another try, were refused or given up in a run.

    `undelivered` are messages that no channel could tell of.
    """

    sent: int = 0
    again: int = 0
    refused: int = 0
    given_up: int = 0
    undelivered: int = 0


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: ever longer, up to half a day."""
    grown: timedelta = FIRST_WAIT * GROWTH ** (attempts - 1)
    return min(grown, LONGEST_WAIT)


def is_quiet(at: datetime, city: City) -> bool:
    """Return whether the city keeps quiet at a moment, by its own clock."""
    hour = at.astimezone(ZoneInfo(city.time_zone)).hour
    if city.quiet_from <= city.quiet_until:
        return city.quiet_from <= hour < city.quiet_until
    return hour >= city.quiet_from or hour < city.quiet_until


def after_quiet(at: datetime, city: City) -> datetime:
    """Return the first moment from `at` on that is not quiet."""
    if not is_quiet(at, city):
        return at
    here = at.astimezone(ZoneInfo(city.time_zone))
    day = here.date() + timedelta(days=here.hour >= city.quiet_until)
    ends = datetime(day.year, day.month, day.day, city.quiet_until, tzinfo=here.tzinfo)
    # where the clocks skip the one hour that is not quiet, it is the next day's
    return after_quiet(ends.astimezone(at.tzinfo), city)


def month_of(at: datetime, city: City) -> date:
    """Return the first day of the month that a moment lies in, by the city's own clock."""
    return at.astimezone(ZoneInfo(city.time_zone)).date().replace(day=1)
