"""The letters about cases, to each who may answer, in their language; nothing personal in them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.text import spoken
from stadi.messages import actions as messages
from stadi.messages.domain import Letter
from stadi.offers.actions.versions import SILENCES
from stadi.offers.plugins import plugin

ABOUT_OFFER = "offer"  # the first part of the key of a message about an offer
LINK = signing.Signer(salt="stadi.offers.link")
ADDRESSEES = """
    select r.id, r.offer_id, r.person, r.language, c.service
    from offers_recipient r join offers_case c on c.id = r.offer_id
    where r.offer_id = any(%s) order by r.offer_id, r.person"""
Words = tuple[str, str]
# what happened -> subject and body; an offer's own words are the service's
WORDS: dict[str, Words] = {
    "reminder": (
        gettext_noop("A proposal still waits for your answer"),
        gettext_noop(
            "You have not answered yet. If you do nothing, a person will contact you: silence is"
            " never taken for a yes or a no."
        ),
    ),
    "reminder.lapse": (
        gettext_noop("A proposal still waits for your answer"),
        gettext_noop(
            "You have not answered yet. If you do nothing, it ends and nothing follows from it."
        ),
    ),
    "reminder.grant": (
        gettext_noop("A proposal still waits for your answer"),
        gettext_noop(
            "You have not answered yet. If you do nothing, it is granted, because the law says so."
            " Open it to see what and why, or to refuse it."
        ),
    ),
    "expired.lapse": (
        gettext_noop("The time to answer ran out"),
        gettext_noop(
            "No answer came, and nothing follows from it. The ordinary application stays open."
        ),
    ),
    "accepted": (
        gettext_noop("The other guardian said yes"),
        gettext_noop(
            "The other guardian accepted a proposal that was made to you both. If you do not agree,"
            " open it and say so: then a person decides together with you."
        ),
    ),
    "granted": (
        gettext_noop("It is granted, and nothing is asked of you"),
        gettext_noop(
            "You did not object, and the law lets us grant this without an answer. Open it to see"
            " what is granted and why. You may still refuse it."
        ),
    ),
    "feedback": (
        gettext_noop("How was it?"),
        gettext_noop("One tap tells us. Your answer is counted without your name."),
    ),
    "raised": (
        gettext_noop("Your amount goes up"),
        gettext_noop(
            "Your situation changed, and a larger amount is paid from the next month on. You need"
            " not do anything."
        ),
    ),
    "lowered": (
        gettext_noop("Your amount changes"),
        gettext_noop(
            "An official looked at your situation: a smaller amount is paid from the next month"
            " on, and nothing is asked back. Open it to see why. You may contest it."
        ),
    ),
    "noted": (
        gettext_noop("We wrote down your answer"),
        gettext_noop(
            "You told us your answer, and it stands as if you had given it here. Open it to see"
            " what was written down; if it is wrong, say so."
        ),
    ),
    "stopped": (
        gettext_noop("This service was stopped"),
        gettext_noop(
            "Somebody whom the proposal was made to as well stopped the service: it no longer"
            " holds, and nothing more is asked of you. The ordinary application stays open."
        ),
    ),
    "contested": (
        gettext_noop("Another official looks at your matter"),
        gettext_noop(
            "Somebody said that something in it is not right. Until another official has looked"
            " at it, nothing changes."
        ),
    ),
    "declined": (
        gettext_noop("The other guardian said no"),
        gettext_noop(
            "The other guardian declined a proposal that was made to you both. If you do not agree,"
            " open it and say so: then a person decides together with you."
        ),
    ),
    "held": (
        gettext_noop("A person looks at your matter"),
        gettext_noop("The answers differ, or somebody asked. A person will contact you."),
    ),
    "expired": (
        gettext_noop("The time to answer ran out"),
        gettext_noop(
            "No answer came, and we took it for neither a yes nor a no. A person will contact you,"
            " and the ordinary application stays open."
        ),
    ),
    "withdrawn": (
        gettext_noop("We take a proposal back"),
        gettext_noop(
            "We are sorry: a proposal that we sent you no longer holds. Open it to see why. The"
            " ordinary application stays open."
        ),
    ),
    "fulfilled": (
        gettext_noop("Your matter is settled"),
        gettext_noop("It is done. Open it to see what was done, and how to contest it."),
    ),
    "closed": (
        gettext_noop("We did not manage to settle your matter in time"),
        gettext_noop(
            "We are sorry. Nobody at the city answered in time. The ordinary application stays"
            " open, and you may contest this."
        ),
    ),
    "question": (
        gettext_noop("One question for you"),
        gettext_noop("One fact is missing from the register. Open this and answer one question."),
    ),
    # what the fact says stays behind the sign-in
    "correction.done": (
        gettext_noop("A fact was corrected as you asked"),
        gettext_noop(
            "An official corrected the register, and every service looks at the new fact. Your own"
            " check shows what was written."
        ),
    ),
    "correction.refused": (
        gettext_noop("We answered your request to correct a fact"),
        gettext_noop(
            "An official looked at it, and the register stays as it is. Your own check shows why,"
            " and you may ask again."
        ),
    ),
    "upheld": (
        gettext_noop("Your objection was looked at again"),
        gettext_noop("Another official looked at it and found it right. Open it to see why."),
    ),
    "corrected": (
        gettext_noop("You were right, and we correct it"),
        gettext_noop("Another official looked at it and corrects it. A new proposal follows."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One who may answer an offer, with what a letter needs of its case."""

    link: UUID
    case: UUID
    person: int
    language: str
    service: str


