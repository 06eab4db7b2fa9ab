"""Answers through the whole machine: many in a batch, one by one, and one tap at the server."""

import statistics
import time
from datetime import timedelta
from typing import Any

from table import Row, shown

MANY, ONE_BY_ONE, TAPS = 50_000, 400, 50


def rows() -> list[Row]:
    """Return how fast open offers are answered in an open city.

    Each round opens the offers anew by taking the yes back, which is part of the time told.
    """
    from stadi.offers.domain import ASKED
    from stadi.offers.models import Recipient
    from stadi.record import actions as record
    from stadi.site.figures import FIRST_ID

    at = record.now() + timedelta(hours=1)
    links: dict[Any, tuple[Any, int]] = {}
    found = Recipient.objects.filter(
        offer__case__state__in=ASKED,
        person__gte=FIRST_ID,
        offer__expires_at__gt=at,
        # whoever is shown many things chooses one, and says no mere yes
        offer__case__service__in=("preschool", "culture_kids", "housing_supplement"),
    )
    for link, person, case in found.order_by("offer").values_list("id", "person", "offer"):
        links.setdefault(case, (link, person))
    return [*batches(links, at), *singles(list(links.values()), at)]


def batches(links: dict[Any, tuple[Any, int]], at: Any) -> list[Row]:
    """Return the time of 50,000 answers, as many at a time as there are open offers."""
    from django.db import transaction

    from stadi.offers.actions import answers, cases
    from stadi.offers.domain import Answer

    given = [Answer(link=link, says="accept", by=resident(p)) for link, p in links.values()]
    by = {case: resident(person) for case, (_, person) in links.items()}
    begun, done = time.perf_counter(), 0
    while done < MANY:
        assert not answers.answer_many(answers=given, at=at)
        with transaction.atomic():
            cases.must(by=by, path=("undo",), at=at)
        done += len(given)
    spent = (time.perf_counter() - begun) * MANY / done
    return [
        Row(
            axis="answers",
            workload=f"{MANY:,} answers, {len(given):,} at a time, each taken back again",
            ours=shown(spent),
            goal="60 s",
        )
    ]


def singles(links: list[tuple[Any, int]], at: Any) -> list[Row]:
    """Return how many single answers a second, and one tap at the server."""
    from django.test import Client

    from stadi.offers.actions import answers

    spent = []
    for i in range(ONE_BY_ONE):
        link, person = links[i % len(links)]
        begun = time.perf_counter()
        answers.accept(link=link, by=resident(person), at=at)
        spent.append(time.perf_counter() - begun)
        answers.undo(link=link, by=resident(person), at=at)
    client, taps = Client(), []
    client.post("/en/sign-in", {"person": "4"})
    mine = _link(4)
    for _ in range(TAPS):
        begun = time.perf_counter()
        assert client.post(f"/en/offers/{mine}/accept").status_code == 302
        taps.append(time.perf_counter() - begun)
        client.post(f"/en/offers/{mine}/undo")
    return [
        Row(
            axis="answers",
            workload="answers one by one",
            ours=f"{1 / statistics.median(spent):,.0f}/s ({shown(statistics.median(spent))} each)",
            goal="400/s",
        ),
        Row(
            axis="answers",
            workload="one tap, accept, at the server",
            ours=shown(statistics.median(taps)),
            goal="20 ms",
        ),
    ]


def resident(person: int) -> Any:
    """Return somebody who answers."""
    from stadi.kit.actor import Actor

    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def _link(person: int) -> Any:
    from stadi.offers.models import Recipient

    return Recipient.objects.get(person=person).id
