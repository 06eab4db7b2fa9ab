"""Writes rows into a register: straight into an empty one, else as timelines; errors name a row."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from django.db import DatabaseError
from numpy.typing import NDArray

from stadi.kit.errors import StadiError
from stadi.people.copying import constant, copy, fill, is_new, set_defaults
from stadi.people.domain import Batch
from stadi.people.registers import REGISTERS, Fault, Register, impossible, typed

RANGES = ("true_since", "true_until", "known_since", "known_until", "source")
_SHOWN = 20  # faults told at once


# Days on which anything begins or ends cut a key's time into spans; each span says what was told
# of it, else what was known; touching spans that say the same are one.
TIMELINE = """
create temp table timeline on commit drop as
with known as (select r.* from {table} r join (select distinct {key} from changes) k using ({key})
    where r.known_until = 'infinity'),
  edges as (select {key}, true_since as since from known union select {key}, true_until from known
    union select {key}, true_since from changes union select {key}, true_until from changes),
  spans as (select *, lead(since) over (partition by {key} order by since) as until from edges),
  said as (select {p_key}, p.since, p.until, {values_said} s.gone is not null as told, r.source
    from spans p
    left join changes s on {p_is_s} and s.true_since <= p.since and p.until <= s.true_until
    left join known r on {p_is_r} and r.true_since <= p.since and p.until <= r.true_until
    where p.until is not null
      and case when s.gone is null then r.source is not null else not s.gone end),
  starts as (select *, coalesce(lag(until) over w <> since, true)
      or row({values}) is distinct from lag(row({values})) over w as begins
    from said window w as (partition by {key} order by since)),
  islands as (select *, sum(begins::int) over (partition by {key} order by since) as island
    from starts)
select {key}, {values_first} min(since) as true_since, max(until) as true_until,
  case when bool_or(told) then %(source)s else min(source) end as source
from islands group by {key}, {values_first} island"""
CHANGES = """
create temp table changes on commit drop as
select s.* from stage s where case when s.gone then
  exists (select 1 from {table} r where {s_is_r} and r.known_until = 'infinity'
    and r.true_since < s.true_until and s.true_since < r.true_until)
  else not exists (select 1 from {table} r where {s_is_r} and r.known_until = 'infinity'
    and r.true_since <= s.true_since and s.true_until <= r.true_until
    and row({r_values}) is not distinct from row({s_values})) end"""
STALE = """
r.known_until = 'infinity' and ({r_key}) in (select {key} from changes)
and not exists (select 1 from timeline t where {r_is_t} and t.true_since = r.true_since
  and t.true_until = r.true_until and row({r_values}) is not distinct from row({t_values}))"""
INSERT = """
insert into {table} ({key}, {values_first} {ranges})
select {key}, {values_first} true_since, true_until, %(at)s, 'infinity', source from timeline t
where not exists (select 1 from {table} r where {r_is_t} and r.known_until = 'infinity'
  and r.true_since = t.true_since)"""
# Who guards whom, upwards from a child, over the days on which every step of the way is true.
CIRCLE = """
with recursive edge as not materialized (
    select subject, guardian, true_since, true_until from people_guardianship
    where known_until = 'infinity'),
  up as (
    select subject as child, guardian as first, guardian, true_since, true_until from edge
    where {scope} and guardian in (select subject from edge)
    union
    select up.child, up.first, edge.guardian, greatest(up.true_since, edge.true_since),
      least(up.true_until, edge.true_until)
    from up join edge on edge.subject = up.guardian and up.child <> up.guardian
      and edge.true_since < up.true_until and up.true_since < edge.true_until)
