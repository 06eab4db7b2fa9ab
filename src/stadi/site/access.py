"""Who is asking, may they open this page, and the frame that every page shares."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from stadi.kit.access import ANYONE, MANAGER, OFFICIAL, RESIDENT
from stadi.kit.actor import Actor
from stadi.people import actions as people
from stadi.record import actions as record

STAFF = {
    "official": OFFICIAL,
    "second_official": OFFICIAL,
    "clinician": OFFICIAL,
    "manager": MANAGER,
}
NAV = (
    (RESIDENT, "home", gettext_noop("Home")),
    (RESIDENT, "inbox", gettext_noop("Messages")),
    (OFFICIAL, "staff", gettext_noop("Today")),
    (OFFICIAL, "decisions", gettext_noop("To sign")),
    (OFFICIAL, "reach", gettext_noop("Whom we reach")),
    (MANAGER, "reach", gettext_noop("Whom we reach")),
    (MANAGER, "staff", gettext_noop("Today")),
)
NOBODY = Actor(kind="guest")


class AccessMiddleware:
    """Knows who is signed in; refuses a page that does not say who may open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Attach the city's time and the actor, let the page answer, keep it out of every cache."""
        request.time = record.read_clock()
        request.actor, request.actor_name = _who(request)
        response = self.get_response(request)
        add_never_cache_headers(response)
        return response

    def process_view(self, request: Any, view: Any, _args: Any, _kwargs: Any) -> Any:
        """Refuse, or send to the sign-in, whoever may not open the page."""
        roles: frozenset[str] = getattr(view, "open_to", frozenset())
        if ANYONE in roles or roles & request.actor.roles:
            return None
        if not request.actor.roles and roles and request.method in ("GET", "HEAD"):
            return redirect(f"{reverse('sign-in')}?next={request.path}")
        raise PermissionDenied


def _who(request: Any) -> tuple[Actor, str]:
    person = request.session.get("person")
    found = people.resident(int(person)) if person else None
    if found is None or not found.persona:
        return NOBODY, ""
    role = STAFF.get(found.persona, RESIDENT)
    name = f"{found.given_name} {found.family_name}"
    return Actor(kind=role, id=found.subject, roles=frozenset({role})), name


def _in_language(path: str, code: str) -> str:
    """Return the same address in another language; one without a language leads to the start."""
    first, _slash, rest = path.lstrip("/").partition("/")
    return f"/{code}/{rest}" if first in dict(settings.LANGUAGES) else f"/{code}/"


def frame(request: Any) -> dict[str, object]:
    """Return what the base template shows on every page."""
    actor: Actor = getattr(request, "actor", NOBODY)
    time = getattr(request, "time", None) or record.read_clock()
    language = get_language()
    roles = set(actor.roles)
    return {
        "city_name": settings.CITY.name,
        "demo": time.demo,
        "actor_name": getattr(request, "actor_name", ""),
        "role": next(iter(roles), ""),
        "today": timezone.localtime(time.now).date(),
        "language_links": [
            {
                "code": code,
                "name": name,
                "url": _in_language(request.get_full_path(), code),
                "current": code == language,
            }
            for code, name in settings.LANGUAGES
        ],
        "nav": [
            {"label": _(label), "url": reverse(url), "current": request.path == reverse(url)}
            for role, url, label in NAV
            if role in roles
        ],
    }
