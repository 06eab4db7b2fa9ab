"""The city inbox: a GET only shows; opening a message is a POST."""

from typing import Any
from uuid import UUID

from django.shortcuts import redirect, render
from django.urls import reverse, translate_url
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from stadi.kit.access import RESIDENT, open_to
from stadi.messages import actions as messages


@open_to(RESIDENT)
def inbox(request: Any) -> Any:
    """Show a resident's messages."""
    rows = [
        {
            "subject": m.subject,
            "body": m.body,
            "sent": m.sent_at,
            "open_url": reverse("open-message", kwargs={"message": m.id}),
            "link_text": _("Open"),
            "read": m.opened_at is not None,
        }
        for m in messages.inbox(recipient=request.actor.id)
    ]
    return render(request, "messages/inbox.html", {"messages": rows})


@open_to(RESIDENT)
def open_message(request: Any, message: UUID) -> Any:
    """Open a message and follow its link; a GET leads to the inbox."""
    if request.method != "POST":
        return redirect(reverse("inbox"))
    try:
        link = messages.open_message(message=message, by=request.actor, at=request.time.now)
    except messages.NotYourMessageError:
        return render(request, "404.html", status=404)
    return redirect(translate_url(link, get_language() or "en"))
