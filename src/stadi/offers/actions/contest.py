"""Contest: somebody says that it is wrong, nothing adverse goes on, another official decides."""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from stadi.kit.actor import Actor
from stadi.offers.actions.answers import for_person
from stadi.offers.actions.cases import must, standing
from stadi.offers.domain import ReasonMissingError
from stadi.offers.models import Case, Note, Transition
from stadi.record import actions as record
from stadi.record.domain import News

LONGEST = 4_000  # characters of what is written about a case


def written(text: str) -> str:
    """Return the words of a note, or raise: none are no reason, and too many are cut by nobody."""
    text = text.replace("\0", "").strip()
    if not text:
        message = "write a reason: somebody will read it later"
        raise ReasonMissingError(message)
    if len(text) > LONGEST:
        message = f"this is too long: write at most {LONGEST} characters"
        raise ReasonMissingError(message)
    return text


@transaction.atomic
def contest(*, link: UUID, text: str, by: Actor, at: datetime) -> None:
    """Say that what happened in a case is wrong: its claims and its clock stand still."""
    case, words = for_person(link=link, person=by.id).offer_id, written(text)
    must(by={case: by}, path=("contest",), at=at, reason="contested")
    Note.objects.create(case_id=case, by=by.id, at=at, kind="contest", text=words)


@transaction.atomic
def uphold(*, case: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Find it right as it was: the case goes on from where it stood, with the time it had left."""
    _decided(case, reason, by, at)
    must(by={case: by}, path=("uphold",), at=at, reason="upheld")


@transaction.atomic
def correct(*, case: UUID, reason: str, by: Actor, at: datetime) -> UUID:
    """Find it wrong: what was done is undone, and a new case waits for a person; return its id."""
    _decided(case, reason, by, at)
    must(by={case: by}, path=("correct",), at=at, reason="corrected")
    old, terms = Case.objects.get(id=case), standing([case])[case].terms
    new = Case.objects.create(
        id=uuid4(),
        service=old.service,
        version=old.version,
        subject=old.subject,
        round=old.round,
        term=old.term,
        state="held",
        reason="after_correction",
        since=at,
        deadline=at + terms.queue,
        screening=old.screening,
    )
    Transition.objects.create(
        case=new, old="", new="held", at=at, actor=by.id, actor_kind=by.kind, name="screen"
    )
    body = {"corrects": case}
    record.write(News(kind="offers.reopened", case=new.id, body=body), by=by, at=at)
    return new.id


def _decided(case: UUID, reason: str, by: Actor, at: datetime) -> None:
    Note.objects.create(case_id=case, by=by.id, at=at, kind="verdict", text=written(reason))
