"""What every page of offers shares: words instead of tracebacks, and acts by POST alone."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from stadi.fulfil import actions as fulfil
from stadi.offers.domain import NotOpenError, NotYoursError, TellingError, TransitionError
from stadi.offers.pages import words

View = Callable[..., Any]


def honest(view: View) -> View:
    """Turn what cannot be answered into a page of words, never into a traceback."""

    @wraps(view)
    def answer(request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except NotYoursError:
            title = _("We cannot show this")
            body = _(
                "The link is not complete, or a newer proposal took the place of this one, or it"
                " was made to somebody else. Your own page shows everything that is yours."
            )
            return notice(request, title, body, 404)
        except fulfil.FullError:
            title = _("This place was just taken")
            body = _("Somebody else got it a moment ago. Your offer is as it was: choose again.")
            return notice(request, title, body, 409)
        except TellingError:
            title = _("There is nothing to accept here")
            body = _("This service only tells. Apply for it in the ordinary way.")
            return notice(request, title, body, 409)
        except (NotOpenError, TransitionError, fulfil.NoClaimError) as error:
            title, why = _("This cannot be done now"), words.refused(error)
            body = _("%(why)s. The ordinary application stays open.")
            return notice(request, title, body % {"why": why[:1].upper() + why[1:]}, 409)

    return answer


def acting(view: View) -> View:
    """Let a page act on a POST only; whoever comes by a link sees the offer instead."""

    @wraps(view)
    def act(request: Any, link: UUID) -> Any:
        if request.method == "POST":
            return view(request, link)
        return redirect(reverse("offer", kwargs={"link": link}))

    return act


def notice(request: Any, title: str, body: str, status: int) -> Any:
    """Return a page of a title and a sentence."""
    context = {"title": title, "body": body, "back_url": reverse("home")}
    return render(request, "offers/notice.html", context, status=status)
