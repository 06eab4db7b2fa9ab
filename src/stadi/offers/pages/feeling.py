"""How it was: five buttons, one tap, and a word of thanks."""

from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from stadi.kit.access import RESIDENT, open_to
from stadi.offers.actions import answers, feeling
from stadi.offers.domain import NotOpenError
from stadi.offers.pages.cards import card
from stadi.offers.pages.frames import honest
from stadi.offers.plugins import plugin


def felt_words() -> list[tuple[int, str]]:
    """Return how good it may have been, the best first, in words."""
    return [(good, _(said)) for good, said in feeling.FELT.items()]


@open_to(RESIDENT)
@honest
def feedback(request: Any, link: UUID) -> Any:
    """Ask how it was: a GET asks or thanks, a POST counts the answer."""
    recipient = answers.for_person(link=link, person=request.actor.id)
    if request.method == "POST":
        given = request.POST.get("good", "")
        good = int(given) if given in map(str, feeling.FELT) else 0
        feeling.feel(link=link, good=good, by=request.actor, at=request.time.now)
        return redirect(reverse("feedback", kwargs={"link": link}))
    shown, made = card(recipient, request.time.now), plugin(recipient.offer.case.service)
    if not (shown.can_tell or recipient.felt):
        message = "nobody was asked yet how it was"
        raise NotOpenError(message)
    question = made.say("feedback", get_language() or "en")
    context = {"offer": shown, "question": question, "felt": felt_words()}
    return render(request, "offers/feedback.html", context)
