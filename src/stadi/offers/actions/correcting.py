"""A wrong fact: a resident says so, an official writes it into the register or says why not."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from stadi.consent import corrections
from stadi.consent.domain import Correction
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.kit.rule import Fact
from stadi.kit.service import Plugin
from stadi.kit.text import spoken
from stadi.messages import actions as messages
from stadi.messages.domain import Letter
from stadi.offers.actions import checking
from stadi.offers.actions.changes import reconsider
from stadi.offers.actions.letters import said
from stadi.offers.actions.mending import SOURCE
from stadi.offers.actions.questions import read
from stadi.offers.plugins import plugins
from stadi.people import actions as people


class FactNotYoursError(StadiError):
    """The fact is not one that this person sees of whom they check."""


class NothingNewError(StadiError):
    """The register says already what would be written into it."""


def ask(*, subject: int, fact: str, said: str, why: str, by: Actor, at: datetime) -> UUID:  # noqa: PLR0913 - who says what of which fact, and why
    """Ask the register's owner to correct a fact that the asker sees; return the request."""
    seen = checking.correctable(subject=subject, by=by.id, at=at)
    if fact not in seen:
        message = "this is not a fact that you see here: choose one of those on the page"
        raise FactNotYoursError(message)
    held = seen[fact]
    value = said if held.relation.many else read(held, said, at.date())
    return corrections.ask(subject=subject, fact=fact, said=value, why=why, by=by, at=at)


def fact_of(name: str) -> tuple[Plugin, Fact] | None:
    """Return a fact that was asked about, and a service that uses it; None where none does."""
    for plugin in plugins().values():
        for fact in plugin.service.purpose.uses:
            if fact.name == name:
                return plugin, fact
    return None


def writes(fact: Fact) -> bool:
    """Return whether a corrected fact is written here: one of many rows is not."""
    return not fact.relation.many


def correct(*, correction: UUID, value: str, reason: str, by: Actor, at: datetime) -> None:
    """Write the right value into the register and tell who asked; the rules are asked again.

    A fact that is not written here is corrected where its register is kept, and comes from there.
    """
    with transaction.atomic():
        decided = corrections.correct(correction=correction, reason=reason, by=by, at=at)
        held = fact_of(decided.fact)
        if held is not None and writes(held[1]):
            _write(decided.subject, held[1], read(held[1], value, at.date()), by, at)
        _tell(decided, at)
    # apart from the writing, since a purpose sees what is committed
    around = [decided.subject, *people.at_home_with([decided.subject], at)]
    for plugin in plugins().values():
        reconsider(plugin=plugin, subjects=around, by=SYSTEM, at=at)


def refuse(*, correction: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Leave the register as it is, and tell who asked that there is an answer."""
    with transaction.atomic():
        _tell(corrections.refuse(correction=correction, reason=reason, by=by, at=at), at)


def _write(subject: int, fact: Fact, value: str, by: Actor, at: datetime) -> None:  # noqa: PLR0917 - one fact, one line
    table = fact.relation.table
    known = people.lineages(subjects=[subject], register=table, at=at).get(subject)
    # a lasting fact was wrong all the time, any other is right from today
    since = known[1] if known and fact.lasting else at.date()
    written = people.change(
        subject=subject,
        register=table,
        values={fact.column: value},
        true_since=since,
        source=SOURCE,
        by=by,
        at=at,
    )
    if not written:
        message = "the register says this already: write what is right, or refuse the request"
        raise NothingNewError(message)


def _tell(decided: Correction, at: datetime) -> None:
    found = people.resident(decided.asked_by)
    language = found.language if found else ""
    subject, body = said(f"correction.{decided.state}", language)
    who = checking.handle(subject=decided.subject, by=decided.asked_by)
    letter = Letter(
        recipient=decided.asked_by,
        key=f"correction:{decided.id}",
        subject=subject,
        body=body,
        link=f"/{spoken(language)[0]}/check/{who}",
        language=language,
        counted=False,
    )
    messages.send(letters=[letter], by=SYSTEM, at=at)
