"""A service's measures as people read them: figures with their meaning, charts, tables, a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from stadi.insight import charts
from stadi.insight.actions import Reach
from stadi.insight.charts import Bar, Between, Box, Svg, Words
from stadi.insight.domain import ENDS, Figures, Spread, share
from stadi.insight.hiding import Line
from stadi.insight.words import TABLES, in_hours, label_of, name_of, number, per_cent, span
from stadi.offers.actions.feeling import FELT

FEW = 12  # groups up to which a chart says more than its table
WAYS = {
    "portal": gettext_noop("Oneself, in the portal"),
    "phone": gettext_noop("By phone"),
    "visit": gettext_noop("At a desk"),
    "paper": gettext_noop("On paper"),
    "untold": gettext_noop("Not on record any more"),
}
LEGS = {
    "to_offer": gettext_noop("From event to offer"),
    "to_fulfilment": gettext_noop("From offer to place"),
    "whole": gettext_noop("From event to place"),
}
QUANTILES = {
    "one_in_ten": gettext_noop("One in ten within"),
    "quarter": gettext_noop("A quarter"),
    "half": gettext_noop("Half"),
    "three_quarters": gettext_noop("Three quarters"),
    "nine_in_ten": gettext_noop("Nine in ten"),
}
CONTESTS = {
    "contested": gettext_noop("Contested"),
    "upheld": gettext_noop("Found right as it was"),
    "corrected": gettext_noop("Corrected"),
    "unheard": gettext_noop("Not decided in time"),
    "undecided": gettext_noop("Not decided yet"),
}
COLUMNS = ("table", "group", "name", "figure", "least", "most", "measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number at the head of the page, and what it means."""

    label: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A chart and the table that says the same; the first cell of a row is its name."""

    key: str
    heading: str
    about: str
    chart: Svg | None
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def cells(self) -> list[list[tuple[str, str]]]:
        """The rows, each cell with the name of its column."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def head(f: Figures) -> list[Figure]:
    """Return the figures that come first, each with its definition."""
    return [
        Figure(
            label=_("Take-up"),
            value=per_cent(f.take_up),
            meaning=_(
                "Of all who are entitled, so many have the place. Counted of the entitled and not"
                " of the offered: else leaving people out would look like success."
            ),
        ),
        Figure(
            label=_("Precision"),
            value=per_cent(f.precision),
            meaning=_(
                "Of all who said yes and did not take it back, so many have the place. Some still"
                " wait for theirs; for %(fell)s a step failed, or somebody stopped it."
            )
            % {"fell": number(f.fell)},
        ),
        *_times(f),
        Figure(
            label=_("Work by officials"),
            value=_("hidden") if f.minutes is None else f"{number(f.minutes)}\N{NO-BREAK SPACE}min",
            meaning=_(
                "Minutes from opening a case to acting in it, without pauses. Cases were opened"
                " %(openings)s times. Told from ten acts on: fewer would be one person's work."
            )
            % {"openings": number(f.openings)},
        ),
        Figure(
            label=_("Overturned"),
            value=per_cent(f.overturned),
            meaning=_(
                "Of the contests that another official decided, so many were corrected:"
                " %(corrected)s of %(decided)s."
            )
            % {"corrected": number(f.corrected), "decided": number(f.upheld + f.corrected)},
        ),
        Figure(
            label=_("Reminded"),
            value=number(f.reminded),
            meaning=_("Offers of which those who may answer were reminded, once, halfway."),
        ),
    ]


def _times(f: Figures) -> Iterator[Figure]:
    meanings = {
        "to_offer": _(
            "Half of the offers went out within this time. The event of a yearly round is the"
            " sweep that found the person; after a change, the moment when the city knew of it."
        ),
        "to_fulfilment": _(
            "Half of those who have the place had it within this time of the first offer, time to"
            " think it over included."
        ),
    }
    for leg, meaning in meanings.items():
        hours = f.spreads[leg].hours
        value = _("hidden") if hours is None else in_hours(hours[2])
        yield Figure(label=_(LEGS[leg]), value=value, meaning=meaning)