select child, first from up where child = guardian order by 1, 2 limit 1"""
EVERYONE = "true"
CHANGED = "subject in (select subject from changes)"
ONE_CHILD = "subject = %(child)s"


class LoadError(StadiError):
    """A register load was refused, and nothing of it was kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Merged:
    """What became of a batch's rows, and the subjects of those that changed anything."""

    new: int
    corrected: int
    unchanged: int
    subjects: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Since when rows without a day of their own are true, when they were told, and by whom."""

    since: date
    at: datetime
    source: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise LoadError("`at` has no time zone: nobody could say when that was")


def merge(cursor: Any, batch: Batch, told: Told) -> Merged:
    """Write a batch into its register, and say what became of its rows."""
    register = REGISTERS[batch.table]
    rows = _shaped(register, batch, told)
    scope = EVERYONE
    with errors(batch):
        cursor.execute(f"lock table {register.table} in share row exclusive mode")
        if not pc.any(rows["gone"]).as_py() and is_new(cursor, register.table, rows):
            ranges = {"known_since": told.at.isoformat(), "known_until": "infinity"}
            fill(
                cursor, register.table, rows.drop_columns("gone"), ranges | {"source": told.source}
            )
            merged = Merged(new=len(rows), corrected=0, unchanged=0, subjects=_subjects(rows))
        else:
            merged = _revise(cursor, batch, rows, told)
            scope = CHANGED
        if register.table == "people_guardianship":
            _refuse_circles(cursor, batch, scope)
        if scope == CHANGED:
            cursor.execute("drop table stage, changes, timeline")
    return merged


def _shaped(register: Register, batch: Batch, told: Told) -> pa.Table:
    """Return the batch with the register's own fields and types, and a range on each row."""
    given, count = set(batch.rows.column_names), len(batch.rows)
    if strange := sorted(given - {*register.fields, *RANGES[:2], "gone"}):
        raise LoadError(f"{batch.table}: no field is called {strange[0]}; nothing was loaded")
    nothing = pa.chunked_array([pa.nulls(count, pa.string())])
    gone = (batch.rows["gone"] if "gone" in given else nothing).cast(pa.bool_()).fill_null(False)
    columns, faults = {}, []
    for name, field in register.fields.items():
        read = typed(name, field, batch.rows[name] if name in given else nothing)
        columns[name] = read.column
        faults += [f for f in read.faults if name in register.key or not gone[f.index].as_py()]
    since, until = (
        (batch.rows[name] if name in given else nothing).cast(pa.date32()) for name in RANGES[:2]
    )
    begins = pc.if_else(gone, None, pa.scalar(told.since, pa.date32()))
    columns["true_since"] = pc.coalesce(since, begins)
    columns["true_until"] = until
    columns["gone"] = gone
    if faults := faults or impossible(register, columns):
        raise LoadError(refusal(batch, faults))
    columns["true_until"], faults = _followed(register, columns)
    if faults:
        raise LoadError(refusal(batch, faults))
    return pa.table(columns)


def _followed(register: Register, columns: Mapping[str, Any]) -> tuple[pa.Array, list[Fault]]:
    """Return when each row ends, and the rows that speak of days that another row speaks of.

    A row without an end holds until the next row of its key begins, where the batch has one.
    """
    since, until = (
        columns[name].cast(pa.int32()).fill_null(end).to_numpy().astype(np.int64)
        for name, end in (("true_since", -(2**31)), ("true_until", 2**31 - 1))
    )
    keys = [columns[name].dictionary_encode().indices.to_numpy() for name in register.key]
    order = np.lexsort((since, *reversed(keys)))
    this, after = order[:-1], order[1:]
    same = np.logical_and.reduce([key[this] == key[after] for key in keys])
    open_ = same & (until[this] == 2**31 - 1) & (since[this] < since[after])
    until[this[open_]] = since[after[open_]]
    backwards = np.flatnonzero(until <= since).tolist()
    twice = after[same & (until[this] > since[after])].tolist()
    faults = [
        Fault(index=i, field="true_until", reason="is not after true_since") for i in backwards
    ]
    faults += [
        Fault(index=i, field="subject", reason="stands twice for the same days") for i in twice
    ]
    if not open_.any():
        return columns["true_until"], faults
    ends = pa.array(until.astype(np.int32), mask=until == 2**31 - 1).cast(pa.date32())
    return ends, faults


def refusal(batch: Batch, faults: Sequence[Fault]) -> str:
    """Return the sentence that names each refused row and field, and never a value."""
    ordered = sorted(faults, key=lambda f: f.index)
    told = [f"row {line_of(batch, f.index)}, {f.field} {f.reason}" for f in ordered[:_SHOWN]]
    more = [f"and {len(ordered) - _SHOWN} more"] if len(ordered) > _SHOWN else []
    return f"{_where(batch)}: {'; '.join(told + more)}; nothing was loaded"


def _where(batch: Batch) -> str:
    return f"{batch.file}: {batch.table.removeprefix('people_')}" if batch.file else batch.table


def line_of(batch: Batch, index: int) -> int:
    """Return the number of a row, in its file where it came from one."""
    return index + 1 if batch.lines is None else int(batch.lines[index].as_py())


def _subjects(rows: pa.Table) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.unique(rows["subject"].to_numpy())
    return found


