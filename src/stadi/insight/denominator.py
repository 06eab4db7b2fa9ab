"""Of all errands: which our services replace and which are left; pure functions over a register."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stadi.catalogue.domain import CHANNELS, LIFE_EVENTS, TARGET_GROUPS, TYPES, Errand, Register

NONE = "none"
"""The group of errands for which the register names nothing of a kind."""
REPLACED, LEFT = "replaced", "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One errand, and the services that replace it; an errand without one is left."""

    errand: Errand
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many errands there are of a code, and how many of them a service replaces."""

    code: str
    all: int
    replaced: int

    @property
    def left(self) -> int:
        """The errands that no service replaces."""
        return self.all - self.replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A service names an errand that the register does not hold, or holds no more."""

    service: str
    errand: int
    gone: bool

    @property
    def sentence(self) -> str:
        """What is wrong and what to do."""
        why = "is gone from the register" if self.gone else "is not in the register"
        return (
            f"service {self.service} replaces errand {self.errand}, which {why}:"
            " correct the id in its service.py, or drop it"
        )


def _channels(errand: Errand) -> Collection[str]:
    return {channel.type for channel in errand.channels}


CODES: Mapping[str, tuple[Sequence[str], Callable[[Errand], Collection[str]]]] = {
    "type": (TYPES, lambda errand: (errand.type,)),
    "channel": (CHANNELS, _channels),
    "event": (LIFE_EVENTS, lambda errand: errand.life_events),
    "group": (TARGET_GROUPS, lambda errand: errand.target_groups),
}
"""By what errands may be told apart: the codes there are, and those of an errand."""


def rows(register: Register, claims: Mapping[str, Sequence[int]]) -> list[Row]:
    """Return every errand of the register, with the services that name it."""
    named: dict[int, list[str]] = {}
    for service in sorted(claims):
        for errand in set(claims[service]):
            named.setdefault(errand, []).append(service)
    return [
        Row(errand=errand, services=tuple(named.get(number, ())))
        for number, errand in register.errands.items()
    ]


def unknown(register: Register, claims: Mapping[str, Sequence[int]]) -> list[Unknown]:
    """Return what services name and the register does not hold."""
    return [
        Unknown(service=service, errand=errand, gone=errand in register.gone)
        for service in sorted(claims)
        for errand in sorted(set(claims[service]) - register.errands.keys())
    ]


def codes_of(errand: Errand, by: str) -> Collection[str]:
    """Return an errand's codes of a kind, NONE where the register names nothing."""
    return CODES[by][1](errand) or (NONE,)


def total(found: Collection[Row]) -> Tally:
    """Return the count of all of them."""
    return Tally(code="", all=len(found), replaced=sum(bool(row.services) for row in found))


def tallies(found: Iterable[Row], by: str) -> list[Tally]:
    """Return the counts by code, the most errands first; one with two codes counts in both."""
    every, replaced = Counter[str](), Counter[str]()
    for row in found:
        codes = codes_of(row.errand, by)
        every.update(codes)
        replaced.update(codes if row.services else ())
    known = [*CODES[by][0], NONE]
    ordered = sorted(every, key=lambda code: (code == NONE, -every[code], known.index(code)))
    return [Tally(code=code, all=every[code], replaced=replaced[code]) for code in ordered]


def chosen(found: Iterable[Row], wanted: Mapping[str, str]) -> list[Row]:
    """Return the rows that fit every filter; an empty one asks for nothing.

    `q` are words that all stand in the errand's name, description or id, in whatever language.
    """
    words = wanted["q"].casefold().split()
    return [row for row in found if _fits(row, wanted) and _says(row.errand, words)]


def _fits(row: Row, wanted: Mapping[str, str]) -> bool:
    state = REPLACED if row.services else LEFT
    return wanted["state"] in ("", state) and all(
        wanted[by] in ("", *codes_of(row.errand, by)) for by in CODES
    )


def _says(errand: Errand, words: Sequence[str]) -> bool:
    told = [f"{w.name}\n{w.description}" for _code, w in errand.words.every() if w]
    text = "\n".join([str(errand.id), *told]).casefold()
    return all(word in text for word in words)
