"""Reads a file of the city's errand register, JSON; any fault refuses it whole."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stadi.catalogue.domain import (
    CHANNELS,
    LIFE_EVENTS,
    TARGET_GROUPS,
    TYPES,
    Channel,
    Errand,
    Spoken,
    Words,
)
from stadi.kit.errors import StadiError
from stadi.kit.text import LANGUAGES

_SHOWN: Final = 20  # faults told at once
_LARGEST: Final = 2**63 - 1
# A line that says how to reach somebody often says whom, and no rule knows a name from a word:
# an address of e-mail, seven digits in a row, or a number after its abbreviation.
_REACHES_SOMEBODY: Final = re.compile(
    r"\S@\S|\d(?:[\s()]*\d){6}|\b(?:puh|tel|tfn)\b\.?:?\s*[+(\d]", re.IGNORECASE
)


class FileError(StadiError):
    """A file of errands was refused, and nothing of it was imported."""


@dataclass(slots=True, kw_only=True)
class _Faults:
    """What is wrong with a file, in its order; more than can be shown are only counted."""

    file: str
    found: list[str] = field(default_factory=list)

    def error(self, words: str) -> FileError:
        return FileError(f"{self.file}: {words}; nothing was imported")

    def raise_any(self) -> None:
        if self.found:
            told = self.found[:_SHOWN]
            more = len(self.found) - len(told)
            raise self.error("; ".join([*told, f"and {more} more"] if more else told))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """An object of the file, where it stands, and its fields: each is right, or a fault."""

    place: str
    above: str
    held: Mapping[str, Any]
    faults: _Faults

    def wrong(self, name: str, words: str) -> None:
        self.faults.found.append(f"{self.place}, {self.above}{name} {words}")

    def whole(self, name: str) -> int:
        value = self.held.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST:
            self.wrong(name, self._lacks(name, "is not a whole number above zero"))
            return 0
        return value

    def code(self, name: str, known: Sequence[str]) -> str:
        value = self.held.get(name)
        if not isinstance(value, str) or value not in known:
            self.wrong(name, self._lacks(name, f"is none of {', '.join(known)}"))
            return ""
        return value

    def codes(self, name: str, known: Sequence[str]) -> tuple[str, ...]:
        """Return the codes in the order in which they are known."""
        values = self.held.get(name)
        if not isinstance(values, list):
            self.wrong(name, self._lacks(name, "is not a list"))
            return ()
        if strange := [n for n, v in enumerate(values, 1) if v not in known]:
            self.wrong(name, f"({strange[0]}) is none of {', '.join(known)}")
        return tuple(code for code in known if code in values)

    def lines(self, name: str) -> list[str]:
        """Return a text line by line, without what cannot be seen."""
        value = self.held.get(name, "")
        if not isinstance(value, str):
            self.wrong(name, "is not a text")
            return []
        kinds = {unicodedata.category(c) for c in value if c not in "\t\n\r"}
        if kinds & {"Cc", "Cs"}:
            self.wrong(name, "holds a character that no text has")
            return []
        seen = "".join(c for c in value if unicodedata.category(c) != "Cf")
        return [" ".join(line.split()) for line in seen.splitlines()]

    def parts(self, name: str) -> "list[_Part]":
        """Return the objects of a list."""
        values = self.held.get(name)
        if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
            self.wrong(name, self._lacks(name, "is not a list of objects"))
            return []
        return [
            _Part(
                place=self.place,
                above=f"{self.above}{name} ({n}) ",
                held=value,
                faults=self.faults,
            )
            for n, value in enumerate(values, 1)
        ]

    def _lacks(self, name: str, otherwise: str) -> str:
        return otherwise if name in self.held else "is missing"


def read(raw: bytes, *, name: str) -> dict[int, Errand]:
    """Return a file's errands by id, or raise FileError that names rows, ids and fields."""
    faults = _Faults(file=name)
    values = _values(raw, faults)
    found = [_errand(row, value, faults) for row, value in enumerate(values, 1)]
    errands = [errand for errand in found if errand]
    for number, times in Counter(errand.id for errand in errands).items():
        if number and times > 1:
            faults.found.append(f"errand {number}, id stands {times} times")
    faults.raise_any()
    return {errand.id: errand for errand in errands}


