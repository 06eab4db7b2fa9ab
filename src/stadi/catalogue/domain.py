"""What an errand of the city's register is, in which words it is told, and what a file changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

TYPES = (
    *("APPLICATION", "NOTICE", "APPOINTMENT", "PERMISSION", "ORDERING", "ENROLLMENT", "ADVICE"),
    *("INFORMATION_SERVICE", "COMMUNICATION", "ECOMMERCE", "OTHER_ESERVICE"),
)
CHANNELS = (
    *("ESERVICE", "PRINTABLE_FORM", "WEBPAGE", "TELEPHONE"),
    *("EMAIL", "CHAT", "LOCAL", "MAIL"),
)
TARGET_GROUPS = (
    *("INDIVIDUALS", "CHILDREN_AND_FAMILIES", "YOUTH", "ELDERLY_PEOPLE", "DISABLED", "IMMIGRANTS"),
    *("ENTERPRISES", "ASSOCIATIONS"),
)
LIFE_EVENTS = (
    *("HAVING_CHILD", "ADOPTION", "DIVORCE", "BEGINNING_FULLTIME_STUDIES", "LOSING_JOB"),
    *("BURDENED_BY_DEBT", "BUILDING_HOME", "IMMIGRATING_TO_FINLAND", "FALLING_SERIOUSLY_ILL"),
    *("REHABILITATION", "GIVING_INFORMAL_CARE", "RETIREMENT", "DEATH_OF_CLOSE_FAMILY_MEMBER"),
)
"""The register's own codes. Another is refused: nobody could say it in three languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An errand's name and description in one language; "" where it is not described."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An errand in the languages that the register tells it in: one of them, or more."""

    fi: Words | None
    sv: Words | None
    en: Words | None

    def say(self, language: str) -> tuple[str, Words]:
        """Return the words, and their language: the one asked for, else the first there is."""
        there = {code: words for code, words in self.every() if words}
        code = language if language in there else next(iter(there))
        return code, there[code]

    def every(self) -> tuple[tuple[str, Words | None], ...]:
        """Return each language with its words, or None."""
        return (("fi", self.fi), ("sv", self.sv), ("en", self.en))


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to run an errand, and the languages that the register tells it in."""

    id: int
    type: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something that a person has to ask the city for; `service` is the register's own number."""

    id: int
    service: int
    type: str
    words: Spoken
    target_groups: tuple[str, ...]
    life_events: tuple[str, ...]
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The errands that the newest file holds, by id, and those that an older one held."""

    file: str
    at: datetime
    errands: Mapping[int, Errand]
    gone: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a file says otherwise than the register; ids. One that comes back is new."""

    new: tuple[int, ...]
    changed: tuple[int, ...]
    unchanged: tuple[int, ...]
    gone: tuple[int, ...]

    def __bool__(self) -> bool:
        """Return whether anything changes."""
        return bool(self.new or self.changed or self.gone)


def compare(held: Mapping[int, Errand], told: Mapping[int, Errand]) -> Change:
    """Return what changes where a register comes to hold what a file tells."""
    both = sorted(held.keys() & told.keys())
    return Change(
        new=tuple(sorted(told.keys() - held.keys())),
        changed=tuple(i for i in both if held[i] != told[i]),
        unchanged=tuple(i for i in both if held[i] == told[i]),
        gone=tuple(sorted(held.keys() - told.keys())),
    )
