"""One case at the desk: opened for a reason, read whole, and acted on with a reason each."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from stadi.fulfil import actions as fulfil
from stadi.fulfil.domain import Decision
from stadi.kit.access import MANAGER, OFFICIAL, open_to
from stadi.kit.errors import StadiError
from stadi.kit.service import INFORMING, Assign, Self
from stadi.kit.text import spoken
from stadi.offers.actions import desk, questions, reading, viewing
from stadi.offers.actions.plans import money
from stadi.offers.actions.versions import terms
from stadi.offers.domain import TASKS, WITH_A_PERSON, NotAllowedError, ReasonMissingError
from stadi.offers.models import Case, Recipient
from stadi.offers.pages import words
from stadi.offers.pages.acts import ACTS, fit
from stadi.offers.pages.amounts import award_of, reviewed
from stadi.offers.pages.cards import card, rounded
from stadi.offers.pages.desk import holder, shown_by
from stadi.offers.pages.resident import pdf
from stadi.offers.pages.told import reason
from stadi.offers.plugins import plugin
from stadi.people import actions as people
from stadi.twin import actions as twin

STAFF = (OFFICIAL, MANAGER)
LOOKED_AT = ("held", "unclear")  # here the purpose looks anew: there is no offer to read from


def _known(case: UUID) -> None:
    if not viewing.known(case):
        raise Http404


@open_to(*STAFF)
def show(request: Any, case: UUID) -> Any:
    """Show a case to an official who said why; before that, ask why."""
    _known(case)
    if not desk.may_look(case=case, by=request.actor, at=request.time.now):
        return _ask_why(request, case, "")
    return _page(request, case, {"told": shown_by(request)})


@open_to(*STAFF)
def open_case(request: Any, case: UUID) -> Any:
    """Note why a case is opened, and show it, or the decision that is to be signed."""
    _known(case)
    if request.method == "POST":
        why = request.POST.get("why", "")
        text = why if why in words.OPENING else request.POST.get("text", "")
        try:
            desk.open_case(case=case, reason=text, by=request.actor, at=request.time.now)
        except ReasonMissingError as error:
            return _ask_why(request, case, words.refused(error))
        except NotAllowedError:
            return redirect(reverse("case", kwargs={"case": case}))
        _since(request)[case.hex] = time.time()
        request.session.modified = True
        if why == "sign":
            return redirect(reverse("case-decision", kwargs={"case": case}))
    return redirect(reverse("case", kwargs={"case": case}))


def _since(request: Any) -> dict[str, float]:
    """Return when this official opened which case, by the clock on the wall."""
    kept: dict[str, float] = request.session.setdefault("opened", {})
    return kept


def _ask_why(request: Any, case: UUID, error: str) -> Any:
    row = Case.objects.get(id=case)
    context = {
        "case": case,
        "number": reading.receipt(case),
        "service": plugin(row.service).say("title", get_language() or "en"),
        "state": words.spoken(words.CASE_STATES, row.state),
        "reasons": [(key, words.spoken(words.OPENING, key)) for key in words.OPENING],
        "another": desk.belongs_to_another(case, request.actor),
        "until": row.deadline,
        "text": request.POST.get("text", ""),
        "error": error,
    }
    return render(request, "offers/open.html", context, status=400 if error else 200)


def _page(request: Any, case: UUID, said: dict[str, Any], status: int = 200) -> Any:
    story, now = viewing.story(case=case), request.time.now
    row, made = story.case, plugin(story.case.service)
    ids = {row.subject, *(r.person for r in story.recipients), *(e.by for e in story.events)}
    names = _names(ids | {row.assignee or 0})
    award = award_of(row)
    context = {
        "case": row,
        "number": reading.receipt(case),
        "service": made.say("title", get_language() or "en"),
        "state": words.spoken(words.CASE_STATES, row.state),
        "waits": words.spoken(words.REASONS, row.reason) if row.state in WITH_A_PERSON else "",
        "level": holder(row.assignee, row.level, request.actor.id) if row.state in TASKS else "",
        "child": names.get(row.subject, ""),
        "own": isinstance(made.service.recipient, Self),
        "professional": names.get(row.assignee or 0, ""),
        "reviewed": row.state == "held" and row.reason == "reviewed_first",
        "banned": people.any_ban([row.subject, *(r.person for r in story.recipients)]),
        **_things(story, now),
        "award": reviewed(award, story.offer.reasons, viewing.facts(case=case, at=now))
        if award and story.offer
        else None,
        "facts": _facts(story, now),
        "people": [_recipient(r, story, names) for r in story.recipients],
        "questions": [(q, _fact(row, q.fact)) for q in story.questions],
        "missing": _missing(row, now),
        "askable": row.state == "unclear" and questions.can_be_asked(case=row.id, at=now),
        "events": [_event(e, names) for e in story.events],
        "decision": fulfil.decision(case=case),
        "acts": fit(row, story.recipients, award, request.actor.kind),
        "ways": [(key, words.spoken(words.WAYS, key)) for key in words.WAYS],
        "says": [(key, words.spoken(words.SAYS, key)) for key in words.SAYS],
        "takes": _takes(story),
        **said,
    }
    return render(request, "offers/case.html", context, status=status)


def _things(story: viewing.Story, now: Any) -> dict[str, Any]:
    """Return what is held for a case, what else was shown, what may be chosen, and the money."""
    row, offer = story.case, story.offer
    ready = desk.look_into(cases=[row.id], at=now) if row.state == "held" else {}
    choices = [place for found in ready.values() for place in desk.choices(found)]
    others = [tuple(o) for o in offer.others] if offer else []
    wanted = {story.held or 0, *(u for u, _m in [*choices, *others])} - {0}
    units, moments = twin.names(wanted), twin.starts(wanted)

    def told(places: list[Any]) -> list[tuple[int, str, int | None, Any]]:
        return [(u, units.get(u, ""), rounded(m), moments.get(u)) for u, m in places]

    return {
        "held": units.get(story.held or 0, ""),
        "moment": moments.get(story.held or 0),
        "metres": rounded(offer.metres) if offer and story.held else None,
        "others": told(others),
        "choices": told(choices),
        "chooses": bool(ready) and isinstance(plugin(row.service).service.propose, Assign),
        "amount": money(offer.cents, get_language() or "en") if offer else "",
    }


def _takes(story: viewing.Story) -> bool:
    """Return whether a yes can be given to the offer as it is: not to all that is shown at once."""
    promised = terms(story.case.service, story.case.version)
    chosen = story.offer is not None and story.offer.unit is not None
    return promised.level not in INFORMING and (chosen or not promised.choosing)


def _names(ids: set[int]) -> dict[int, str]:
    return {i: f"{r.given_name} {r.family_name}" for i, r in people.residents(ids).items()}


def _facts(story: viewing.Story, now: Any) -> list[dict[str, Any]]:
    """Return the facts behind the offer as they were used, or as the purpose sees them now."""
    row, language = story.case, get_language() or "en"
    leaves = story.offer.reasons if story.offer else []
    if not leaves and row.state in LOOKED_AT:
        leaves = viewing.facts(case=row.id, at=now)
    made = plugin(row.service)
    return [
        {"told": reason(made, leaf, language), "missing": leaf["value"] is None and not story.offer}
        for leaf in leaves
    ]


def _recipient(recipient: Recipient, story: viewing.Story, names: dict[int, str]) -> dict[str, Any]:
    """Return who may answer, in which language, and the last thing that they said to this offer."""
    steps = [e for e in story.events if e.what.startswith("step.")]
    sent = max((i for i, e in enumerate(steps) if e.what == "step.offer"), default=0)
    said = [e for e in steps[sent:] if e.by == recipient.person]
    answered = story.offer is not None and story.offer.answered_by == recipient.person
    return {
        "id": recipient.id,
        "name": names.get(recipient.person, ""),
        "language": words.spoken(words.SPOKEN, recipient.language),
        "said": words.spoken(words.EVENTS, said[-1].what) if said else "",
        "at": said[-1].at if said else None,
        "answered": answered,
    }


def _fact(row: Case, name: str) -> str:
    fact = questions.fact_of(plugin(row.service), name)
    return fact.label.say(get_language() or "en")


def _missing(row: Case, now: Any) -> list[dict[str, str]]:
    if row.state != "unclear":
        return []
    language = get_language() or "en"
    return [
        {"name": f.name, "label": f.label.say(language), "type": f.type, "unit": f.unit}
        for f in questions.missing(case=row.id, at=now)
    ]


def _event(event: viewing.Event, names: dict[int, str]) -> dict[str, Any]:
    text = words.spoken(words.OPENING, event.text) if event.what == "opened" else event.text
    system = event.by_kind == "system" or not event.by
    who = _("the city’s system") if system else names.get(event.by, "")
    return {
        "at": timezone.localtime(event.at),
        "what": words.spoken(words.EVENTS, event.what),
        "who": _("to %(name)s") % {"name": who} if event.what == "sent" else who,
        "text": text,
    }


@open_to(*STAFF)
def act(request: Any, case: UUID, name: str) -> Any:
    """Do one thing with an opened case; what is refused is told beside what was written."""
    _known(case)
    target = redirect(reverse("case", kwargs={"case": case}))
    looks = desk.may_look(case=case, by=request.actor, at=request.time.now)
    if request.method != "POST" or name not in ACTS or not looks:
        return target
    reason_given = request.POST.get("reason", "")
    doing = {"case": case, "by": request.actor, "at": request.time.now}
    try:
        ACTS[name].do(request, reason=reason_given, **doing)
    except StadiError as error:
        said = {"tried": name, "reason": reason_given, "posted": request.POST}
        return _page(request, case, {**said, "error": _told(request, case, error)}, 409)
    _spend(request, case)
    request.session["told"] = _("Done. It is in the timeline.")
    return target


def _told(request: Any, case: UUID, error: StadiError) -> str:
    if isinstance(error, questions.AnswerUnfitError):
        made = plugin(Case.objects.get(id=case).service)
        return words.fit(questions.fact_of(made, request.POST["fact"]))
    return words.refused(error)


def _spend(request: Any, case: UUID) -> None:
    begun = _since(request).pop(case.hex, None)
    request.session.modified = True
    if begun is not None:
        spent = timedelta(seconds=time.time() - begun)
        desk.spend(case=case, by=request.actor, spent=spent)


def _paper(request: Any, case: UUID) -> Decision | None:
    """Return a case's decision to an official who opened the case for a reason, else None."""
    if not desk.may_look(case=case, by=request.actor, at=request.time.now):
        return None
    found = fulfil.decision(case=case)
    if found is None:
        raise Http404
    return found


