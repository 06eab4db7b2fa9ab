"""The reach report: the promise, every group of one service as a map and a list, and as CSV."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from stadi.insight import actions as insight
from stadi.insight.hiding import Line
from stadi.insight.map import Drawing, Spot, draw
from stadi.kit.access import MANAGER, OFFICIAL, open_to
from stadi.kit.service import Assign
from stadi.offers.actions import reading
from stadi.offers.plugins import plugin, plugins
from stadi.people import paavo
from stadi.twin import actions as twin

ROWS = (
    ("screened", gettext_noop("Looked at"), gettext_noop("Everyone in the register on that day.")),
    ("yes", gettext_noop("Entitled"), gettext_noop("The rule is true.")),
    ("no", gettext_noop("Not entitled"), ""),
    ("unknown", gettext_noop("Unclear"), gettext_noop("A fact is missing: a person finds out.")),
    ("stopped", gettext_noop("Stopped"), gettext_noop("They said stop: no message, no case.")),
    ("offered", gettext_noop("Offered"), ""),
    (
        "held",
        gettext_noop("With a person"),
        gettext_noop("A person decides before anything is sent."),
    ),
    ("waiting", gettext_noop("About to be offered"), ""),
    ("unreached", gettext_noop("Not reached"), ""),
    ("open", gettext_noop("Not answered yet"), ""),
    ("accepted", gettext_noop("Said yes, within regret time"), ""),
    ("fulfilled", gettext_noop("Has the place"), ""),
    ("declined", gettext_noop("Said no"), ""),
    ("objected", gettext_noop("Stopped the service"), ""),
    ("expired", gettext_noop("Time ran out"), gettext_noop("A person follows it up.")),
    ("withdrawn", gettext_noop("Withdrawn by the city"), ""),
)
TABLES = {
    "area": (gettext_noop("By area"), gettext_noop("Area")),
    "language": (gettext_noop("By contact language"), gettext_noop("Contact language")),
    "care": (gettext_noop("By form of care"), gettext_noop("Form of care")),
}
NAMES = {
    ("language", "fi"): gettext_noop("Finnish"),
    ("language", "sv"): gettext_noop("Swedish"),
    ("language", "en"): gettext_noop("English"),
    ("care", "municipal"): gettext_noop("Municipal day care"),
    ("care", "private"): gettext_noop("Private day care"),
    ("care", "home"): gettext_noop("At home"),
    ("area", insight.REST): gettext_noop("Elsewhere or not on record"),
    ("language", insight.REST): gettext_noop("Another language or not on record"),
    ("care", insight.REST): gettext_noop("No care on record"),
}
WALKS, PEOPLE = (500, 1000, 2000), (50, 100, 200)
WALK_KINDS = (
    gettext_noop("under 500 m"),
    gettext_noop("500 m to 1 km"),
    gettext_noop("1 to 2 km"),
    gettext_noop("2 km or more"),
)
PEOPLE_KINDS = (
    gettext_noop("under 50"),
    gettext_noop("50 to 99"),
    gettext_noop("100 to 199"),
    gettext_noop("200 or more"),
)
COLUMNS = (
    *("table", "group", "name", "entitled", "offered_least", "offered_most"),
    *("walk_mean_m", "walk_median_m", "walk_nine_of_ten_m", "measured"),
)


@open_to(OFFICIAL, MANAGER)
def reach(request: Any) -> Any:
    """Show how far one service reaches: the promise, the groups, and every count."""
    service, by = _chosen(request)
    counts = reading.tally(service)
    found = insight.reach(service)
    promise = insight.promise(service, counts=counts, at=request.time.now)
    context = {
        "title": _title(service),
        "services": [
            {"title": _title(s), "query": f"?service={s}&by={by}", "current": s == service}
            for s in sorted(plugins())
        ],
        "switches": [
            {"title": _(words), "query": f"?service={service}&by={key}", "current": key == by}
            for key, (words, _column) in TABLES.items()
        ],
        "csv": f"reach.csv?service={service}&by={by}",
        "promise": promise,
        "tally": {
            name: _number(getattr(promise, name))
            for name in ("entitled", "offered", "with_a_person")
        },
        "balance_ok": reading.balances(counts),
        "rows": [
            {"label": _(label), "value": _number(counts[key]), "help": _(help_) if help_ else ""}
            for key, label, help_ in ROWS
        ],
        **(_groups(found, by) if found else {}),
    }
    return render(request, "insight/reach.html", context)


@open_to(OFFICIAL, MANAGER)
def reach_csv(request: Any) -> Any:
    """Send the table that the page shows, hidden cells empty."""
    service, by = _chosen(request)
    found = insight.reach(service)
    if found is None:
        raise Http404(_("This service has not been measured yet."))
    name = f"reach-{service}-{by}-{timezone.localtime(found.at):%Y-%m-%d}.csv"
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    for line in (found.total, *found.tables[by]):
        label = _("The whole city") if line is found.total else _label(by, line.key)
        writer.writerow([by, line.key, label, *_cells(line), found.at.isoformat()])
    return response


def _cells(line: Line) -> Iterator[int | None]:
    yield line.entitled
    yield from line.offered or (None, None)
    yield from (line.walk.mean, line.walk.median, line.walk.far) if line.walk else (None,) * 3


def _chosen(request: Any) -> tuple[str, str]:
    """Return the service and the table that the address asks for, or say that there is none."""
    service = request.GET.get("service") or min(plugins())
    by = request.GET.get("by") or "area"
    if service not in plugins() or by not in TABLES:
        raise Http404(_("There is no such service or table."))
    return service, by


def _title(service: str) -> str:
    return plugin(service).say("title", get_language() or "en")


def _groups(found: insight.Reach, by: str) -> dict[str, Any]:
    """Return one table of a measure as it is shown, and its map if it is of areas."""
    lines = found.tables[by]
    shown = [_row(line, _label(by, line.key)) for line in lines]
    walks = any(line.walk for line in lines)
    kinds = [
        {"kind": f"kind-{i}", "words": _(words)}
        for i, words in enumerate(WALK_KINDS if walks else PEOPLE_KINDS, start=1)
    ]
    return {
        "measured": timezone.localtime(found.at),
        "by": by,
        "heading": _(TABLES[by][0]),
        "column": _(TABLES[by][1]),
        "lines": shown,
        "total": _row(found.total, _("The whole city")),
        "walks": walks or found.total.walk is not None,
        "walk_map": walks,
        "map": _map(found.service, lines, shown, walks=walks) if by == "area" else None,
        "kinds": [*kinds, {"kind": "kind-0", "words": _("hidden")}],
        "source": paavo.SOURCE,
    }


def _row(line: Line, label: str) -> dict[str, str]:
    walk = line.walk
    return {
        "label": label,
        "entitled": "" if line.entitled is None else _number(line.entitled),
        "offered": _range(line.offered),
        "share": "" if line.share is None else f"{_range(line.share)}\N{NO-BREAK SPACE}%",
        "left": _range(line.left),
        "median": _metres(walk.median) if walk else "",
        "mean": _metres(walk.mean) if walk else "",
        "far": _metres(walk.far) if walk else "",
    }


def _map(
    service: str, lines: Sequence[Line], shown: Sequence[dict[str, str]], *, walks: bool
) -> Drawing | None:
    """Return the areas that have a place on the map, each with the words of its row, and units."""
    places = {area.code: area for area in paavo.built_in()}
    areas = [
        Spot(
            x=places[line.key].x,
            y=places[line.key].y,
            radius=places[line.key].radius,
            kind=_kind(line, walks=walks),
            words=_words(row),
        )
        for line, row in zip(lines, shown, strict=True)
        if line.key in places
    ]
    what = plugin(service).service.propose
    units = twin.units(kind=what.kind) if isinstance(what, Assign) else []
    spots = [Spot(x=unit.x, y=unit.y, words=unit.name) for unit in units]
    return draw(areas=areas, units=spots) if areas else None


def _kind(line: Line, *, walks: bool) -> str:
    median = line.walk.median if line.walk else None
    value = median if walks else line.entitled
    bounds = WALKS if walks else PEOPLE
    return "kind-0" if value is None else f"kind-{1 + sum(value >= bound for bound in bounds)}"


def _words(row: dict[str, str]) -> str:
    """Return a row of the list as a sentence."""
    hidden = _("hidden")
    told = [
        _("%(label)s: entitled %(entitled)s, offered %(offered)s")
        % {
            "label": row["label"],
            "entitled": row["entitled"] or hidden,
            "offered": row["offered"] or hidden,
        }
    ]
    if row["median"]:
        told.append(_("middle walk %(metres)s") % {"metres": row["median"]})
    return ", ".join(told)


def _label(by: str, key: str) -> str:
    if (by, key) in NAMES:
        words = NAMES[by, key]
        return _(words)
    names = {area.code: area.name for area in paavo.built_in()}
    return f"{key} {names.get(key, '')}".rstrip()


def _range(pair: tuple[int, int] | None) -> str:
    if pair is None:
        return ""
    low, high = map(_number, pair)
    return low if low == high else f"{low}–{high}"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def _metres(metres: int) -> str:
    return f"{_number(metres)}\N{NO-BREAK SPACE}m"
