"""What somebody answered for themselves and shares: kept with the case, for a person who calls."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from stadi.kit.actor import Actor
from stadi.offers.actions.answers import ask, for_person
from stadi.offers.domain import ReasonMissingError
from stadi.offers.models import Note
from stadi.offers.plugins import plugin
from stadi.record import actions as record
from stadi.record.domain import News

KIND = "self_check"


class NoConsentError(ReasonMissingError):
    """Nobody said that this may be shared."""


def sentences(*, service: str, language: str) -> dict[int, str]:
    """Return the sentences of a service's self-check, by number."""
    made = plugin(service)
    numbers = range(1, made.service.offer.self_check + 1)
    return {n: made.say(f"{KIND}.{n}", language) for n in numbers}


@transaction.atomic
def share(  # noqa: PLR0913 - what is shared, in which words, and that it may be
    *, link: UUID, ticked: Collection[int], language: str, consented: bool, by: Actor, at: datetime
) -> None:
    """Keep the ticked sentences with the case and ask a person to call, both or neither.

    Only the reader's own, and only with their consent; the same sentences twice are kept once.
    """
    case = for_person(link=link, person=by.id).offer.case
    if not consented:
        message = "nothing is shared before you say that it may be: tick the box above the button"
        raise NoConsentError(message)
    asked = sentences(service=case.service, language=language)
    text = "\n".join(said for number, said in asked.items() if number in ticked)
    if not text:
        message = "tick at least one sentence; nothing was shared"
        raise ReasonMissingError(message)
    ask(link=link, by=by, at=at)
    if Note.objects.filter(case=case, by=by.id, kind=KIND, text=text).exists():
        return
    Note.objects.create(case=case, by=by.id, at=at, kind=KIND, text=text)
    record.write(News(kind="offers.shared", case=case.id, body={"consent": KIND}), by=by, at=at)


def shared(*, case: UUID, person: int) -> list[Note]:
    """Return what this person shared; nobody else's is theirs to read."""
    return list(Note.objects.filter(case=case, kind=KIND, by=person).order_by("id"))
