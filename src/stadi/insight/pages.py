"""Whom a service reaches, with a map, and its measures, with charts; both with lists and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from stadi.insight import actions as insight
from stadi.insight import grades, measures
from stadi.insight.hiding import Line
from stadi.insight.map import Drawing, Spot, draw
from stadi.insight.words import (
    GRADES,
    PEOPLE,
    PEOPLE_KINDS,
    ROWS,
    TABLES,
    WALK_KINDS,
    WALKS,
    in_metres,
    name_of,
    number,
    span,
    title_of,
)
from stadi.kit.access import MANAGER, OFFICIAL, open_to
from stadi.kit.service import Assign
from stadi.offers.actions import feeling, reading
from stadi.offers.plugins import plugin, plugins
from stadi.people import paavo
from stadi.twin import actions as twin

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
        "title": title_of(service),
        "service": service,
        "services": [
            {"title": title_of(s), "query": f"?service={s}&by={by}", "current": s == service}
            for s in sorted(plugins())
        ],
        "switches": [
            {"title": _(words), "query": f"?service={service}&by={key}", "current": key == by}
            for key, (words, _column) in TABLES.items()
        ],
        "csv": f"reach.csv?service={service}&by={by}",
        "promise": promise,
        "tally": {
            name: number(getattr(promise, name))
            for name in ("entitled", "offered", "with_a_person")
        },
        "balance_ok": reading.balances(counts),
        "rows": [
            {"label": _(label), "value": number(counts[key]), "help": _(help_) if help_ else ""}
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
    lines = (found.total, *found.tables[by])
    names = [_("The whole city"), *(name_of(by, line.key) for line in found.tables[by])]
    rows = [[by, x.key, name, *_cells(x)] for x, name in zip(lines, names, strict=True)]
    return _file(f"reach-{service}-{by}", COLUMNS, rows, found.at)


@open_to(OFFICIAL, MANAGER)
def services(request: Any, service: str) -> Any:
    """Show the measures of one service: figures with their meaning, charts, and groups."""
    by = request.GET.get("by") or "language"
    if service not in plugins() or by not in TABLES:
        raise Http404(_("There is no such service or table."))
    context: dict[str, Any] = {
        "title": title_of(service),
        "service": service,
        "services": [
            {"title": title_of(s), "query": f"{s}?by={by}", "current": s == service}
            for s in sorted(plugins())
        ],
        "switches": [
            {"title": _(words), "query": f"?by={key}", "current": key == by}
            for key, (words, _column) in TABLES.items()
        ],
    }
    found = insight.reach(service)
    context |= _grade(service, found)
    if found:
        context |= {
            "measured": timezone.localtime(found.at),
            "head": measures.head(found.figures),
            "sections": [*measures.sections(found.figures), *_felt(service, request.time.now)],
            "groups": measures.groups(found, by),
        }
    return render(request, "insight/services.html", context)


def _felt(service: str, now: datetime) -> list[measures.Section]:
    """Return how it was, where enough of those who took part have said so."""
    made = plugin(service).service
    if made.feedback is None:
        return []
    counts = feeling.felt(service=service, running=made.period(now.date()))
    return [measures.how_it_was(counts)] if counts else []


def _grade(service: str, found: insight.Reach | None) -> dict[str, Any]:
    """Return a service's grade; for each grade whether it is done, and what it asks for."""
    given = grades.grade(plugin(service), found)
    asked = {
        name: [(_(c.words), holds) for c, holds in given.criteria if c.grade == name]
        for name in grades.GRADES
    }
    return {
        "grade": _(GRADES[given.name]),
        "graded": bool(given.name),
        "criteria": [
            (_(GRADES[name]), all(holds for _words, holds in parts), parts)
            for name, parts in asked.items()
        ],
    }


@open_to(OFFICIAL, MANAGER)
def services_csv(request: Any, service: str) -> Any:
    """Send every figure of the page and of all its tables, hidden ones empty."""
    del request
    found = insight.reach(service)
    if found is None:
        raise Http404(_("This service has not been measured yet."))
    return _file(f"measures-{service}", measures.COLUMNS, measures.rows(found), found.at)


def _file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], at: datetime
) -> HttpResponse:
    """Return a CSV of what was measured at a time; its last column says when."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{name}-{timezone.localtime(at):%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(columns)
    writer.writerows([*row, at.isoformat()] for row in rows)
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


def _groups(found: insight.Reach, by: str) -> dict[str, Any]:
    """Return one table of a measure as it is shown, and its map if it is of areas."""
    lines = found.tables[by]
    shown = [_row(line, name_of(by, line.key)) for line in lines]
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
        "entitled": "" if line.entitled is None else number(line.entitled),
        "offered": span(line.offered),
        "share": "" if line.share is None else f"{span(line.share)}\N{NO-BREAK SPACE}%",
        "left": span(line.left),
        "median": in_metres(walk.median) if walk else "",
        "mean": in_metres(walk.mean) if walk else "",
        "far": in_metres(walk.far) if walk else "",
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
