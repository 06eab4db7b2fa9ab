"""One question about one missing fact: asked of those who may know, answered once."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from stadi.consent import actions as consent
from stadi.engine import contrast
from stadi.engine.explain import Person
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.rule import Fact
from stadi.kit.service import Plugin
from stadi.messages import actions as messages
from stadi.offers.actions.changes import reconsider
from stadi.offers.actions.finding import Found, find
from stadi.offers.actions.letters import question_letters
from stadi.offers.actions.looking import look_at
from stadi.offers.domain import NotOpenError, NotYoursError
from stadi.offers.models import Case, Question
from stadi.offers.plugins import plugin

LONGEST = 200  # characters of an answer, as of a register's text


class NothingToAskError(StadiError):
    """No single missing fact would settle the case, or nobody is known who could tell it."""


class AnswerUnfitError(StadiError):
    """The answer is not what was asked for; the sentence says what is."""


def missing(*, case: UUID, at: datetime) -> list[Fact]:
    """Return the facts of an unclear case that are missing, and of which one may be asked."""
    made, found = _found(case, at)
    return _lacking(made, found.person, at.date()) if found else []


def can_be_asked(*, case: UUID, at: datetime) -> bool:
    """Return whether anybody is on record who could tell what is missing."""
    _made, found = _found(case, at)
    return found is not None and bool(found.recipients)


def _found(case: UUID, at: datetime) -> tuple[Plugin, Found | None]:
    """Look at whom a case is about; not within a transaction, whose writes no purpose sees."""
    row = Case.objects.get(id=case)
    made = plugin(row.service)
    seen = look_at(plugin=made, subjects=[row.subject], at=at)
    return made, next(iter(find(made, seen, {row.subject: case})), None)


def _lacking(made: Plugin, person: Person, day: date) -> list[Fact]:
    lacking = contrast.lacking(made.service.who, person, as_of=day)
    return [fact for fact in lacking if not fact.relation.many]


def ask(*, case: UUID, fact: str, by: Actor, at: datetime) -> UUID:
    """Ask those who may know one missing fact; return the question, the same if asked before."""
    made, found = _found(case, at)
    if found is None or fact not in {f.name for f in _lacking(made, found.person, at.date())}:
        message = "this fact is not missing in this case: look at it again"
        raise NothingToAskError(message)
    if not found.recipients:
        message = "nobody is on record who could tell: mend the register instead"
        raise NothingToAskError(message)
    with transaction.atomic():
        return _asked(case, fact, found.recipients, by, at)


def _asked(  # noqa: PLR0917 - one question, one line
    case: UUID, fact: str, people: Sequence[tuple[int, str]], by: Actor, at: datetime
) -> UUID:
    row = Case.objects.select_for_update().get(id=case)
    if row.state != "unclear":
        message = "this case is not unclear any more"
        raise NotOpenError(message)
    held = Question.objects.filter(case=row, fact=fact, answered_at=None).first()
    if held is not None:
        return held.id
    ids = [person for person, _ in people]
    asked = Question.objects.create(id=uuid4(), case=row, fact=fact, people=ids, asked_at=at)
    messages.send(letters=question_letters(asked.id, case, people), by=by, at=at)
    return asked.id


def open_to(*, person: int) -> list[Question]:
    """Return the questions that a person may answer now; what was settled is not asked."""
    open_ = Question.objects.filter(case__state="unclear", answered_at=None)
    found = open_.filter(people__contains=[person])
    return list(found.select_related("case").order_by("asked_at"))


def answer(*, question: UUID, value: str, by: Actor, at: datetime) -> None:
    """Answer a question; the rules are asked again at once, and the case follows.

    The answer is a fact that the asking service alone sees; a register is not changed by it.
    """
    with transaction.atomic():
        asked = Question.objects.select_for_update().filter(id=question).first()
        if asked is None or by.id not in asked.people:
            message = "this question was asked of somebody else"
            raise NotYoursError(message)
        if asked.answered_at is not None:
            message = "this question has been answered"
            raise NotOpenError(message)
        case = Case.objects.get(id=asked.case_id)
        if case.state != "unclear":
            message = "this case is not unclear any more"
            raise NotOpenError(message)
        made = plugin(case.service)
        fact = fact_of(made, asked.fact)
        asked.answered_at, asked.answered_by = at, by.id
        asked.save(update_fields=["answered_at", "answered_by"])
        consent.tell(
            subject=case.subject,
            purpose=made.service.purpose,
            fact=fact,
            value=read(fact, value, at.date()),
            by=by,
            at=at,
        )
    reconsider(plugin=made, subjects=[case.subject], by=SYSTEM, at=at)


def fact_of(made: Plugin, name: str) -> Fact:
    """Return a fact that a service's purpose uses, by its name."""
    return next(fact for fact in made.service.purpose.uses if fact.name == name)


def read(fact: Fact, text: str, today: date) -> str:
    """Return what somebody wrote as a value of the fact's type, or say what is wrong with it."""
    text = text.strip()
    try:
        return READ[fact.type](text, today)
    except ValueError as error:
        message = f"{fact.label.en}: {error}"
        raise AnswerUnfitError(message) from error


def _date(text: str, today: date) -> str:
    day = date.fromisoformat(text)
    if not day.year >= 1900 or day > today:  # noqa: PLR2004 - nobody who is asked is older
        raise ValueError("give a day that has been, such as 2021-05-05")
    return day.isoformat()


def _number(text: str, today: date) -> str:
    del today
    if (number := int(text)) < 0:
        raise ValueError("write a whole number, 0 or above")
    return str(number)


def _truth(text: str, today: date) -> str:
    del today
    if text not in ("true", "false"):
        raise ValueError("say true or false")
    return text


def _text(text: str, today: date) -> str:
    del today
    if not text or not text.isprintable() or len(text) > LONGEST:
        raise ValueError(f"write 1 to {LONGEST} characters")
    return text


READ = {"date": _date, "int": _number, "bool": _truth, "text": _text}
