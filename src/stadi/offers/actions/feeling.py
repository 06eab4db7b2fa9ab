"""How it was, told with one tap and counted without a name."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.actions.answers import for_person
from stadi.offers.domain import NotOpenError
from stadi.offers.models import Feeling, Recipient
from stadi.record import actions as record
from stadi.record.domain import News

# how it was, the best first
FELT = {
    5: gettext_noop("Very good"),
    4: gettext_noop("Good"),
    3: gettext_noop("All right"),
    2: gettext_noop("Rather bad"),
    1: gettext_noop("Bad"),
}
ENOUGH = 10  # answers of a round, before any of it is shown
COUNT = """
    insert into offers_feeling (service, round, good, times) values (%s, %s, %s, 1)
    on conflict on constraint feelings_of_a_round_are_counted_once
    do update set times = offers_feeling.times + 1"""


@transaction.atomic
def feel(*, link: UUID, good: int, by: Actor, at: datetime) -> None:
    """Count how good it was, 1 to 5; that somebody told is kept, what they told is not.

    Telling it twice changes nothing: nobody knows any more what the first answer was.
    """
    case = for_person(link=link, person=by.id).offer.case
    if good not in FELT:
        message = "say how it was by a number of 1 to 5"
        raise NotOpenError(message)
    asked = Recipient.objects.filter(id=link, offer__feedback_at__lte=at)
    if not asked.exists():
        message = "nobody was asked yet how it was"
        raise NotOpenError(message)
    if not asked.filter(felt=False).update(felt=True):
        return
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [case.service, case.round, good])
    # neither the person nor the case: an entry beside either would tell whose the next count is
    body = {"service": case.service, "round": case.round}
    record.write(News(kind="offers.felt", body=body), by=SYSTEM, at=at)


def felt(*, service: str, running: str) -> dict[int, int]:
    """Return how often it was how good in the latest round that is over; nothing of too few.

    A round that is `running` is not told of: whoever watched the counts grow would see answers.
    """
    over = Feeling.objects.filter(service=service).exclude(round=running)
    last = over.order_by("-round").values_list("round", flat=True).first()
    counts = dict(over.filter(round=last).values_list("good", "times"))
    enough = sum(counts.values()) >= ENOUGH
    return {good: counts.get(good, 0) for good in FELT} if enough else {}
