"""The denominator: every errand of the city's register, and which of them an offer replaces."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from stadi.catalogue import actions as catalogue
from stadi.catalogue.domain import Errand
from stadi.insight import denominator
from stadi.insight.denominator import CODES, LEFT, NONE, REPLACED, Row, Tally, Unknown
from stadi.insight.errand_words import KINDS, code_name
from stadi.insight.words import number, title_of
from stadi.kit.access import ANYONE, open_to
from stadi.offers.plugins import plugins

PAGE = 50  # errands
LONGEST = 100  # characters of a search
COLUMNS = (
    *("errand", "service", "type", "name_fi", "name_sv", "name_en", "target_groups"),
    *("life_events", "channels", "replaced_by", "file", "imported_at"),
)


def claims() -> dict[str, tuple[int, ...]]:
    """Return the errands that each service says it replaces."""
    return {name: made.service.replaces for name, made in plugins().items()}


def unknown_errands() -> list[Unknown]:
    """Return the errands that services name and the imported register does not hold."""
    register = catalogue.register()
    return denominator.unknown(register, claims()) if register else []


@open_to(ANYONE)
def errands(request: Any) -> Any:
    """Show how many errands offers replace and how many are left, by kind and one by one."""
    wanted, by = _wanted(request)
    register = catalogue.register()
    if register is None:
        return render(request, "insight/errands.html", {"missing": True})
    every = denominator.rows(register, claims())
    found = _sorted(denominator.chosen(every, wanted))
    context = {
        "register": register,
        "imported": timezone.localtime(register.at),
        "total": _shown(denominator.total(every)),
        "unknown": [
            {"title": title_of(u.service), "errand": u.errand, "gone": u.gone}
            for u in denominator.unknown(register, claims())
        ],
        "services": _services(every),
        **_groups(every, by, wanted),
        **_list(request, found, wanted, by),
        "csv": f"errands.csv{_query(wanted)}",
        "filters": _filters(every, wanted),
        "wanted": wanted,
        "filtered": any(wanted.values()),
    }
    return render(request, "insight/errands.html", context)


@open_to(ANYONE)
def errands_csv(request: Any) -> HttpResponse:
    """Send every errand that the page lists, whatever its page."""
    wanted, _by = _wanted(request)
    register = catalogue.register()
    if register is None:
        raise Http404(_("The city’s register of errands has not been imported yet."))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"errands-{timezone.localtime(register.at):%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    for row in denominator.chosen(denominator.rows(register, claims()), wanted):
        writer.writerow([*_cells(row), register.file, register.at.isoformat()])
    return response


def _cells(row: Row) -> list[Any]:
    errand = row.errand
    return [
        errand.id,
        errand.service,
        errand.type,
        *(words.name if words else "" for _code, words in errand.words.every()),
        ";".join(errand.target_groups),
        ";".join(errand.life_events),
        ";".join(_channels(errand)),
        ";".join(row.services),
    ]


def _channels(errand: Errand) -> list[str]:
    """Return the types of an errand's channels, each once, in the order of the register's codes."""
    there = {channel.type for channel in errand.channels}
    return [code for code in CODES["channel"][0] if code in there]


def _wanted(request: Any) -> tuple[dict[str, str], str]:
    """Return the filters and the grouping that the address asks for, or say there is no such."""
    wanted = {name: request.GET.get(name, "") for name in ("state", *CODES)}
    known = {name: (*codes, NONE) for name, (codes, _of) in CODES.items()}
    known["state"] = (REPLACED, LEFT)
    by = request.GET.get("by") or "type"
    if by not in CODES or any(v and v not in known[name] for name, v in wanted.items()):
        raise Http404(_("There is no such group of errands."))
    words = request.GET.get("q", "")[:LONGEST]
    return {"q": words if words.isprintable() else "", **wanted}, by


def _query(wanted: Mapping[str, str], **more: str) -> str:
    """Return the address of a choice; what asks for nothing is left out."""
    told = {name: value for name, value in {**wanted, **more}.items() if value}
    return f"?{urlencode(told)}" if told else ""


def _sorted(found: Iterable[Row]) -> list[Row]:
    """Return what is replaced first, then by name in the language of the page."""
    language = get_language() or "en"

    def order(row: Row) -> tuple[bool, str, int]:
        _code, words = row.errand.words.say(language)
        return not row.services, words.name.casefold(), row.errand.id

    return sorted(found, key=order)


def _shown(tally: Tally) -> dict[str, str]:
    return {name: number(getattr(tally, name)) for name in ("all", "replaced", "left")}


def _services(every: Sequence[Row]) -> list[dict[str, Any]]:
    """Return each service that says what it replaces, with the names of those errands."""
    return [
        {
            "title": title_of(service),
            "errands": [_named(row.errand) for row in every if service in row.services],
        }
        for service in sorted({service for row in every for service in row.services})
    ]


def _named(errand: Errand) -> dict[str, Any]:
    """Return an errand's words, and their language where it is not the page's."""
    language = get_language() or "en"
    code, words = errand.words.say(language)
    return {
        "name": words.name,
        "description": words.description,
        "language": "" if code == language else code,
    }


def _groups(every: Sequence[Row], by: str, wanted: Mapping[str, str]) -> dict[str, Any]:
    return {
        "switches": [
            {
                "title": _(words),
                "query": _query(wanted, by=key),
                "current": key == by,
            }
            for key, (words, _column) in KINDS.items()
        ],
        "by": by,
        "column": _(KINDS[by][1]),
        "heading": _(KINDS[by][0]),
        "groups": [
            {
                "label": code_name(by, tally.code),
                "query": _query({by: tally.code, "by": by}),
                **_shown(tally),
            }
            for tally in denominator.tallies(every, by)
        ],
    }


def _list(request: Any, found: Sequence[Row], wanted: Mapping[str, str], by: str) -> dict[str, Any]:
    """Return one page of the errands found."""
    pages = max(1, -(-len(found) // PAGE))
    asked = request.GET.get("page", "")
    page = min(int(asked), pages) if asked.isdecimal() and len(asked) < 6 else 1  # noqa: PLR2004 - digits
    page = max(page, 1)
    return {
        "count": len(found),
        "rows": [_row(row) for row in found[(page - 1) * PAGE : page * PAGE]],
        "page": page,
        "pages": pages,
        "before": _query(wanted, by=by, page=str(page - 1)) if page > 1 else "",
        "after": _query(wanted, by=by, page=str(page + 1)) if page < pages else "",
    }


def _row(row: Row) -> dict[str, Any]:
    errand = row.errand
    return {
        **_named(errand),
        "id": errand.id,
        "type": code_name("type", errand.type),
        "groups": ", ".join(code_name("group", code) for code in errand.target_groups),
        "events": ", ".join(code_name("event", code) for code in errand.life_events),
        "channels": ", ".join(code_name("channel", code) for code in _channels(errand)),
        "services": ", ".join(title_of(service) for service in row.services),
    }


def _filters(every: Sequence[Row], wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the filters with the codes that occur, each with how many errands have it."""
    all_ = denominator.total(every)
    states = [(REPLACED, _("Replaced by an offer"), all_.replaced), (LEFT, _("Left"), all_.left)]
    lists = [("state", _("Replaced or left"), states)]
    for by, (_by, column) in KINDS.items():
        codes = denominator.tallies(every, by)
        lists.append((by, _(column), [(t.code, code_name(by, t.code), t.all) for t in codes]))
    return [
        {
            "name": name,
            "label": label,
            "options": [
                {"value": "", "words": _("All"), "chosen": not wanted[name]},
                *(
                    {
                        "value": code,
                        "words": f"{words} ({number(count)})",
                        "chosen": code == wanted[name],
                    }
                    for code, words, count in options
                ),
            ],
        }
        for name, label, options in lists
    ]