class _TwiceError(ValueError):
    """A field is named twice in one object, so nobody could say which of the two holds."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        twice = next(name for name, times in Counter(n for n, _ in pairs).items() if times > 1)
        raise _TwiceError(f"an object names the field {twice!r} twice")
    return held


def _values(raw: bytes, faults: _Faults) -> list[Any]:
    """Return the list that the file is."""
    try:
        text = raw.decode("utf-8-sig")
        values = json.loads(text, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise faults.error(f"byte {error.start + 1} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise faults.error(_unreadable(text, error)) from None
    except _TwiceError as error:
        raise faults.error(str(error)) from None
    except (ValueError, RecursionError):
        raise faults.error("holds a number too long, or objects too deep") from None
    if not isinstance(values, list):
        raise faults.error("is not a list of errands")
    if not values:
        raise faults.error("holds no errand")
    return values


def _unreadable(text: str, error: json.JSONDecodeError) -> str:
    """Return why a text is not JSON; the decoder's own words hold nothing of the text."""
    if not text.strip():
        return "is empty"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
        return f"ends too early, in line {text.count(chr(10)) + 1}: is it whole?"
    return f"line {error.lineno}, column {error.colno} is not JSON ({error.msg})"


def _errand(row: int, value: Any, faults: _Faults) -> Errand | None:
    if not isinstance(value, dict):
        faults.found.append(f"row {row} is not an object")
        return None
    given = value.get("id")
    named = isinstance(given, int) and not isinstance(given, bool)
    place = f"row {row}, errand {given}" if named else f"row {row}"
    top = _Part(place=place, above="", held=value, faults=faults)
    number = top.whole("id")
    versions = {code: part for code in LANGUAGES if (part := _version(top, code))}
    for code, part in versions.items():
        if number and part.whole("id") not in (0, number):
            top.wrong(f"{code}.id", f"is another than {number}")
    if not versions:
        top.wrong("words", f"are in none of {', '.join(LANGUAGES)}")
        return None
    words = {code: _words(part) for code, part in versions.items()}
    return Errand(
        id=number,
        service=_agreed(top, "service_id", {c: p.whole("service_id") for c, p in versions.items()}),
        type=_agreed(top, "type", {c: p.code("type", TYPES) for c, p in versions.items()}),
        words=Spoken(fi=words.get("fi"), sv=words.get("sv"), en=words.get("en")),
        target_groups=_agreed(
            top,
            "target_groups",
            {c: p.codes("target_groups", TARGET_GROUPS) for c, p in versions.items()},
        ),
        life_events=_agreed(
            top,
            "life_events",
            {c: p.codes("life_events", LIFE_EVENTS) for c, p in versions.items()},
        ),
        channels=_channels(top, versions),
    )


def _version(top: _Part, language: str) -> _Part | None:
    """Return an errand as it is told in a language; an empty list says that it is not."""
    value = top.held.get(language)
    if isinstance(value, dict):
        above = f"{top.above}{language}."
        return _Part(place=top.place, above=above, held=value, faults=top.faults)
    if language not in top.held:
        top.wrong(language, "is missing: an empty list says that there is no such version")
    elif value != []:
        top.wrong(language, "is neither an object nor an empty list")
    return None


def _words(part: _Part) -> Words:
    before = len(part.faults.found)
    name = " ".join(line for line in part.lines("name") if line)
    if not name and len(part.faults.found) == before:
        part.wrong("name", "is empty" if "name" in part.held else "is missing")
    kept = [line for line in part.lines("description") if not _REACHES_SOMEBODY.search(line)]
    return Words(name=name, description="\n".join(line for line in kept if line))


def _agreed(top: _Part, name: str, told: Mapping[str, Any]) -> Any:
    """Return what every language tells; where they differ, nobody could say which one holds."""
    (first, value), *others = told.items()
    for code, other in others:
        if other != value:
            top.wrong(f"{code}.{name}", f"is another than {first}.{name}")
    return value


def _channels(top: _Part, versions: Mapping[str, _Part]) -> tuple[Channel, ...]:
    """Return every channel once; some are told in one language and not in another."""
    types: dict[int, str] = {}
    spoken: dict[int, list[str]] = {}
    for code, version in versions.items():
        for part in version.parts("channels"):
            number, kind = part.whole("id"), part.code("type", CHANNELS)
            if types.setdefault(number, kind) != kind and number:
                top.wrong(f"{code}.channels", f"gives channel {number} another type")
            spoken.setdefault(number, []).append(code)
    return tuple(
        Channel(id=number, type=types[number], languages=tuple(spoken[number]))
        for number in sorted(types)
    )


def fetch(file: Path) -> bytes:
    """Return what stands in a file, or raise FileError."""
    try:
        return file.read_bytes()
    except OSError as error:
        words = error.strerror or "cannot be read"
        raise FileError(f"{file.name}: {words}; nothing was imported") from None
