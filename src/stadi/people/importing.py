"""Reads a residents' file, CSV or JSON Lines, into batches; any fault refuses it whole."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from stadi.kit.errors import StadiError
from stadi.people.domain import Batch
from stadi.people.registers import (
    IDENTITY,
    MISSING,
    REGISTERS,
    Fault,
    Field,
    Register,
    day,
    every,
    impossible,
    one_of,
    typed,
)

SAYS: Final = ("is", "ends", "never_was")
_ROWS_AT_ONCE: Final = 20_000
_SHOWN: Final = 20  # faults told at once
_CENTURIES: Final = {"+": 1800, **dict.fromkeys("-UVWXY", 1900), **dict.fromkeys("ABCDEF", 2000)}
_CHECK: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_INVENTED: Final = range(900, 1000)

_KINDS: Final = {r.name: r for r in (IDENTITY, *REGISTERS.values())}
_FIELDS: Final = {name: f for r in _KINDS.values() for name, f in r.fields.items()}
_ABOUT: Final = {
    "register": Field(parse=one_of(*_KINDS), type=pa.string(), required=True),
    "says": Field(parse=one_of(*SAYS), type=pa.string()),
    "true_since": Field(parse=day, type=pa.date32()),
    "true_until": Field(parse=day, type=pa.date32()),
}
_COLUMNS: Final = {**_ABOUT, **{n: f for n, f in _FIELDS.items() if n != "persona"}}


class FileError(StadiError):
    """A residents' file was refused, and nothing of it was loaded."""


@dataclass(slots=True, kw_only=True)
class _Faults:
    """What is wrong, by row of the file; more than can be shown are only counted."""

    file: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: int, words: str) -> None:
        self.found.append((row, words))

    def raise_any(self) -> None:
        if not self.found:
            return
        ordered = sorted(set(self.found))
        told = [f"row {row}, {words}" for row, words in ordered[:_SHOWN]]
        more = [f"and {len(ordered) - _SHOWN} more"] if len(ordered) > _SHOWN else []
        raise FileError(f"{self.file}: {'; '.join(told + more)}; nothing was loaded")


def read(file: Path, *, real_codes: bool) -> list[Batch]:
    """Return the file's rows by register, or raise FileError that names rows and fields.

    Identity codes outside 900-999 may be living people's: they are read only where `real_codes`
    says that the installation holds such.
    """
    faults, codes = _Faults(file=file.name), _codes(real=real_codes)
    parts: dict[str, list[pa.Table]] = {}
    for rows in _chunks(file, faults):
        for register, part in _by_register(rows, faults):
            parts.setdefault(register.table, []).append(_typed(register, part, faults, codes))
    faults.raise_any()
    if not parts:
        raise FileError(f"{file.name}: holds no rows; nothing was loaded")
    return [_batch(table, chunks, file.name) for table, chunks in parts.items()]


def _batch(table: str, chunks: list[pa.Table], file: str) -> Batch:
    whole = pa.concat_tables(chunks)
    lines = whole["row"].combine_chunks()
    return Batch(table=table, rows=whole.drop_columns(["row"]), lines=lines, file=file)


def _chunks(file: Path, faults: _Faults) -> Iterator[pa.Table]:
    readers = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl}
    if file.suffix.lower() not in readers:
        raise FileError(f"{file.name}: ends in none of {', '.join(readers)}, so it cannot be read")
    try:
        yield from readers[file.suffix.lower()](file, faults)
    except OSError as error:
        raise FileError(f"{file.name}: {error.strerror or 'cannot be read'}") from None


