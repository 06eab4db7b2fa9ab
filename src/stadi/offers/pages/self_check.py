"""The self-check: a plain page to tick on one's own device, and a form that shares it."""

from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language

from stadi.kit.access import RESIDENT, open_to
from stadi.offers.actions import answers, self_check
from stadi.offers.domain import ReasonMissingError
from stadi.offers.pages import words
from stadi.offers.pages.cards import card
from stadi.offers.pages.frames import honest


@open_to(RESIDENT)
@honest
def check_myself(request: Any, link: UUID) -> Any:
    """Show the sentences to tick: nothing is sent before a POST shares them."""
    recipient, error = answers.for_person(link=link, person=request.actor.id), ""
    shown, language = card(recipient, request.time.now), get_language() or "en"
    if not shown.questions or (request.method != "POST" and not shown.can_check):
        return redirect(reverse("offer", kwargs={"link": link}))
    asked = self_check.sentences(service=recipient.offer.case.service, language=language)
    ticked = {int(n) for n in request.POST.getlist("said") if n in map(str, asked)}
    if request.method == "POST":
        try:
            self_check.share(
                link=link,
                ticked=ticked,
                language=language,
                consented="consent" in request.POST,
                by=request.actor,
                at=request.time.now,
            )
            return redirect(reverse("offer", kwargs={"link": link}))
        except ReasonMissingError as wrong:
            error = words.refused(wrong)
    context = {
        "offer": shown,
        "sentences": [(number, said, number in ticked) for number, said in asked.items()],
        "error": error,
    }
    return render(request, "offers/self_check.html", context, status=400 if error else 200)
