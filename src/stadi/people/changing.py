"""Revises the timelines of a few keys row by row: what one resident's change needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from stadi.people.domain import Batch, as_text
from stadi.people.merging import ONE_CHILD, LoadError, circle, errors
from stadi.people.registers import ENDLESS, MISSING, Register
from stadi.people.timeline import Span, revise

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A row as it is known now, and since when."""

    span: Span
    since: datetime


def lock(cursor: Any, register: Register, subject: int) -> None:
    """Wait for loads of the register, and for whoever else changes this subject."""
    cursor.execute(
        f"lock table {register.table} in row exclusive mode; select pg_advisory_xact_lock(%s)",
        [subject],
    )


def known(cursor: Any, register: Register, match: Mapping[str, object]) -> dict[Key, list[Known]]:
    """Return what is known now of each key that matches, in the order of its days."""
    where = " and ".join(f"{name} = %s" for name in match)
    cursor.execute(
        f"select known_since, source, true_since, nullif(true_until, 'infinity'),"
        f" {', '.join((*register.key, *register.values))} from {register.table}"
        f" where {where} and known_until = 'infinity'"
        f" order by {', '.join(register.key)}, true_since",
        list(match.values()),
    )
    width = len(register.key)
    rows = groupby(cursor.fetchall(), key=lambda row: tuple(row[4 : 4 + width]))
    return {key: [_known(row, width) for row in group] for key, group in rows}


def _known(row: tuple[Any, ...], width: int) -> Known:
    since, source, true_since, true_until, *fields = row
    values = tuple(tuple(v) if isinstance(v, list) else v for v in fields[width:])
    span = Span(since=true_since, until=true_until or ENDLESS, values=values, source=source)
    return Known(span=span, since=since)


def told(register: Register, values: Mapping[str, object]) -> dict[str, object]:
    """Return values as the register's own types, or say which field is wrong and why."""
    if strange := sorted(set(values) - set(register.fields)):
        fields = ", ".join(register.fields)
        raise LoadError(f"{register.table}: no field is called {strange[0]}; it has {fields}")
    return {name: _told(register, name, value) for name, value in values.items()}


def _told(register: Register, name: str, value: object) -> object:
    field, text = register.fields[name], as_text(value)
    if text is None and field.required:
        raise LoadError(f"{register.table}: {name} {MISSING}; nothing was changed")
    try:
        parsed = None if text is None else field.parse(text)
    except ValueError as error:
        raise LoadError(f"{register.table}: {name} {error}; nothing was changed") from None
    return tuple(parsed) if isinstance(parsed, list) else parsed


def filled(
    register: Register, named: Mapping[str, object], now: Iterable[Known], day: date
) -> tuple[object, ...]:
    """Return a whole row: what is not named stays as it is known of that day."""
    held = next((k.span.values for k in now if k.span.since <= day < k.span.until), None)
    before = dict(zip(register.values, held or (), strict=False))
    rest = {n: before.get(n) for n in register.values if n not in named}
    row = {**named, **told(register, rest)}
    return tuple(row[name] for name in register.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Writes into one register what is known from one moment on."""

    cursor: Any
    register: Register
    at: datetime

    def write(self, key: Key, now: Iterable[Known], news: Span) -> bool:
        """Revise one key's timeline and return whether anything changed."""
        before = {row.span: row for row in now}
        after = revise(list(before), news)
        stale = [row for span, row in before.items() if span not in after]
        fresh = [span for span in after if span not in before]
        with errors(Batch.of(self.register.table, (), ())):
            for row in stale:
                self._close(key, row)
            if fresh:
                self._add(key, fresh)
        if fresh and self.register.table == "people_guardianship":
            self._refuse_a_circle(int(str(key[0])))
        return bool(stale or fresh)

    def _close(self, key: Key, row: Known) -> None:
        table, names = self.register.table, (*self.register.key, "true_since", "known_since")
        if row.since > self.at:
            message = f"{table}: more is known of subject {key[0]} from a later time than this"
            raise LoadError(message)
        where = " and ".join(f"{name} = %s" for name in names)
        spot = [*key, row.span.since, row.since]
        if row.since == self.at:  # what was known for no time at all was never known
            self.cursor.execute(f"delete from {table} where {where}", spot)
        else:
            words = f"update {table} set known_until = %s where {where}"
            self.cursor.execute(words, [self.at, *spot])

    def _add(self, key: Key, spans: Sequence[Span]) -> None:
        held = self.register
        columns = (*held.key, *held.values, "true_since", "true_until", "source", "known_since")
        rows: list[object] = []
        for span in spans:
            values = [list(v) if isinstance(v, tuple) else v for v in span.values or ()]
            until = "infinity" if span.until == ENDLESS else str(span.until)
            rows += [*key, *values, span.since, until, span.source, self.at]
        marks = f"({', '.join(['%s'] * len(columns))}, 'infinity')"
        self.cursor.execute(
            f"insert into {held.table} ({', '.join(columns)}, known_until)"
            f" values {', '.join([marks] * len(spans))}",
            rows,
        )

    def _refuse_a_circle(self, child: int) -> None:
        if circle(self.cursor, ONE_CHILD, child):
            words = "guardian is, step by step, guarded by the subject; nothing was changed"
            raise LoadError(f"{self.register.table}: {words}")
