"""Charts as SVG: pure functions from numbers and words to markup that needs no script.

A row takes the whole width at hand and its words keep their size, so a chart reads alike on a
phone and on paper. Every bar carries its words: colour tells nothing that they do not.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

ROW, BAR, BASE = 54, 16, 22  # the height of a row and of its bar, and where its words stand
TOP = BASE + 8
FEWEST = 0.4  # per cent: what is there can be seen
# what may stand in XML at all
UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Svg(str):
    """Markup that a page may show as it is: every word in it was made harmless."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return it unchanged: a template need not make it harmless again."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a chart is called, what it says in a sentence, and the key that its ids begin with."""

    key: str
    title: str
    desc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row: its name, its value, and the words for the value."""

    label: str
    value: float
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A row of which only the least and the most are told, in per cent; None is hidden."""

    label: str
    told: tuple[float, float] | None
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A row of five values: a tenth, a quarter, half, three quarters and nine tenths lie below."""

    label: str
    values: tuple[float, float, float, float, float] | None
    shown: str


def bars(words: Words, rows: Sequence[Bar]) -> Svg:
    """Return bars from a common line, the longest across the whole width."""
    return _chart(words, [_bar(row, 0, _share(row, rows)) for row in rows])


def funnel(words: Words, rows: Sequence[Bar]) -> Svg:
    """Return bars about a common middle: each holds some of those of the bar above."""
    wide = [_share(row, rows) for row in rows]
    return _chart(words, [_bar(r, (100 - w) / 2, w) for r, w in zip(rows, wide, strict=True)])


def ranges(words: Words, rows: Sequence[Between]) -> Svg:
    """Return, on a track of nought to a hundred per cent, where each value lies."""
    return _chart(words, [_range(row) for row in rows])


def boxes(words: Words, rows: Sequence[Box]) -> Svg:
    """Return a line from the first value to the last, a box about the middle ones and a tick."""
    longest = max((row.values[-1] for row in rows if row.values), default=0) or 1
    return _chart(words, [_box(row, longest) for row in rows])


def _chart(words: Words, rows: Sequence[str]) -> Svg:
    drawn = "".join(
        f'<g transform="translate(0 {ROW * i})">{row}</g>' for i, row in enumerate(rows)
    )
    key = html.escape(words.key)
    return Svg(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="100%"'
        f' height="{len(rows) * ROW}" aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{_text(words.title)}</title>'
        f'<desc id="{key}-desc">{_text(words.desc)}</desc>{drawn}</svg>'
    )


def _text(words: str) -> str:
    return html.escape(UNFIT.sub("\N{REPLACEMENT CHARACTER}", words))


def _labels(label: str, shown: str) -> str:
    return (
        f'<text y="{BASE}">{_text(label)}</text>'
        f'<text class="value" x="100%" y="{BASE}" text-anchor="end">{_text(shown)}</text>'
    )


def _share(row: Bar, rows: Sequence[Bar]) -> float:
    """Return how long a bar is, in per cent of the longest."""
    return max(100 * row.value / max(r.value for r in rows), FEWEST) if row.value else 0


def _bar(row: Bar, start: float, wide: float) -> str:
    return f"{_labels(row.label, row.shown)}{_rect('all', 0, 100)}{_rect('part', start, wide)}"


def _range(row: Between) -> str:
    if row.told is None:
        return _labels(row.label, row.shown) + _rect("unknown", 0, 100)
    low, high = row.told
    told = _rect("part", low, max(high - low, FEWEST))
    return f"{_labels(row.label, row.shown)}{_rect('all', 0, 100)}{told}"


def _box(row: Box, longest: float) -> str:
    if row.values is None:
        return _labels(row.label, row.shown)
    first, low, middle, high, last = (100 * value / longest for value in row.values)
    y = TOP + BAR / 2
    return (
        f"{_labels(row.label, row.shown)}{_rect('all', 0, 100)}"
        f'<line class="reach" x1="{first:.2f}%" x2="{last:.2f}%" y1="{y}" y2="{y}"/>'
        f"{_rect('part', low, max(high - low, FEWEST))}"
        f'<line class="middle" x1="{middle:.2f}%" x2="{middle:.2f}%"'
        f' y1="{TOP - 3}" y2="{TOP + BAR + 3}"/>'
    )


def _rect(kind: str, start: float, wide: float) -> str:
    return f'<rect class="{kind}" x="{start:.2f}%" y="{TOP}" width="{wide:.2f}%" height="{BAR}"/>'
