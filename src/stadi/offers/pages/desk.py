"""The official's desk: what waits today, the same act for many, decisions to sign."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from stadi.consent import corrections
from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Decision
from stadi.kit.access import MANAGER, OFFICIAL, open_to
from stadi.kit.errors import StadiError
from stadi.kit.service import Decide
from stadi.offers.actions import desk, reading, viewing
from stadi.offers.actions.contest import written
from stadi.offers.domain import WITH_A_PERSON, ReasonMissingError
from stadi.offers.pages import words
from stadi.offers.plugins import plugin, plugins

ANY = "any"  # a filter that is not set; an empty reason is a reason
MINE = "mine"


def shown_by(request: Any) -> str:
    """Return what was just done, once."""
    told: str = request.session.pop("told", "")
    return told


@open_to(OFFICIAL, MANAGER)
def today(request: Any) -> Any:
    """Show what waits for a person, the nearest deadline first; nobody's name is in it."""
    wanted = {name: _wanted(request, name) for name in ("kind", "service", "reason", "whose")}
    number = request.GET.get("page", "")
    found = viewing.queue(
        kind="" if wanted["kind"] == ANY else wanted["kind"],
        service="" if wanted["service"] == ANY else wanted["service"],
        reason=None if wanted["reason"] == ANY else wanted["reason"],
        assignee=request.actor.id if wanted["whose"] == MINE else None,
        page=int(number) if number.isdecimal() and len(number) < 6 else 1,  # noqa: PLR2004 - digits
    )
    context = {
        "rows": [_row(task, request) for task in found.tasks],
        "queue": found,
        "filters": _filters(found.counts, wanted),
        "tallies": _tallies(found.counts),
        "to_sign": fulfil.count_unsigned(services=list(plugins())),
        "to_review": len(fulfil.to_review()),
        "to_correct": corrections.count_waiting(),
        "told": shown_by(request),
        "before": _page(wanted, found.page - 1) if found.page > 1 else "",
        "after": _page(wanted, found.page + 1) if found.page < found.pages else "",
        "acts": _acts(),
    }
    return render(request, "offers/today.html", context)


def _wanted(request: Any, name: str) -> str:
    """Return what a filter asks for; what nobody can see in an address asks for nothing."""
    text: str = request.GET.get(name, ANY)
    return text if text.isprintable() else ANY


def _acts() -> list[tuple[str, str]]:
    return [
        ("send", _("Send the best free place")),
        ("close", _("Close: settled in another way")),
        ("withdraw", _("Take the proposal back")),
    ]


def _page(wanted: dict[str, str], page: int) -> str:
    chosen = {name: value for name, value in wanted.items() if value != ANY}
    return f"?{urlencode({**chosen, 'page': str(page)})}"


def _row(task: viewing.Task, request: Any) -> dict[str, Any]:
    now = request.time.now
    return {
        "case": task.case,
        "number": reading.receipt(task.case),
        "service": plugin(task.service).say("title", get_language() or "en"),
        "kind": words.spoken(words.KINDS, task.kind),
        "reason": words.spoken(words.REASONS, task.reason),
        "level": holder(task.assignee, task.level, request.actor.id),
        "high": task.level > 0,
        "deadline": timezone.localtime(task.deadline).date() if task.deadline else None,
        "age_days": (now - task.since).days,
    }


def holder(assignee: int | None, level: int, reader: int) -> str:
    """Return who has a task: its own professional until it is late, then the owner."""
    if assignee is None or level:
        return _(words.LEVELS[min(level, 1)])
    return _(words.WITH_YOU if assignee == reader else words.OWN_PROFESSIONAL)


def _tallies(counts: Counter[tuple[str, str, str]]) -> list[tuple[str, str, int]]:
    """Return each kind of task, its words and how many there are."""
    by_kind = Counter[str]()
    for (kind, _service, _reason), number in counts.items():
        by_kind[kind] += number
    return [(kind, words.spoken(words.KINDS, kind), by_kind[kind]) for kind in WITH_A_PERSON]


def _filters(counts: Counter[tuple[str, str, str]], wanted: dict[str, str]) -> list[dict[str, Any]]:
    language = get_language() or "en"
    kinds = {kind: words.spoken(words.KINDS, kind) for kind in WITH_A_PERSON}
    services = {s: p.say("title", language) for s, p in plugins().items()}
    reasons = {r: words.spoken(words.REASONS, r) for _k, _s, r in counts}
    lists = (
        ("kind", _("Kind"), kinds),
        ("service", _("Service"), services),
        ("reason", _("Why it waits"), reasons),
        ("whose", _("Whose"), {MINE: _("Mine")}),
    )
    return [
        {
            "name": name,
            "label": label,
            "options": [
                {"value": ANY, "words": _("All"), "chosen": wanted[name] == ANY},
                *(
                    {"value": value, "words": said, "chosen": wanted[name] == value}
                    for value, said in sorted(options.items(), key=lambda item: item[1])
                ),
            ],
        }
        for name, label, options in lists
    ]