def _revise(cursor: Any, batch: Batch, rows: pa.Table, told: Told) -> Merged:
    """Set the rows into the timelines of their keys: close what changes, add what is known now."""
    register = REGISTERS[batch.table]
    table, given = register.table, {"at": told.at, "source": told.source}
    words = _words(register)
    columns = ", ".join([*register.fields, "true_since", "true_until"])
    cursor.execute(
        f"create temp table stage on commit drop as select {columns}, false as gone"
        f" from {table} limit 0"
    )
    common = constant(rows)
    set_defaults(cursor, "stage", common)
    copy(cursor, "stage", rows.drop_columns(list(common)))
    cursor.execute("analyze stage")
    cursor.execute(CHANGES.format(**words))
    cursor.execute("analyze changes")
    counts = _counts(cursor, words, len(rows))
    cursor.execute(TIMELINE.format(**words), given)
    cursor.execute("analyze timeline")
    stale = STALE.format(**words)
    cursor.execute(
        f"select subject from {table} r where {stale} and known_since > %(at)s limit 1", given
    )
    if later := cursor.fetchone():
        told_why = f"more is known of subject {later[0]} from a later time than this"
        raise LoadError(f"{table}: {told_why}; nothing was loaded")
    # What was known for no time at all was never known.
    cursor.execute(f"delete from {table} r where {stale} and known_since = %(at)s", given)
    cursor.execute(f"update {table} r set known_until = %(at)s where {stale}", given)
    cursor.execute(INSERT.format(**words), given)
    return counts


def _counts(cursor: Any, words: dict[str, str], rows: int) -> Merged:
    cursor.execute(
        "select count(*) filter (where not known), count(*) filter (where known),"
        " array_agg(distinct subject) from (select subject, exists (select 1 from {table} r"
        " where {s_is_r} and r.known_until = 'infinity') as known from changes s) one".format(
            **words
        )
    )
    new, corrected, subjects = cursor.fetchone()
    found = np.array(subjects or (), np.int64)
    return Merged(new=new, corrected=corrected, unchanged=rows - new - corrected, subjects=found)


def _words(register: Register) -> dict[str, str]:
    """Return what the statements above leave open, for one register."""
    key, values = register.key, register.values

    def equal(one: str, other: str) -> str:
        return " and ".join(f"{one}.{c} = {other}.{c}" for c in key)

    said = "".join(f"case when s.gone is null then r.{c} else s.{c} end as {c}, " for c in values)
    return {
        "table": register.table,
        "ranges": ", ".join(RANGES),
        "key": ", ".join(key),
        "p_key": ", ".join(f"p.{c}" for c in key),
        "r_key": ", ".join(f"r.{c}" for c in key),
        "values": ", ".join(values) or "0",
        "values_first": "".join(f"{c}, " for c in values),
        "values_said": said,
        **{f"{a}_values": ", ".join(f"{a}.{c}" for c in values) or "0" for a in "rst"},
        **{f"{a}_is_{b}": equal(a, b) for a, b in ("ps", "pr", "sr", "rt")},
    }


def circle(cursor: Any, scope: str, child: int = 0) -> tuple[int, int] | None:
    """Return a child who, step by step, guards one of their own guardians, and that guardian."""
    cursor.execute(CIRCLE.format(scope=scope), {"child": child})
    found: tuple[int, int] | None = cursor.fetchone()
    return found


def _refuse_circles(cursor: Any, batch: Batch, scope: str) -> None:
    if found := circle(cursor, scope):
        subject, guardian = (
            batch.rows[c].cast(pa.int64()).to_numpy() for c in ("subject", "guardian")
        )
        spot = np.flatnonzero((subject == found[0]) & (guardian == found[1]))
        reason = "is, step by step, guarded by the subject"
        fault = Fault(index=int(spot[0]) if len(spot) else 0, field="guardian", reason=reason)
        raise LoadError(refusal(batch, [fault]))


@contextmanager
def errors(batch: Batch) -> Iterator[None]:
    """Turn what the database refuses into a LoadError that names where it stood."""
    try:
        yield
    except psycopg.Error as error:
        raise LoadError(_told(batch, error)) from None
    except DatabaseError as error:
        raise LoadError(_told(batch, error.__cause__)) from None


def _told(batch: Batch, error: BaseException | None) -> str:
    """Return where a row was refused and by which rule; never the value, which is personal."""
    about = getattr(error, "diag", None)
    spot = re.search(r"line (\d+)(?:, column (\w+))?", getattr(about, "context", None) or "")
    field = (spot and spot[2]) or getattr(about, "column_name", None)
    rule = getattr(about, "constraint_name", None) or type(error).__name__
    row = f" row {line_of(batch, int(spot[1]) - 1)}" if spot else ""
    named = f" field {field}" if field else ""
    return f"{_where(batch)}:{row}{named} was refused ({rule}); nothing was loaded"
