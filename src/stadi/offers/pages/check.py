"""Check me: what every service says of the reader or their child, and a fact that is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from stadi.consent import corrections
from stadi.consent.domain import AskedAlreadyError, Correction, WordsUnfitError
from stadi.engine.contrast import Change
from stadi.kit.access import RESIDENT, open_to
from stadi.kit.rule import Fact
from stadi.offers.actions import checking, correcting
from stadi.offers.actions.questions import AnswerUnfitError
from stadi.offers.domain import NotYoursError
from stadi.offers.pages import words
from stadi.offers.pages.desk import shown_by
from stadi.offers.pages.frames import notice
from stadi.offers.pages.told import value as told_value
from stadi.offers.plugins import plugin
from stadi.people import actions as people

# outcome -> how it looks, what its tag says and what it means
OUTCOMES = {
    "yes": ("good", gettext_noop("Yes"), gettext_noop("Every condition is met today.")),
    "unknown": (
        "calm",
        gettext_noop("Not known"),
        gettext_noop("A fact is missing, so nobody can say yes or no yet."),
    ),
    "no": ("calm", gettext_noop("Not today"), gettext_noop("A condition is not met today.")),
    "stopped": (
        "calm",
        gettext_noop("Stopped"),
        gettext_noop("This service was stopped, so it looks at no facts."),
    ),
}
HOLDS = {
    True: ("yes", gettext_noop("Met:")),
    False: ("no", gettext_noop("Not met:")),
    None: ("unknown", gettext_noop("Not known:")),
}
STATES = {
    "open": gettext_noop("Waits for an official"),
    "done": gettext_noop("Corrected"),
    "refused": gettext_noop("Not corrected"),
}
UNFIT = {
    "write 1 to 200 characters on one line": gettext_noop("Write 1 to 200 characters."),
    "write at most 1000 characters": gettext_noop("Write at most 1,000 characters."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fact as a page shows it; `wrong_url` is where to say that it is wrong, if one may."""

    label: str
    value: str
    source: str
    since: date | None
    wrong_url: str
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One rule as a page shows it."""

    icon: str
    holds: str
    sentence: str
    facts: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one service says, as a page shows it."""

    service: str
    title: str
    tag: str
    tone: str
    outcome: str
    said: str
    meaning: str
    reasons: tuple[Condition, ...]
    decided_by: str
    lacking: str
    changes: tuple[tuple[str, str], ...]
    turns_yes: date | None
    days: int
    law: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """Whom the reader checks: the address names nobody."""

    subject: int
    handle: str
    name: str
    oneself: bool

    @property
    def url(self) -> str:
        """Return where this check is."""
        return reverse("check", kwargs={"who": self.handle})


View = Callable[..., Any]


def _honest(view: View) -> View:
    """Turn what cannot be checked into a page of words."""

    @wraps(view)
    def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except (NotYoursError, correcting.FactNotYoursError):
            body = _(
                "You may check yourself and the children under 15 whom you answer for, and ask to"
                " correct the facts that you see there. If somebody is missing, ask a person."
            )
            return notice(request, _("We cannot show this"), body, 404)
        except checking.NobodyError:
            body = _("The registers hold nothing now of whom you ask about. Ask a person.")
            return notice(request, _("We cannot show this"), body, 404)

    return answer


@open_to(RESIDENT)
@_honest
def show(request: Any, who: str = checking.ONESELF) -> Any:
    """Show what every service says of the reader or of their child."""
    everyone = _everyone(request)
    chosen = _chosen(everyone, who)
    found = checking.check(subject=chosen.subject, by=request.actor, at=request.time.now)
    asked = corrections.asked(subject=chosen.subject, by=request.actor.id)
    context = {
        "everyone": everyone,
        "chosen": chosen,
        "answers": _answers(found, chosen, asked),
        "asked": [_request(correction) for correction in asked],
        "told": shown_by(request),
    }
    return render(request, "offers/check.html", context)


@open_to(RESIDENT)
@_honest
def wrong(request: Any, who: str, fact: str) -> Any:
    """Let the reader say that a fact is wrong: a GET asks, a POST sends it to an official."""
    chosen, at = _chosen(_everyone(request), who), request.time.now
    seen = checking.correctable(subject=chosen.subject, by=request.actor.id, at=at)
    if fact not in seen:
        raise correcting.FactNotYoursError
    if request.method != "POST":
        return _form(request, chosen, seen[fact], "")
    given = request.POST.get("said", "")
    posted = {"said": words.plain(given, seen[fact].unit), "why": request.POST.get("why", "")}
    offered = [code for code, _words in choices(seen[fact])]
    if offered and posted["said"] not in offered:
        return _form(request, chosen, seen[fact], _("Choose one of these."))
    try:
        correcting.ask(subject=chosen.subject, fact=fact, **posted, by=request.actor, at=at)
    except (AnswerUnfitError, WordsUnfitError) as error:
        return _form(request, chosen, seen[fact], unfit(error, seen[fact]))
    except AskedAlreadyError:
        return _form(request, chosen, seen[fact], _("You have asked about this fact already."))
    request.session["told"] = _(
        "Your request was sent. An official answers it, and we write to you."
    )
    return redirect(chosen.url)