def sections(f: Figures) -> list[Section]:
    """Return the charts of a whole service, each with its table."""
    return [_funnel(f), _ends(f), _hours(f), _ways(f), _contests(f)]


def _funnel(f: Figures) -> Section:
    counts = f.counts
    steps = [
        Bar(label=label, value=value, shown=number(value))
        for label, value in (
            (_("Entitled"), counts["yes"]),
            (_("Offered"), counts["offered"]),
            (_("Seen"), f.seen),
            (_("Said yes"), counts["accepted"] + counts["fulfilled"]),
            (_("Has the place"), counts["fulfilled"]),
        )
    ]
    words = Words(
        key="funnel",
        title=_("From entitled to a place"),
        desc=_("%(entitled)s are entitled, %(offered)s were offered, %(place)s have the place.")
        % {"entitled": steps[0].shown, "offered": steps[1].shown, "place": steps[-1].shown},
    )
    before = [steps[0], *steps]
    rows = [
        (step.label, step.shown, _of(step, last), _of(step, steps[0]))
        for last, step in zip(before, steps, strict=False)
    ]
    return Section(
        key=words.key,
        heading=words.title,
        about=_("Each bar is a part of the bar above it."),
        chart=charts.funnel(words, steps),
        columns=(_("Step"), _("People"), _("Of the step before"), _("Of the entitled")),
        rows=rows,
    )


def _of(part: Bar, whole: Bar) -> str:
    return per_cent(share(int(part.value), int(whole.value)))


def _ends(f: Figures) -> Section:
    named = {end: f.counts[end] for end in (*ENDS, "unreached", "resting")}
    bars = [
        *(Bar(label=label_of(end), value=n, shown=number(n)) for end, n in named.items()),
        Bar(label=_("Not ended yet"), value=f.going, shown=number(f.going)),
    ]
    words = Words(
        key="ends",
        title=_("How it ended"),
        desc=_("%(ended)s of %(entitled)s cases have ended; the longest bar is the most frequent.")
        % {"ended": number(f.counts["yes"] - f.going), "entitled": number(f.counts["yes"])},
    )
    return Section(
        key=words.key,
        heading=words.title,
        about=_("Everyone entitled is in exactly one of these: together they are all."),
        chart=charts.bars(words, bars),
        columns=(_("End"), _("People"), _("Of the entitled")),
        rows=[(b.label, b.shown, per_cent(share(int(b.value), f.counts["yes"]))) for b in bars],
    )


def _hours(f: Figures) -> Section:
    spreads = {_(name): f.spreads[leg] for leg, name in LEGS.items()}
    boxes = [
        Box(label=name, values=s.hours, shown=in_hours(s.hours[2]) if s.hours else _("hidden"))
        for name, s in spreads.items()
    ]
    words = Words(
        key="hours",
        title=_("How long it took"),
        desc=_(
            "For each leg of the way, a line from the hours within which one in ten were through to"
            " those of nine in ten; a box holds the middle half, a tick marks half."
        ),
    )
    return Section(
        key=words.key,
        heading=words.title,
        about=_(
            "The line reaches from one in ten to nine in ten, the box holds the middle half, the"
            " tick marks half of them. Hours begun, by the city's clock; told from ten cases on."
        ),
        chart=charts.boxes(words, boxes),
        columns=(_("Leg"), _("Cases"), *(_(q) for q in QUANTILES.values())),
        rows=[(name, number(s.count), *_quantiles(s)) for name, s in spreads.items()],
    )


def _quantiles(spread: Spread) -> Iterator[str]:
    for hours in spread.hours or (None,) * len(QUANTILES):
        yield _("hidden") if hours is None else in_hours(hours)


def _ways(f: Figures) -> Section:
    words = Words(
        key="ways",
        title=_("How the answers came"),
        desc=_("How many answers were given in the portal, and how many an official took down."),
    )
    about = _("Every answer that was given, also one that was taken back or came twice.")
    given = {_(way): f.answers[key] for key, way in WAYS.items() if key in f.answers}
    return _counted(words, about, given)


