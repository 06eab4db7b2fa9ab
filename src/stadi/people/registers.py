"""What each register holds: its key, its fields, and how a text becomes a value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# a row that is true today, as far as is known now; `a` is what a query calls its register
NOW: Final = (
    "{a}.known_until = 'infinity' and {a}.true_since <= %(today)s and %(today)s < {a}.true_until"
)
ENDLESS: Final = date.max  # stands for the database's `infinity`
ALWAYS: Final = date.min
MONTHS: Final = 12
MISSING: Final = "is missing"
_BIGINT, _INT, _SMALLINT = 2**63, 2**31, 2**15
_YEARS: Final = (1800, 2200)  # a year outside is a slip of the pen
_LONGEST_TEXT: Final = 200
# What HTML takes for an address of e-mail, in the lengths of RFC 5321.
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,189}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
)


def _whole(text: str, size: int = _BIGINT, least: int | None = None) -> int:
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        message = "is not a whole number" if len(text) < 19 else "is too large a number"  # noqa: PLR2004 - digits of a bigint
        raise ValueError(message)
    number = int(text)
    if not (-size if least is None else least) <= number < size:
        raise ValueError("is too small or too large a number")
    return number


def _number(text: str) -> int:
    return _whole(text, least=1)


def _integer(text: str) -> int:
    return _whole(text, _INT)


def _cents(text: str) -> int:
    return _whole(text, _INT, least=0)


def _year(text: str) -> int:
    year = _whole(text, _INT)
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise ValueError(f"is no year from {_YEARS[0]} to {_YEARS[1]}")
    return year


def _sex(text: str) -> int:
    if text not in ("0", "1", "2", "9"):  # ISO/IEC 5218
        raise ValueError("is not one of 0, 1, 2, 9 (ISO/IEC 5218)")
    return int(text)


def day(text: str) -> date:
    """Return the date that a text such as 2027-01-15 means; a time of day is refused."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is not a date such as 2027-01-15")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValueError("is a day that no calendar has") from None
    _year(str(found.year))
    return found


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text.lower() == "true"


def _text(text: str) -> str:
    if not text:
        raise ValueError("is empty: leave it out where it is missing")
    if text != text.strip() or not text.isprintable():
        raise ValueError("has spaces around it or characters that cannot be seen")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"is longer than {_LONGEST_TEXT} characters")
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("is no address of e-mail such as name@example.org")
    return text


def _diagnosis(text: str) -> str:
    if not re.fullmatch(r"[A-Z][0-9]{2}(\.[0-9A-Z]{1,3})?", text):
        raise ValueError("is no code of ICD-10 such as I10")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a reader of texts that are one of these."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is not one of {', '.join(allowed)}")
        return text

    return parse


def _twelve(text: str) -> list[int | None]:
    months = text.split(";")
    if len(months) != MONTHS:
        raise ValueError(f"has not {MONTHS} months, with ; between them")
    return [_integer(month) if month else None for month in months]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How a field is read from text, how Arrow holds it, and whether it may be missing."""

    parse: Callable[[str], Any]
    type: pa.DataType
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A table of facts: which fields tell its rows apart, and which it holds."""

    table: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ("subject",)

    @property
    def name(self) -> str:
        """Return what a file calls it."""
        return self.table.removeprefix("people_")

    @property
    def values(self) -> tuple[str, ...]:
        """Return the fields that are not of the key."""
        return tuple(name for name in self.fields if name not in self.key)


SUBJECT: Final = Field(parse=_number, type=pa.int64(), required=True)
_UNIT = Field(parse=_number, type=pa.int64())
_METRES = Field(parse=_integer, type=pa.int32())
_WORD = Field(parse=_text, type=pa.string())
_NEEDED_WORD = Field(parse=_text, type=pa.string(), required=True)
_THE_YEAR = Field(parse=_year, type=pa.int32(), required=True)
_YES_OR_NO = Field(parse=_truth, type=pa.bool_())


def _of(table: str, *key: str, **fields: Field) -> Register:
    return Register(table=table, fields={"subject": SUBJECT, **fields}, key=("subject", *key))


