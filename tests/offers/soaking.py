"""Kills and races: a few in every run of the tests, as many as STADI_SOAK says in a soak.

Every kill ends a child process at a random moment while residents, officials and the clock act;
every race lets two act at the same instant. After each, the books must be in order.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.db import close_old_connections, connection

from dying import bury
from offers.life import ENDS, drawn
from stadi.consent import actions as consent
from stadi.consent import looking
from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Claim
from stadi.kit.actor import SYSTEM, Actor
from stadi.kit.errors import StadiError
from stadi.messages.models import Message
from stadi.offers.actions import answers, contest, desk, reading
from stadi.offers.models import Case, Offer, Recipient, Transition
from stadi.people import paavo
from stadi.people.city import draw
from stadi.record import actions as record
from stadi.record.models import Entry
from stadi.site import demo, house
from stadi.site.fill import fill

OFFICIAL = Actor(kind="official", id=20, roles=frozenset({"official"}))
SECOND = Actor(kind="official", id=22, roles=frozenset({"official"}))
SOAK = int(os.environ.get("STADI_SOAK", "0"))
SAYINGS = ("accept", "decline", "choose", "ask", "undo")
# ids are drawn anew each time; who somebody is stays
BY_PERSON = ("offer__case__subject", "offer__case__since", "person")


def resident(person: int) -> Actor:
    return Actor(kind="resident", id=person, roles=frozenset({"resident"}))


def small_city() -> None:
    """Draw a city with missing facts and too few places, and run a round of each service."""
    call_command("flush", verbosity=0, interactive=False)
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=900, seed=5, today=demo.START.date(), first_id=1000), areas)
    with connection.cursor() as cursor:
        cursor.execute("update people_person set birth_date = null where subject in (5, 9)")
        cursor.execute("update fulfil_capacity set places = (places + 1) / 2")
    for service in ("preschool", "sample"):
        demo.run_service(service, demo.Stopwatch())


# ── what people do ───────────────────────────────────────────────────────────────────────────


def say(link: Recipient, says: str, unit: int, at: Any) -> None:
    """Say something to an offer; what the guards refuse must change nothing."""
    by = resident(link.person)
    with suppress(StadiError):
        if says == "undo":
            answers.undo(link=link.id, by=by, at=at)
        elif says == "choose":
            answers.choose(link=link.id, unit=unit, by=by, at=at)
        else:
            ONE[says](link=link.id, by=by, at=at)


ONE: dict[str, Callable[..., None]] = {
    "accept": answers.accept,
    "decline": answers.decline,
    "ask": answers.ask,
    "object": answers.object_to,
}


def a_day(rng: random.Random) -> None:
    """Let people and officials do things at random, right and wrong ones."""
    at = record.now()
    links = list(Recipient.objects.select_related("offer__case").order_by(*BY_PERSON))
    for link in rng.sample(links, min(12, len(links))):
        unit = rng.choice([*(o[0] for o in link.offer.others), 424_242])
        say(link, rng.choice(SAYINGS), unit, at)
        if rng.random() < 0.2:
            with suppress(StadiError):
                contest.contest(link=link.id, text="väärin", by=resident(link.person), at=at)
    held = Case.objects.filter(state__in=("held", "contested")).order_by("subject", "since")
    for case in rng.sample(list(held), min(4, len(held))):
        act = rng.choice([desk.send, desk.close, desk.withdraw, contest.uphold, contest.correct])
        with suppress(StadiError):
            act(case=case.id, reason="a test", by=rng.choice([OFFICIAL, SECOND]), at=at)
    waiting = sorted(fulfil.unsigned(services=["preschool"]), key=lambda d: d.subject)
    for decision in rng.sample(waiting, min(6, len(waiting))):
        fulfil.sign(decisions=[decision.id], by=OFFICIAL, name="P. A.", title="director", at=at)


# ── what must be true at every moment ────────────────────────────────────────────────────────


def in_order() -> None:
    """Raise unless every life is a way through the drawing and nothing is lost or doubled."""
    lives: dict[UUID, list[tuple[str, str, str]]] = {}
    rows = Transition.objects.order_by("id").values_list("case", "old", "name", "new")
    for case, old, name, new in rows:
        lives.setdefault(case, []).append((old, name, new))
    states = dict(Case.objects.values_list("id", "state"))
    assert set(lives) == set(states)
    for case, life in lives.items():
        _one_life(life)
        assert states[case] == life[-1][2], life
    _entries(lives)
    _places()
    counts = reading.tally("preschool")
    assert reading.balances(counts), counts


def _one_life(life: Sequence[tuple[str, str, str]]) -> None:
    before = ""
    assert life[0][0] == "", life
    assert all(one[2] == then[0] for one, then in pairwise(life)), life
    for old, name, new in life:
        assert drawn(old, name, new, before), life
        before = old if new == "contested" else before


def _entries(lives: dict[UUID, list[tuple[str, str, str]]]) -> None:
    """Every step has exactly one entry in the record."""
    steps = Counter((case, f"offers.{name}") for case, life in lives.items() for _, name, _ in life)
    rows = Entry.objects.filter(case__in=list(lives), kind__in={kind for _, kind in steps})
    told = Counter(rows.values_list("case", "kind"))
    reopened = Entry.objects.filter(kind="offers.reopened").values_list("case", flat=True)
    told += Counter((case, "offers.screen") for case in reopened)
    assert told == steps, (told - steps, steps - told)


def _places() -> None:
    """No place is taken twice, and none is held by what has ended otherwise than well."""
    assert fulfil.overfull() == []
    held = Claim.objects.exclude(hold="released")
    assert max(Counter(held.values_list("case", flat=True)).values(), default=1) == 1
    ended = Case.objects.filter(state__in=ENDS).exclude(ended="fulfilled")
    assert not held.filter(case__in=list(ended.values_list("id", flat=True))).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "select subject, term from people_placement where known_until = 'infinity'"
            " and true_until = 'infinity' group by subject, term having count(*) > 1"
        )
        assert cursor.fetchall() == []


# ── kills ────────────────────────────────────────────────────────────────────────────────────


def kills(number: int, rng: random.Random) -> None:
    """Kill so many children, each at a random moment of its work, and look after each."""
    for _ in range(number):
        close_ours()
        child = os.fork()
        if child == 0:
            _live(rng.random())
        time.sleep(rng.uniform(0.02, 0.6))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child failed before it was killed"
        bury()
        consent.clear_away()
        in_order()


def close_ours() -> None:
    """Close every connection: a child must not inherit one, whose end would end ours."""
    connection.close()
    looking.leave()


def _live(seed: float) -> None:
    rng = random.Random(seed)  # noqa: S311 - a soak repeats itself
    try:
        while True:
            a_day(rng)
            house.advance(timedelta(hours=rng.choice([1, 12, 24, 24, 72])))
    except BaseException:  # noqa: BLE001 - the child ends here, whatever it was
        import traceback  # noqa: PLC0415 - only a child that fails wants it

        traceback.print_exc()
        os._exit(1)


# ── races ────────────────────────────────────────────────────────────────────────────────────


def at_once(*acts: Callable[[], object]) -> None:
    """Do these things at the same instant, each on a connection of its own."""
    gate, failed = threading.Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], object]) -> None:
        try:
            gate.wait()
            with suppress(StadiError):
                act()
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def guardians_at_once(number: int, rng: random.Random) -> Counter[str]:
    """Let two guardians answer one offer at the same instant, so many times; return the ends."""
    mine = Recipient.objects.select_related("offer").get(person=1)
    both = list(Recipient.objects.filter(offer=mine.offer).order_by("person"))
    case, place, ends = mine.offer_id, mine.offer.unit, Counter[str]()
    for _ in range(number):
        _open_again(case, int(place or 0))
        at, said = record.now(), [rng.choice(("accept", "decline")) for _ in both]
        at_once(
            *(
                lambda r=r, s=s, at=at: ONE[s](link=r.id, by=resident(r.person), at=at)
                for r, s in zip(both, said, strict=True)
            )
        )
        state = Case.objects.get(id=case).state
        wanted = {"accept": "accepted", "decline": "declined"}[said[0]]
        assert state == (wanted if len(set(said)) == 1 else "held"), (said, state)
        held = Claim.objects.filter(case=case).exclude(hold="released").count()
        assert held == (0 if "decline" in said and state == "declined" else held) <= 1
        ends[state] += 1
    return ends


def _open_again(case: UUID, place: int) -> None:
    """Put a case back to where it was offered: what the machine itself would never do."""
    Transition.objects.filter(case=case, id__gt=_offered(case)).delete()
    Case.objects.filter(id=case).update(state="offered", ended="", deadline=None, reason="")
    Offer.objects.filter(case=case).update(answered_at=None, answered_by=None)
    Claim.objects.filter(case=case).delete()
    fulfil.hold(wanted={case: place}, term=2027, by=SYSTEM, at=record.now())


def _offered(case: UUID) -> int:
    return int(Transition.objects.filter(case=case, new="offered").order_by("-id")[0].id)


def stops_at_once(number: int) -> Counter[str]:
    """Let a stop race offer, acceptance and fulfilment; nothing goes on after it unapologised."""
    ends = Counter[str]()
    for link in list(Recipient.objects.select_related("offer__case").order_by(*BY_PERSON))[:number]:
        case, at = link.offer.case, record.now()
        at_once(
            lambda link=link, at=at: answers.object_to(
                link=link.id, by=resident(link.person), at=at
            ),
            lambda link=link, at=at: answers.accept(link=link.id, by=resident(link.person), at=at),
            lambda at=at: house.tick(at + timedelta(days=2)),
        )
        house.tick(at + timedelta(days=3))
        case.refresh_from_db()
        assert case.state in ("objected", "withdrawn", "fulfilled", "declined"), case.state
        _apologised(case.id)
        ends[case.state] += 1
        close_old_connections()
    return ends


def _apologised(case: UUID) -> None:
    state = Case.objects.get(id=case).state
    sent = Message.objects.filter(about=case)
    if state == "withdrawn" and sent.filter(key__startswith="offer:").exists():
        who = set(sent.filter(key__startswith="offer:").values_list("recipient", flat=True))
        told = sent.filter(key__startswith="withdrawn:").values_list("recipient", flat=True)
        last = Transition.objects.filter(case=case).order_by("-id")[0].actor
        assert who - {last} <= set(told), (who, list(told))