def _csv(file: Path, faults: _Faults) -> Iterator[pa.Table]:
    def ragged(row: Any) -> str:
        words = f"has {row.actual_columns} columns where the header has {row.expected_columns}"
        faults.add(row.number, words)
        return "skip"

    parse = csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=ragged)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(_COLUMNS, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    # Rows have numbers only where one thread reads them.
    options = csv.ReadOptions(use_threads=False)
    begins = 2  # the header is row 1
    try:
        with csv.open_csv(file, options, parse, convert) as reader:
            _check_header(file.name, reader.schema.names)
            for chunk in reader:
                numbers = range(begins, begins + chunk.num_rows)
                begins += chunk.num_rows
                rows = pa.Table.from_batches([chunk])
                yield rows.append_column("row", pa.array(numbers, pa.int64()))
                # A row that was left out would put every later number wrong.
                faults.raise_any()
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        faults.raise_any()
        raise FileError(_unreadable(file, error)) from None


def _unreadable(file: Path, error: ValueError) -> str:
    """Return why Arrow could not read a file; its own words may hold what stands in the file."""
    if not file.stat().st_size:
        return f"{file.name}: is empty; nothing was loaded"
    with file.open("rb") as lines:
        for row, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as wrong:
                spot = f"row {row}, byte {wrong.start + 1}"
                return f"{file.name}: {spot} is not UTF-8; nothing was loaded"
    words = (
        "a quote that is not closed, or a row too long" if "straddl" in str(error) else "not CSV"
    )
    return f"{file.name}: cannot be read ({words}); nothing was loaded"


def _check_header(file: str, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FileError(f"{file}: row 1, the column {twice[0]} stands twice; nothing was loaded")
    if missing := [name for name in ("register", "subject") if name not in names]:
        words = f"no column is called {missing[0]}: columns are parted by commas"
        raise FileError(f"{file}: row 1, {words}; nothing was loaded")
    if strange := [place for place, name in enumerate(names, start=1) if name not in _COLUMNS]:
        words = f"column {strange[0]} is none of {', '.join(_COLUMNS)}"
        raise FileError(f"{file}: row 1, {words}; nothing was loaded")


class _Number(str):
    """A JSON number as it was written: no float rounds it, and no text passes for one."""

    __slots__ = ()


def _jsonl(file: Path, faults: _Faults) -> Iterator[pa.Table]:
    kept: list[Mapping[str, str | None]] = []
    with file.open("rb") as lines:
        for row, line in enumerate(lines, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf") if row == 1 else line
            if text.strip() and (cells := _object(text, row, faults)) is not None:
                kept.append({**cells, "row": str(row)})
            if len(kept) == _ROWS_AT_ONCE:
                yield _table(kept)
                kept = []
    if kept:
        yield _table(kept)


def _table(rows: list[Mapping[str, str | None]]) -> pa.Table:
    columns = {name: pa.array([r.get(name) for r in rows], pa.string()) for name in _COLUMNS}
    return pa.table({**columns, "row": pa.array([int(r["row"] or 0) for r in rows], pa.int64())})


def _object(line: bytes, row: int, faults: _Faults) -> dict[str, str | None] | None:
    try:
        pairs = json.loads(
            line.decode(),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
            object_pairs_hook=lambda pairs: pairs,
        )
    except UnicodeDecodeError as wrong:
        faults.add(row, f"byte {wrong.start + 1} is not UTF-8")
        return None
    except (ValueError, RecursionError):
        faults.add(row, "is not JSON: each line holds one whole object")
        return None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        faults.add(row, "is not a JSON object")
        return None
    if len({name for name, _ in pairs}) < len(pairs):
        faults.add(row, "names a field twice")
    cells = {}
    for name, value in pairs:
        if name not in _COLUMNS:
            faults.add(row, f"has a field that is none of {', '.join(_COLUMNS)}")
            continue
        try:
            cells[name] = _cell(_COLUMNS[name], value)
        except ValueError as error:
            faults.add(row, f"{name} {error}")
    return cells


def _cell(kind: Field, value: Any) -> str | None:
    """Return a JSON value as text, where it is of the kind that the field holds."""
    if value is None:
        return None
    if pa.types.is_list(kind.type):
        if not isinstance(value, list) or not all(
            v is None or isinstance(v, _Number) for v in value
        ):
            raise ValueError("is not a list of numbers and nulls")
        return ";".join(v or "" for v in value)
    if pa.types.is_boolean(kind.type):
        if not isinstance(value, bool):
            raise ValueError("is neither true nor false")
        return str(value)
    number = pa.types.is_integer(kind.type)
    if not isinstance(value, str) or isinstance(value, _Number) != number:
        raise ValueError("is not a number" if number else "is not a text")
    return str(value)


def _by_register(rows: pa.Table, faults: _Faults) -> Iterator[tuple[Register, pa.Table]]:
    kinds = typed("register", _ABOUT["register"], rows["register"])
    for fault in kinds.faults:
        faults.add(rows["row"][fault.index].as_py(), f"{fault.field} {fault.reason}")
    for name in kinds.column.unique().to_pylist():
        if name is not None:
            yield _KINDS[name], rows.filter(pc.equal(kinds.column, name))


def _typed(register: Register, rows: pa.Table, faults: _Faults, codes: Field) -> pa.Table:
    """Return the rows with the register's own types and ranges; what is wrong goes to `faults`."""
    count, given = len(rows), rows.column_names
    numbers = rows["row"].to_pylist()
    nothing = pa.chunked_array([pa.nulls(count, pa.string())])
    fields = {name: f for name, f in register.fields.items() if name != "persona"}
    if register is IDENTITY:
        fields["identity_code"] = codes
    columns, told = {}, []
    for name, kind in {**_ABOUT, **fields}.items():
        found = typed(name, kind, rows[name] if name in given else nothing)
        columns[name] = found.column
        told += found.faults
    for name in set(given) - set(columns) - {"row"}:
        told += every(rows[name].is_valid(), name, f"is no field of {register.name}")
    gone = pc.is_in(columns["says"], pa.array(SAYS[1:]))
    always = {*_ABOUT, *register.key}
    told = [
        f for f in told if f.field in always or f.reason != MISSING or not gone[f.index].as_py()
    ]
    told += _shape(register, columns, gone)
    for fault in told:
        faults.add(numbers[fault.index], f"{register.name}.{fault.field} {fault.reason}")
    kept = {name: columns[name] for name in fields}
    if register is not IDENTITY:
        kept |= {name: columns[name] for name in ("true_since", "true_until")} | {"gone": gone}
    return pa.table({**kept, "row": rows["row"].combine_chunks()})


def _shape(register: Register, columns: Mapping[str, Any], gone: pa.Array) -> list[Fault]:
    """Return what a row may not say, or leaves out, of when it is true."""
    since, until = columns["true_since"], columns["true_until"]
    if register is IDENTITY:
        return [
            *every(gone, "says", "cannot end: who somebody is called has no history"),
            *every(since.is_valid(), "true_since", "is no field of identity"),
            *every(until.is_valid(), "true_until", "is no field of identity"),
        ]
    ends = pc.equal(columns["says"], "ends").fill_null(False)
    never = pc.equal(columns["says"], "never_was").fill_null(False)
    faults = [
        *every(pc.and_(since.is_null(), pc.invert(never)), "true_since", MISSING),
        *every(pc.and_(until.is_valid(), ends), "true_until", "is empty where a fact ends"),
        *every(pc.less_equal(until, since), "true_until", "is not after true_since"),
    ]
    for name in register.values:
        words = "is empty where a fact ends or never was"
        faults += every(pc.and_(gone, columns[name].is_valid()), name, words)
    return faults + impossible(register, columns)


def _codes(*, real: bool) -> Field:
    """Return the field of identity codes: which are accepted depends on the installation."""

    def parse(text: str) -> str:
        parts = re.fullmatch(
            r"([0-9]{2})([0-9]{2})([0-9]{2})([-+A-FU-Y])([0-9]{3})([0-9A-Y])", text
        )
        if parts is None:
            raise ValueError("is not a personal identity code")
        dd, mm, yy, mark, serial, check = parts.groups()
        day(f"{_CENTURIES[mark] + int(yy)}-{mm}-{dd}")
        if _CHECK[int(dd + mm + yy + serial) % 31] != check:
            raise ValueError("has a check character that does not fit")
        if int(serial) not in _INVENTED and not real:
            raise ValueError("may be a living person's: only 900-999 are invented")
        return text

    return Field(parse=parse, type=pa.string())
