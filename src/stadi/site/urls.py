"""Every address of the portal."""

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import get_language

from stadi.insight import pages as insight
from stadi.kit.access import ANYONE, open_to
from stadi.messages import pages as messages
from stadi.offers import pages as offers
from stadi.people import pages as people


@open_to(ANYONE)
def root(_request: HttpRequest) -> HttpResponseBase:
    """Send to the home page in the reader's language."""
    return redirect(f"/{get_language()}/")


urlpatterns = [
    path("", root, name="root"),
    *i18n_patterns(
        path("", offers.home, name="home"),
        path("sign-in", people.sign_in, name="sign-in"),
        path("messages", messages.inbox, name="inbox"),
        path("messages/<uuid:message>", messages.open_message, name="open-message"),
        path("o/<str:token>", offers.link, name="link"),
        path("offers/<uuid:link>", offers.show, name="offer"),
        path("offers/<uuid:link>/accept", offers.accept, name="accept"),
        path("offers/<uuid:link>/no", offers.decline, name="decline"),
        path("offers/<uuid:link>/stop", offers.stop, name="stop"),
        path("offers/<uuid:link>/undo", offers.undo, name="undo"),
        path("offers/<uuid:link>/receipt", offers.receipt, name="receipt"),
        path("staff/", offers.staff, name="staff"),
        path("insight/reach", insight.reach, name="reach"),
        path("insight/reach.csv", insight.reach_csv, name="reach.csv"),
    ),
]