def unfit(error: Exception, fact: Fact) -> str:
    """Return what is wrong with what somebody wrote, as people read it."""
    if isinstance(error, AnswerUnfitError):
        return words.fit(fact)
    return words.spoken(UNFIT, str(error))


def _everyone(request: Any) -> list[Checking]:
    by = request.actor.id
    subjects = checking.subjects(by=by, at=request.time.now)
    named = people.residents(subjects)
    return [
        Checking(
            subject=subject,
            handle=checking.handle(subject=subject, by=by),
            name=named[subject].given_name if subject in named else "",
            oneself=subject == by,
        )
        for subject in subjects
    ]


def _chosen(everyone: Sequence[Checking], who: str) -> Checking:
    for one in everyone:
        if one.handle == who:
            return one
    raise NotYoursError


def _answers(
    found: Sequence[checking.Checked], chosen: Checking, asked: Sequence[Correction]
) -> list[Answer]:
    """Return the answers, what is met first."""
    waiting = {correction.fact for correction in asked if correction.state == "open"}
    order = list(OUTCOMES)
    made = [_answer(checked, chosen, waiting) for checked in found]
    return sorted(made, key=lambda answer: (order.index(answer.outcome), answer.title))


def _answer(checked: checking.Checked, chosen: Checking, waiting: set[str]) -> Answer:
    made, language = plugin(checked.service), get_language() or "en"
    tone, said, meaning = OUTCOMES[checked.outcome]
    return Answer(
        service=checked.service,
        title=made.say("title", language),
        tag=made.say("tag", language),
        tone=tone,
        outcome=checked.outcome,
        said=_(said),
        meaning=_(meaning),
        reasons=tuple(
            _condition(reason, made.say(f"because.{reason.because}", language), chosen, waiting)
            for reason in checked.reasons
        ),
        decided_by=", ".join(checking.labels(made, checked.decided_by, language)),
        lacking=", ".join(checking.labels(made, checked.lacking, language)),
        changes=tuple(_change(change, language) for change in checked.changes),
        turns_yes=checked.turns_yes,
        days=(checked.turns_yes - checked.as_of).days if checked.turns_yes else 0,
        law=made.say("law", language),
        version=f"{checked.service} {checked.version}",
    )


def _condition(
    reason: checking.Because, sentence: str, chosen: Checking, waiting: set[str]
) -> Condition:
    icon, holds = HOLDS[reason.holds]
    lines = [_line(told, chosen, waiting) for told in reason.facts]
    return Condition(icon=icon, holds=_(holds), sentence=sentence, facts=tuple(lines))


def _line(told: checking.Told, chosen: Checking, waiting: set[str]) -> Line:
    asked = told.fact.name in waiting
    address = {"who": chosen.handle, "fact": told.fact.name}
    return Line(
        label=told.fact.label.say(get_language() or "en"),
        value=_told(told),
        source=words.spoken(words.SOURCES, told.source) if told.known else "",
        since=told.since if told.known else None,
        wrong_url=reverse("wrong", kwargs=address) if told.shown else "",
        asked=asked,
    )


def _told(told: checking.Told) -> str:
    if not told.known:
        return _("not known")
    return told_value(told.fact, told.value) if told.shown else _("known, and not shown here")


def _change(change: Change, language: str) -> tuple[str, str]:
    return capfirst(change.fact.label.say(language)), told_value(change.fact, change.value)


def _request(correction: Correction) -> dict[str, Any]:
    """Return a request as its asker reads it, with what became of it."""
    held = correcting.fact_of(correction.fact)
    return {
        "fact": label(correction),
        "said": said(held[1], correction.said) if held else correction.said,
        "why": correction.why,
        "at": timezone.localtime(correction.asked_at),
        "state": correction.state,
        "words": words.spoken(STATES, correction.state),
        "decided": correction.decided_at and timezone.localtime(correction.decided_at),
        "reason": correction.reason,
    }


def label(correction: Correction) -> str:
    """Return what the fact of a request is called; one that no service uses any more, its name."""
    held = correcting.fact_of(correction.fact)
    return capfirst(held[1].label.say(get_language() or "en")) if held else correction.fact


def said(fact: Fact, text: str) -> str:
    """Return what somebody says is right as people say it."""
    if fact.relation.many:
        return text
    if fact.type == "date":
        return told_value(fact, date.fromisoformat(text))
    if fact.type == "int":
        return told_value(fact, int(text))
    return told_value(fact, text == "true") if fact.type == "bool" else told_value(fact, text)


def choices(fact: Fact) -> list[tuple[str, str]]:
    """Return the values that a register knows of a fact, each with its words; none where free."""
    if fact.type == "bool":
        return [("true", _("Yes")), ("false", _("No"))]
    return [(code, _(words_)) for code, words_ in words.CODES.get(fact.name, {}).items()]


def _form(request: Any, chosen: Checking, fact: Fact, error: str) -> Any:
    context = {
        "chosen": chosen,
        "fact": fact,
        "label": fact.label.say(get_language() or "en"),
        "choices": choices(fact),
        "given": request.POST.get("said", ""),
        "why": request.POST.get("why", ""),
        "error": error,
    }
    return render(request, "offers/wrong.html", context, status=400 if error else 200)