def addressees(cases: Collection[UUID]) -> list[Addressee]:
    """Return to whom the offers of these cases were or will be made."""
    with connection.cursor() as cursor:
        cursor.execute(ADDRESSEES, [list(cases)])
        return [
            Addressee(link=link, case=case, person=person, language=language, service=service)
            for link, case, person, language, service in cursor.fetchall()
        ]


def offer_letters(cases: Collection[UUID], at: datetime) -> list[Letter]:
    """Return the letters that tell of these offers, in the words of their services."""
    words: dict[tuple[str, str], Words] = {}
    made = []
    for who in addressees(cases):
        if (who.service, who.language) not in words:
            words[who.service, who.language] = _joined(_offered(who.service, who.language))
        channels = plugin(who.service).service.offer.channels
        made.append(_letter(who, ABOUT_OFFER, words[who.service, who.language], at, channels))
    return made


def tell(
    *, what: str, cases: Collection[UUID], at: datetime, but: Mapping[UUID, Actor] | None = None
) -> None:
    """Send one letter of a kind to everyone whom these cases are about, whoever acted left out.

    Whoever an official wrote an answer down for is told just that.
    """
    words: dict[tuple[str, str], Words] = {}
    letters = []
    for who in addressees(cases):
        actor = (but or {}).get(who.case)
        if actor is not None and actor.kind == "resident" and actor.id == who.person:
            continue
        spoke = actor is not None and actor.on_behalf_of == who.person
        key = ("noted" if spoke else _after(what, who.service), who.language)
        if key not in words:
            words[key] = said(*key)
        channels = plugin(who.service).service.offer.channels if what == "reminder" else ("inbox",)
        letters.append(_letter(who, key[0].split(".")[0], words[key], at, channels))
    if letters:
        messages.send(letters=letters, by=SYSTEM, at=at)


def _after(what: str, service: str) -> str:
    """Return the letter of a kind that says what follows from silence in this service."""
    kind = f"{what}.{SILENCES[type(plugin(service).service.offer.silence)]}"
    return kind if kind in WORDS else what


def question_letters(
    question: UUID, case: UUID, people: Collection[tuple[int, str]]
) -> list[Letter]:
    """Return the letters that ask one question; the fact is named on the page, behind sign-in."""
    made = []
    for person, language in people:
        subject, body = said("question", language)
        made.append(
            Letter(
                recipient=person,
                key=f"question:{question}:{person}",
                subject=subject,
                body=body,
                link=f"/{spoken(language)[0]}/questions/{question}",
                about=case,
                language=language,
            )
        )
    return made


def _letter(  # noqa: PLR0917 - what one letter is made of
    who: Addressee, what: str, words: Words, at: datetime, channels: tuple[str, ...]
) -> Letter:
    subject, body = words
    return Letter(
        recipient=who.person,
        key=f"{what}:{who.link}:{at.timestamp():.6f}",
        subject=subject,
        body=body,
        link=f"/{spoken(who.language)[0]}/o/{LINK.sign(who.link.hex)}",
        about=who.case,
        language=who.language,
        channels=channels,
        counted=what in (ABOUT_OFFER, "reminder"),
    )


def _offered(service: str, language: str) -> Iterator[Words]:
    made = plugin(service)
    for one in spoken(language):
        yield made.say("message_subject", one), made.say("message_body", one)


def said(what: str, language: str) -> Words:
    """Return the subject and the body of a kind of letter, in all languages where it is none."""
    return _joined(_translated(WORDS[what], language))


def _translated(words: Words, language: str) -> Iterator[Words]:
    subject, body = words
    for one in spoken(language):
        with override(one):
            yield _(subject), _(body)


def _joined(parts: Iterator[Words]) -> Words:
    subjects, bodies = zip(*parts, strict=True)
    return " · ".join(subjects), "\n\n".join(bodies)