@open_to(*STAFF)
def decision(request: Any, case: UUID) -> Any:
    """Show a decision, signed or not, to whoever opened its case."""
    if (found := _paper(request, case)) is None:
        return redirect(reverse("case", kwargs={"case": case}))
    return HttpResponse(fulfil.decision_html(decision=found, language=get_language() or "en"))


@open_to(*STAFF)
def decision_pdf(request: Any, case: UUID) -> Any:
    """Give a decision as a file to whoever opened its case."""
    if (found := _paper(request, case)) is None:
        return redirect(reverse("case", kwargs={"case": case}))
    return pdf(fulfil.decision_pdf(decision=found, language=get_language() or "en"), found.number)


@open_to(*STAFF)
def letter(request: Any, case: UUID) -> Any:
    """Show an offer as letters to print, each in its reader's language; no link is needed."""
    _known(case)
    if not desk.may_look(case=case, by=request.actor, at=request.time.now):
        return redirect(reverse("case", kwargs={"case": case}))
    found = Recipient.objects.select_related("offer__case").filter(offer=case).order_by("person")
    letters = [
        {"language": language, "body": _letter(recipient, language, request)}
        for recipient in found
        for language in spoken(recipient.language)
    ]
    context = {"letters": letters, "case": case, "number": reading.receipt(case)}
    return render(request, "offers/letter.html", context)


def _letter(recipient: Recipient, language: str, request: Any) -> str:
    with override(language):
        context = {
            "offer": card(recipient, request.time.now),
            "name": _names({recipient.person}).get(recipient.person, ""),
        }
        return render_to_string("offers/_letter.html", context, request=request)
