"""Why a look is refused, and what a request to correct a fact is and may hold."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stadi.kit.errors import StadiError

OPEN, DONE, REFUSED = "open", "done", "refused"
LONGEST_VALUE = 200  # characters, as of a register's text
LONGEST_WORDS = 1_000


class RoleChangedError(StadiError):
    """A purpose's role has settings that the wall did not give it; register the purpose anew."""


class RoleShutOutError(StadiError):
    """The database does not let a purpose's role in."""


class ServerUnfitError(StadiError):
    """No wall can stand on this database server; the sentence says what it needs."""


class TrialRunsError(StadiError):
    """A service is on trial in this city already."""


class PurposeUnknownError(StadiError):
    """No service has registered this purpose."""


class WordsUnfitError(StadiError):
    """What was written cannot be kept; the sentence says what to write instead."""


class AskedAlreadyError(StadiError):
    """The same person waits for an answer about the same fact already."""


class DecidedAlreadyError(StadiError):
    """There is no such request, or somebody has decided it."""


class NotForYouError(StadiError):
    """Only an official who has no part in a request decides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A request to correct a fact: what the asker says is right, and what became of it."""

    id: UUID
    subject: int
    asked_by: int
    fact: str
    said: str
    why: str
    asked_at: datetime
    state: str
    decided_at: datetime | None
    reason: str


def value(text: str) -> str:
    """Return what somebody says is right, one line that can be seen, or raise."""
    text = text.strip()
    if not text or not text.isprintable() or len(text) > LONGEST_VALUE:
        message = f"write 1 to {LONGEST_VALUE} characters on one line"
        raise WordsUnfitError(message)
    return text


def words(text: str) -> str:
    """Return what somebody wrote in their own words, or raise where it is too long to keep."""
    text = text.replace("\0", "").strip()
    if len(text) > LONGEST_WORDS:
        message = f"write at most {LONGEST_WORDS} characters"
        raise WordsUnfitError(message)
    return text
