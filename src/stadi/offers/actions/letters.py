"""The letters that tell of an offer, one to each recipient in their language."""

from collections.abc import Mapping
from uuid import UUID

from django.core import signing

from stadi.kit.service import Plugin
from stadi.kit.text import LANGUAGES
from stadi.messages.domain import Letter
from stadi.offers.actions.finding import Found
from stadi.offers.models import Recipient
from stadi.people import actions as people
from stadi.twin import actions as twin

ABOUT_OFFER = "offer"  # the first part of the key of a message about an offer
LINK = signing.Signer(salt="stadi.offers.link")


def letters(plugin: Plugin, cases: Mapping[UUID, Found]) -> list[Letter]:
    """Return the letters about these cases' offers."""
    sent_to = Recipient.objects.filter(offer__in=list(cases))
    links = list(sent_to.values_list("id", "person", "offer", "offer__unit"))
    known = people.residents({f.subject for f in cases.values()})
    units = twin.names({unit for *_, unit in links if unit})
    said: dict[tuple[UUID, str], tuple[str, str, str]] = {}
    made = []
    for link, person, case, unit in links:
        found = cases[case]
        language = dict(found.recipients)[person]
        if (case, language) not in said:
            child = known[found.subject].given_name if found.subject in known else ""
            said[case, language] = _words(plugin, language, child, units.get(unit or 0, ""))
        path, subject, body = said[case, language]
        made.append(
            Letter(
                recipient=person,
                key=f"{ABOUT_OFFER}:{link}",
                subject=subject,
                body=body,
                link=f"{path}{LINK.sign(link.hex)}",
            )
        )
    return made


def _words(plugin: Plugin, language: str, child: str, unit: str) -> tuple[str, str, str]:
    """Return the path, subject and body of a letter, in all languages where none is on record."""
    spoken = [language] if language in LANGUAGES else list(LANGUAGES)
    subjects = [plugin.say("message_subject", s, child=child, unit=unit) for s in spoken]
    bodies = [plugin.say("message_body", s, child=child, unit=unit) for s in spoken]
    return f"/{spoken[0]}/o/", " · ".join(subjects), "\n\n".join(bodies)
