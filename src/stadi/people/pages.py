"""Sign-in: in a demo city, the picker of invented people."""

from typing import Any

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from stadi.kit.access import ANYONE, open_to
from stadi.kit.text import LANGUAGES
from stadi.people import actions as people

STORIES = {
    "guardian": gettext_noop("Her son starts pre-primary education. The place is ready."),
    "other_guardian": gettext_noop("The same child’s other guardian, living in another home."),
    "private_care": gettext_noop(
        "Her child is in private care, and is offered a place all the same."
    ),
    "safety_ban": gettext_noop(
        "A family with a safety ban. A person, never a screen, takes it further."
    ),
    "no_language": gettext_noop("Nobody knows his language, so he is written to in all three."),
    "young": gettext_noop("Left school a week ago, and has no study place."),
    "minor": gettext_noop("He is 15 and left school. What he answers is his own business."),
    "minor_guardian": gettext_noop("The 15-year-old’s guardian, and the father of Sara’s baby."),
    "patient": gettext_noop("His blood pressure has not been measured for more than a year."),
    "tenant": gettext_noop("Her rent is high beside her income. She never applied for anything."),
    "rent_unknown": gettext_noop("As poor as that, and no register knows his rent."),
    "child": "",
    "official": gettext_noop("Works through what a rule cannot decide."),
    "second_official": gettext_noop("Decides what somebody contests after a colleague decided."),
    "clinician": gettext_noop("Sees her patients’ cases first, and decides on each."),
    "manager": gettext_noop("Sees whom the services reach, and whom they do not."),
}
ROLES = {
    "official": "official",
    "second_official": "official",
    "clinician": "official",
    "manager": "manager",
}
HOMES = {"official": "staff", "manager": "reach"}


@open_to(ANYONE)
def sign_in(request: Any) -> Any:
    """Let a visitor of the demo be one of its invented people."""
    shown = [p for p in people.personas() if p.persona != "child"] if request.time.demo else []
    if request.method == "POST":
        chosen = {str(p.subject): p for p in shown}.get(request.POST.get("person", ""))
        if chosen is None:
            return render(request, "404.html", status=404)
        request.session.cycle_key()
        request.session["person"] = chosen.subject
        after = request.POST.get("next", "")
        to_home = after.strip("/") in ("", *LANGUAGES)
        if to_home or not url_has_allowed_host_and_scheme(after, allowed_hosts=None):
            after = reverse(HOMES.get(ROLES.get(chosen.persona, ""), "home"))
        return HttpResponseRedirect(after)
    personas = [
        {
            "id": p.subject,
            "name": f"{p.given_name} {p.family_name}",
            "story": _(STORIES.get(p.persona, "")) if STORIES.get(p.persona) else "",
            "role": ROLES.get(p.persona, "resident"),
            "language": p.language,
        }
        for p in shown
    ]
    context = {"personas": personas, "next": request.GET.get("next", "")}
    return render(request, "people/picker.html", context)
