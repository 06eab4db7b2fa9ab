"""Every address of the portal."""

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import get_language

from stadi.insight import errands
from stadi.insight import pages as insight
from stadi.kit.access import ANYONE, open_to
from stadi.messages import pages as messages
from stadi.offers.pages import (
    amounts,
    answering,
    asked,
    case,
    check,
    corrections,
    desk,
    feeling,
    self_check,
)
from stadi.offers.pages import resident as offers
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
        path("offers/<uuid:link>/receipt", offers.receipt, name="receipt"),
        path("offers/<uuid:link>/decision", offers.decision, name="decision"),
        path("offers/<uuid:link>/decision.pdf", offers.decision_pdf, name="decision.pdf"),
        path("offers/<uuid:link>/accept", answering.accept, name="accept"),
        path("offers/<uuid:link>/choose", answering.choose, name="choose"),
        path("offers/<uuid:link>/ask", answering.ask, name="ask"),
        path("offers/<uuid:link>/no", answering.decline, name="decline"),
        path("offers/<uuid:link>/stop", answering.stop, name="stop"),
        path("offers/<uuid:link>/undo", answering.undo, name="undo"),
        path("offers/<uuid:link>/contest", answering.contest, name="contest"),
        path("offers/<uuid:link>/feedback", feeling.feedback, name="feedback"),
        path("offers/<uuid:link>/self-check", self_check.check_myself, name="self-check"),
        path("questions/<uuid:question>", asked.question, name="question"),
        path("check", check.show, name="check-me"),
        path("check/<str:who>", check.show, name="check"),
        path("check/<str:who>/<str:fact>", check.wrong, name="wrong"),
        path("staff/", desk.today, name="staff"),
        path("staff/bulk", desk.bulk, name="bulk"),
        path("staff/decisions", desk.decisions, name="decisions"),
        path("staff/amounts", amounts.amounts, name="amounts"),
        path("staff/corrections", corrections.waiting, name="corrections"),
        path("staff/corrections/<uuid:correction>", corrections.decide, name="correction"),
        path("staff/cases/<uuid:case>", case.show, name="case"),
        path("staff/cases/<uuid:case>/open", case.open_case, name="open-case"),
        path("staff/cases/<uuid:case>/letter", case.letter, name="letter"),
        path("staff/cases/<uuid:case>/decision", case.decision, name="case-decision"),
        path("staff/cases/<uuid:case>/decision.pdf", case.decision_pdf, name="case-decision.pdf"),
        path("staff/cases/<uuid:case>/<str:name>", case.act, name="act"),
        path("errands", errands.errands, name="errands"),
        path("errands.csv", errands.errands_csv, name="errands.csv"),
        path("insight/reach", insight.reach, name="reach"),
        path("insight/reach.csv", insight.reach_csv, name="reach.csv"),
        path(
            "insight/services/<str:service>.csv", insight.services_csv, name="service-measures.csv"
        ),
        path("insight/services/<str:service>", insight.services, name="service-measures"),
    ),
]