@open_to(OFFICIAL, MANAGER)
def bulk(request: Any) -> Any:
    """Do the same with many cases: first say what would happen, then do it."""
    act, cases = request.POST.get("act", ""), _chosen(request)
    if request.method != "POST" or act not in desk.BULK or not cases:
        if request.method == "POST":
            request.session["told"] = _("Choose at least one case and what to do with it.")
        return redirect(reverse("staff"))
    reason = request.POST.get("reason", "")
    doing = {"act": act, "cases": cases, "by": request.actor, "at": request.time.now}
    try:
        doing["reason"] = written(reason)
    except ReasonMissingError as error:
        return _preview(request, act, cases, {"error": words.refused(error), "reason": reason})
    if "confirmed" in request.POST:
        refused = desk.bulk(**doing)
        request.session["told"] = _("Done for %(done)s of %(chosen)s cases.") % {
            "done": len(cases) - len(refused),
            "chosen": len(cases),
        }
        return redirect(reverse("staff"))
    done, why = desk.preview(**doing)
    others = [(number, words.why_not(sentence)) for sentence, number in why.most_common()]
    return _preview(request, act, cases, {"reason": reason, "done": done, "others": others})


def _chosen(request: Any) -> list[UUID]:
    """Return the cases that were ticked, or all that the page showed; no more than a page."""
    name = "shown" if "all" in request.POST else "case"
    found = []
    for text in request.POST.getlist(name)[: viewing.PAGE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _preview(request: Any, act: str, cases: list[UUID], said: dict[str, Any]) -> Any:
    context = {"act": act, "act_words": dict(_acts())[act], "cases": cases, **said}
    status = 400 if said.get("error") else 200
    return render(request, "offers/bulk.html", context, status=status)


@open_to(OFFICIAL, MANAGER)
def decisions(request: Any) -> Any:
    """Show the decisions that wait for a signature; a POST signs those that were chosen."""
    waiting, error = fulfil.unsigned(services=list(plugins())), ""
    if request.method == "POST":
        try:
            signed = _sign(request, waiting)
        except StadiError as wrong:
            error = words.refused(wrong)
        else:
            request.session["told"] = ngettext(
                "%(number)s decision is signed.", "%(number)s decisions are signed.", signed
            ) % {"number": signed}
            return redirect(reverse("decisions"))
    context = {
        "decisions": [_decision(d, request.time.now) for d in waiting[: viewing.PAGE]],
        "more": max(0, len(waiting) - viewing.PAGE),
        "may_sign": OFFICIAL in request.actor.roles,
        "name": request.actor_name,
        "title": request.POST.get("title", _title(waiting)),
        "chosen": set(request.POST.getlist("decision")),
        "error": error,
        "told": shown_by(request),
    }
    return render(request, "offers/decisions.html", context, status=409 if error else 200)


def _decision(decision: Decision, now: datetime) -> dict[str, Any]:
    return {
        "id": str(decision.id),
        "number": decision.number,
        "case": decision.case,
        "service": plugin(decision.service).say("title", get_language() or "en"),
        "made": timezone.localtime(decision.made_at),
        "age_days": (now - decision.made_at).days,
    }


def _title(waiting: list[Decision]) -> str:
    """Return the title that the first service's signer bears, in the city's own language."""
    for decision in waiting[:1]:
        steps = plugin(decision.service).service.fulfil
        for step in (s for s in steps if isinstance(s, Decide)):
            with override(settings.LANGUAGE_CODE):
                return words.spoken(words.SIGNERS, step.signer)
    return ""


def _sign(request: Any, waiting: list[Decision]) -> int:
    """Sign what was ticked, or everything that waited when the page was shown."""
    asked = set(request.POST.getlist("shown" if "all" in request.POST else "decision"))
    chosen = [d.id for d in waiting if str(d.id) in asked]
    if not chosen:
        message = "choose at least one decision; nothing was signed"
        raise ReasonMissingError(message)
    name, title = request.actor_name, request.POST.get("title", "").replace("\0", "")
    fulfil.sign(decisions=chosen, by=request.actor, name=name, title=title, at=request.time.now)
    return len(chosen)
