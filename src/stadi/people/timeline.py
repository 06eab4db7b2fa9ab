"""What a register says of one key over time, and what becomes of it when something new is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from stadi.people.registers import ENDLESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Values true in [since, until); a told span without values says that nothing is true."""

    since: date
    until: date = ENDLESS
    values: tuple[object, ...] | None
    source: str


def revise(known: Sequence[Span], told: Span) -> list[Span]:
    """Return the timeline after `told`: its own days say what it says, all others stay.

    Spans that touch and say the same are one, so telling what is known already changes nothing.
    """
    pieces = [*(piece for span in known for piece in _without(span, told)), told]
    rest = sorted((p for p in pieces if p.values is not None), key=lambda p: p.since)
    made = list(_joined(rest, told.source))
    before = {(s.since, s.until, s.values): s for s in known}
    return [before.get((s.since, s.until, s.values), s) for s in made]


def _without(span: Span, told: Span) -> Iterable[Span]:
    if span.since < told.since:
        yield replace(span, until=min(span.until, told.since))
    if span.until > told.until:
        yield replace(span, since=max(span.since, told.until))


def _joined(spans: Sequence[Span], source: str) -> Iterable[Span]:
    if not spans:
        return
    open_ = spans[0]
    for _, span in pairwise(spans):
        if span.since == open_.until and span.values == open_.values:
            open_ = replace(open_, until=span.until, source=source)
        else:
            yield open_
            open_ = span
    yield open_
