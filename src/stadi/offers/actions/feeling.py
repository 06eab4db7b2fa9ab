"""How it was, told with one tap and counted without a name."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.actions.answers import for_person
from stadi.offers.domain import NotOpenError
from stadi.offers.models import Feeling, Recipient
from stadi.record import actions as record
from stadi.record.domain import News

GOOD = range(1, 6)
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
    if good not in GOOD:
        message = f"say how it was by a number of {GOOD[0]} to {GOOD[-1]}"
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


def felt(*, service: str) -> dict[str, dict[int, int]]:
    """Return of each round how often it was how good; a round with too few answers is left out."""
    rounds: dict[str, dict[int, int]] = {}
    rows = Feeling.objects.filter(service=service).order_by("round", "-good")
    for round_, good, times in rows.values_list("round", "good", "times"):
        rounds.setdefault(round_, dict.fromkeys(reversed(GOOD), 0))[good] = times
    return {name: counts for name, counts in rounds.items() if sum(counts.values()) >= ENOUGH}
