"""What an official may do with a case: each act, when it makes sense, and what its form gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from stadi.fulfil.domain import Award, PlanError
from stadi.offers.actions import answers, contest, desk, mending, questions, reviewing
from stadi.offers.domain import STEPS, Answer, ReasonMissingError
from stadi.offers.models import Case, Recipient
from stadi.offers.pages import words
from stadi.offers.pages.amounts import award_of
from stadi.offers.plugins import plugin


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - a bigint


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something an official may do with a case, and the states in which it makes sense."""

    name: str
    states: tuple[str, ...]
    do: Callable[..., object]


def _send(request: Any, **doing: Any) -> None:
    desk.send(**doing, unit=_number(request.POST.get("unit", "")))


def _just(action: Callable[..., object]) -> Callable[..., object]:
    """Return an act that needs nothing from its form but the reason."""
    return lambda _request, **doing: action(**doing)


def _award(action: Callable[..., object]) -> Callable[..., object]:
    """Return an act with the award that waits in a case."""

    def act(_request: Any, *, case: UUID, **doing: Any) -> None:
        waiting = award_of(Case.objects.get(id=case))
        if waiting is None:
            message = "this award waits for nobody: it was decided, or the facts changed again"
            raise PlanError(message)
        action(award=waiting.id, **doing)

    return act


def _note(_request: Any, *, reason: str, **doing: Any) -> None:
    desk.note(text=reason, **doing)


def _ask(request: Any, *, reason: str, **doing: Any) -> None:
    del reason  # the missing fact is the reason
    questions.ask(fact=request.POST.get("fact", ""), **doing)


def _mend(request: Any, **doing: Any) -> None:
    case, name, value = doing["case"], request.POST.get("fact", ""), request.POST.get("value", "")
    uses = plugin(Case.objects.get(id=case).service).service.purpose.uses
    unit = next((fact.unit for fact in uses if fact.name == name), "")
    mending.mend(**doing, fact=name, value=words.plain(value, unit))


def _answer(request: Any, *, case: UUID, reason: str, by: Any, at: Any) -> None:
    posted = request.POST
    links = {str(r.id): r.id for r in Recipient.objects.filter(offer=case)}
    if posted.get("link") not in links or posted.get("way") not in words.WAYS:
        message = "say how and why the answer reached you"
        raise ReasonMissingError(message)
    given = Answer(
        link=links[posted["link"]],
        says=posted.get("says", ""),
        by=by,
        unit=_number(posted.get("unit", "")),
        way=posted["way"],
        reason=reason,
    )
    for refused in answers.answer_many(answers=[given], at=at):
        raise refused.error


ACTS = {
    act.name: act
    for act in (
        Act(name="send", states=("held",), do=_send),
        Act(name="take-up", states=("expired",), do=_just(desk.take_up)),
        Act(name="ask", states=("unclear",), do=_ask),
        Act(name="mend", states=("unclear",), do=_mend),
        Act(name="answer", states=("offered", "seen", "accepted", "declined"), do=_answer),
        Act(name="lower", states=(), do=_award(reviewing.lower)),
        Act(name="leave", states=(), do=_award(reviewing.leave)),
        Act(name="uphold", states=("contested",), do=_just(contest.uphold)),
        Act(name="correct", states=("contested",), do=_just(contest.correct)),
        Act(name="close", states=STEPS["close"].old, do=_just(desk.close)),
        Act(name="withdraw", states=STEPS["withdraw"].old, do=_just(desk.withdraw)),
        Act(name="note", states=(), do=_note),
    )
}


def fit(row: Case, recipients: Sequence[Recipient], award: Award | None, kind: str) -> list[str]:
    """Return what this kind of official may do with a case where it stands; a note always."""
    useless = {"answer"} if not recipients or kind != "official" else set()
    useless |= {"withdraw"} if row.sent_at is None or row.state == "contested" else set()
    useless |= {"lower", "leave"} if award is None else set()
    useless |= {"lower"} if award is not None and award.review_cents is None else set()
    fit = [name for name, act in ACTS.items() if not act.states or row.state in act.states]
    return [name for name in fit if name not in useless]