def _contests(f: Figures) -> Section:
    words = Words(
        key="contests",
        title=_("What was contested"),
        desc=_("How many contests there were, and what another official decided about them."),
    )
    about = _("Whoever contests is heard by another official than the one who decided before.")
    return _counted(words, about, {_(w): getattr(f, name) for name, w in CONTESTS.items()})


def how_it_was(counts: Mapping[int, int]) -> Section:
    """Return how good those who took part said that it was."""
    words = Words(
        key="felt",
        title=_("How it was"),
        desc=_("How often those who took part said that it was so good."),
    )
    about = _(
        "Asked once after it took place, answered with one tap, counted without a name. Of the"
        " latest round that is over."
    )
    return _counted(words, about, {_(FELT[good]): n for good, n in counts.items()})


def _counted(words: Words, about: str, counts: dict[str, int]) -> Section:
    bars = [Bar(label=name, value=n, shown=number(n)) for name, n in counts.items()]
    return Section(
        key=words.key,
        heading=words.title,
        about=about,
        chart=charts.bars(words, bars) if any(counts.values()) else None,
        columns=("", _("Number")),
        rows=[(bar.label, bar.shown) for bar in bars],
    )


def groups(found: Reach, by: str) -> Section:
    """Return how the cases of each group of a table ended, as far as it may be shown."""
    lines = [(name_of(by, line.key), line) for line in found.tables[by]]
    whole = (_("The whole city"), found.total)
    ends = [end for end in ENDS if found.figures.counts[end]]
    words = Words(
        key="groups",
        title=f"{_(TABLES[by][0])}: {label_of('fulfilled')}",
        desc=_(
            "For each group, the least and the greatest share of its entitled who have the place."
        ),
    )
    return Section(
        key=words.key,
        heading=_(TABLES[by][0]),
        about="",
        chart=charts.ranges(words, [_taken_up(n, x) for n, x in lines if x.entitled != 0])
        if len(lines) <= FEW
        else None,
        columns=(
            *(_(TABLES[by][1]), _("Entitled"), *map(label_of, ends)),
            _("Not yet offered"),
        ),
        rows=[(name, *_told(line, ends)) for name, line in [whole, *lines]],
    )


def _taken_up(name: str, line: Line) -> Between:
    told = line.share_of("fulfilled")
    return Between(
        label=name,
        told=told,
        shown=_("hidden") if told is None else f"{span(told)}\N{NO-BREAK SPACE}%",
    )


def _told(line: Line, ends: Sequence[str]) -> Iterator[str]:
    hidden = _("hidden")
    yield hidden if line.entitled is None else number(line.entitled)
    for told in (*(line.ends.get(end) for end in ends), line.left):
        yield span(told) or hidden


def rows(found: Reach) -> Iterator[tuple[Any, ...]]:
    """Return the file's rows: every figure of the page, with its least and its most."""
    f = found.figures
    single: dict[str, float | None] = {
        **f.counts,
        "seen": f.seen,
        "reminded": f.reminded,
        "fell": f.fell,
    }
    single |= {"take_up": f.take_up, "precision": f.precision, "overturned": f.overturned}
    single |= {name: getattr(f, name) for name in CONTESTS} | {"openings": f.openings}
    single |= {f"answers_{way}": f.answers.get(way) for way in WAYS} | {"minutes": f.minutes}
    for leg in LEGS:
        hours = f.spreads[leg].hours or (None,) * len(QUANTILES)
        single[f"{leg}_cases"] = f.spreads[leg].count
        single |= {f"{leg}_h_{q}": h for q, h in zip(QUANTILES, hours, strict=True)}
    for name, value in single.items():
        yield "service", "total", _("The whole city"), name, value, value
    for by, lines in found.tables.items():
        for line in lines:
            yield from _grouped(by, line)


def _grouped(by: str, line: Line) -> Iterator[tuple[Any, ...]]:
    group = by, line.key, name_of(by, line.key)
    yield *group, "entitled", line.entitled, line.entitled
    for name, told in (("offered", line.offered), *((end, line.ends.get(end)) for end in ENDS)):
        yield *group, name, *(told or (None, None))