REGISTERS: Final = {
    r.table: r
    for r in (
        _of(
            "people_person",
            birth_date=Field(parse=day, type=pa.date32()),
            sex=Field(parse=_sex, type=pa.int16(), required=True),
        ),
        _of(
            "people_residence",
            household=SUBJECT,
            municipality=_WORD,
            area=_NEEDED_WORD,
            home_x=_METRES,
            home_y=_METRES,
            tenure=Field(parse=one_of("owned", "rented", "right_of_occupancy"), type=pa.string()),
        ),
        _of(
            "people_contact",
            language=_WORD,
            safety_ban=Field(parse=_truth, type=pa.bool_(), required=True),
        ),
        _of(
            "people_care",
            form=Field(
                parse=one_of("municipal", "private", "home"), type=pa.string(), required=True
            ),
            unit=_UNIT,
            support=_YES_OR_NO,
        ),
        _of("people_placement", "term", term=_THE_YEAR, unit=SUBJECT),
        _of("people_guardianship", "guardian", guardian=SUBJECT),
        _of(
            "people_income",
            "year",
            year=_THE_YEAR,
            cents=Field(parse=_twelve, type=pa.list_(pa.int32()), required=True),
        ),
        _of(
            "people_diagnosis",
            "code",
            code=Field(parse=_diagnosis, type=pa.string(), required=True),
        ),
        _of(
            "people_measurement",
            "kind",
            kind=Field(parse=one_of("blood_pressure"), type=pa.string(), required=True),
            taken_on=Field(parse=day, type=pa.date32(), required=True),
        ),
        _of("people_clinician", clinician=SUBJECT),
        _of(
            "people_education",
            left_on=Field(parse=day, type=pa.date32()),
            study_place=_YES_OR_NO,
        ),
        _of("people_tenancy", rent_cents=Field(parse=_cents, type=pa.int32())),
    )
}
VIEWS: Final = ("people_household", "people_income_month")  # made of registers; read, never loaded
IDENTITY: Final = _of(
    "people_identity",
    given_name=_NEEDED_WORD,
    family_name=_NEEDED_WORD,
    identity_code=_WORD,
    persona=Field(parse=str, type=pa.string()),
    email=Field(parse=_email, type=pa.string()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A cell that was refused: its place in the rows, and why; never what stood in it."""

    index: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A column with the register's own type, and the faults found on the way."""

    column: pa.Array
    faults: list[Fault] = field(default_factory=list)


def typed(name: str, kind: Field, column: pa.ChunkedArray) -> Typed:
    """Return a column as the field's type: texts are parsed, values of the type stay."""
    faults = []
    if kind.required and column.null_count:
        missing = np.flatnonzero(column.is_null().to_numpy())
        faults = [Fault(index=int(i), field=name, reason=MISSING) for i in missing]
    if not pa.types.is_string(column.type):
        return Typed(column=column.combine_chunks().cast(kind.type), faults=faults)
    # Each different text is parsed once: registers say the same few things of many people.
    coded = column.combine_chunks().dictionary_encode()
    values, wrong = _parsed(kind, coded.dictionary.to_pylist())
    if wrong:
        for i in np.flatnonzero(np.isin(coded.indices.fill_null(-1).to_numpy(), list(wrong))):
            reason = wrong[coded.indices[int(i)].as_py()]
            faults.append(Fault(index=int(i), field=name, reason=reason))
    return Typed(column=pa.array(values, kind.type).take(coded.indices), faults=faults)


def _parsed(kind: Field, texts: list[str]) -> tuple[list[Any], dict[int, str]]:
    values, wrong = [], {}
    for place, text in enumerate(texts):
        try:
            values.append(kind.parse(text))
        except ValueError as error:
            values.append(None)
            wrong[place] = str(error)
    return values, wrong


def every(mask: Any, name: str, reason: str) -> list[Fault]:
    """Return a fault of this field for every row where the mask is true."""
    spots = np.flatnonzero(mask.fill_null(False).to_numpy(zero_copy_only=False))
    return [Fault(index=int(i), field=name, reason=reason) for i in spots]


def impossible(register: Register, columns: Mapping[str, Any]) -> list[Fault]:
    """Return the rows that the table refuses though each of their fields could be."""
    if register.table == "people_residence":
        half = pc.xor(columns["home_x"].is_valid(), columns["home_y"].is_valid())
        return every(half, "home_x", "and home_y are given both or neither")
    if register.table == "people_guardianship":
        own = pc.equal(columns["subject"], columns["guardian"])
        return every(own, "guardian", "is the subject: nobody is their own guardian")
    return []
