"""The demo city: fills its registers, runs the loop once, and reports.

Personas are fixed people below number 1,000; simulated answers never touch them.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from rich.console import Console

from stadi.fulfil import actions as fulfil
from stadi.insight import actions as insight
from stadi.insight.domain import measures
from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.actions import answers, counting, reading, rounds
from stadi.offers.domain import Answer
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.record import actions as record
from stadi.record.domain import News
from stadi.site import house
from stadi.site.figures import FIRST_ID, START, Drawn
from stadi.site.fill import fill
from stadi.twin import actions as twin

# Helsinki's pilot of January 2020: 93 % answered, 83 % accepted; the rest said something else.
ANSWERED, ACCEPTED = 0.93, 0.83
OBJECTING = 0.1  # of those who say something else; an assumption
SIGNER = "director (simulated)"
STEPS = ("draw", "load", "extract", "screen", "assign", "offer", "answer", "measure")


class Stopwatch:
    """Seconds spent on each step of the loop; each step is shown while it runs."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)
        self.begun = time.perf_counter()
        self.console = Console(stderr=True)

    @contextmanager
    def step(self, name: str, words: str) -> Iterator[None]:
        """Time a step; on a terminal, show that it is under way."""
        begun = time.perf_counter()
        with self.console.status(words):
            yield
        self.seconds[name] += time.perf_counter() - begun

    def result(self) -> dict[str, float]:
        """Return all seconds, rounded to milliseconds, with their total."""
        total = time.perf_counter() - self.begun + self.seconds["draw"]
        return {k: round(v, 3) for k, v in self.seconds.items()} | {"total": round(total, 3)}


def build(drawn: Drawn) -> dict[str, Any]:
    """Load a drawn city into the empty demo database, run every service once, and report."""
    watch = Stopwatch()
    watch.seconds["draw"] = drawn.seconds
    with watch.step("load", "Loading the registers"):
        fill(drawn.city, drawn.areas)
    # what is loaded stays: else the collector walks it again and again, a third of the time
    gc.freeze()
    for service in sorted(plugins()):
        run_service(service, watch)
    with watch.step("answer", "Residents answer (simulated)"):
        simulate(drawn.seed)
        later = record.advance(by=SYSTEM, step=timedelta(days=3))
        house.tick(later)
        sign(later)
        house.tick(later)
    with watch.step("measure", "Measuring who was reached"):
        insight.measure(by=SYSTEM, at=later)
    record.write(News(kind="site.demo_built", body={"seed": drawn.seed}), by=SYSTEM, at=later)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return report(watch.result())


def run_service(service: str, watch: Stopwatch) -> None:
    """Run one round of a service: extract, screen, assign, offer."""
    made, at = plugins()[service], record.now()
    with watch.step("extract", f"{service}: extracting what the purpose may see"):
        seen = rounds.read(plugin=made, at=at)
    with watch.step("screen", f"{service}: screening everyone"):
        result = rounds.screen(plugin=made, seen=seen)
        found = rounds.open_cases(plugin=made, seen=seen, result=result, by=SYSTEM, at=at)
    with watch.step("assign", f"{service}: assigning places"):
        places = rounds.assign(plugin=made, found=found, at=at)
    with watch.step("offer", f"{service}: proposing and offering"):
        ready = rounds.propose(plugin=made, found=found, places=places, by=SYSTEM, at=at)
        rounds.offer(cases=[f.case for f in ready], by=SYSTEM, at=at)


def simulate(seed: int) -> None:
    """Let residents who are not personas answer at the pilot's rates, through the same guards."""
    rng = np.random.default_rng(seed)
    at = record.advance(by=SYSTEM, step=timedelta(hours=26))
    given = []
    for link, person, shown in reading.unanswered(above=FIRST_ID):
        answer, other = rng.random(2)
        by = Actor(kind="resident", id=person, roles=frozenset({"resident"}))
        if answer >= ANSWERED:
            continue
        says = "accept" if answer < ACCEPTED else "object" if other < OBJECTING else "decline"
        unit = int(rng.choice(shown)) if shown and says == "accept" else None
        given.append(Answer(link=link, says="choose" if unit else says, by=by, unit=unit))
    for refused in answers.answer_many(answers=given, at=at):
        # of what many may choose, the last is gone sooner for some than for others
        if not isinstance(refused.error, fulfil.FullError):
            raise refused.error


def sign(at: datetime) -> None:
    """Let a simulated official sign every decision but the personas'."""
    waiting = [d for d in fulfil.unsigned(services=list(plugins())) if d.subject >= FIRST_ID]
    (signer,) = [p for p in people.personas() if p.persona == "official"]
    by = Actor(kind="official", id=signer.subject, roles=frozenset({"official"}))
    name = f"{signer.given_name} {signer.family_name}"
    fulfil.sign(decisions=[d.id for d in waiting], by=by, name=name, title=SIGNER, at=at)


def report(seconds: dict[str, float]) -> dict[str, Any]:
    """Return the report of the loop; counts are cases by latest state."""
    residents, households = people.count()
    schools = [unit.id for unit in twin.units(kind="preschool")]
    services = {}
    for service in sorted(plugins()):
        counts = reading.tally(service)
        services[service] = {**counts, **measures(counts, counting.happened(service).fell)}
    return {
        "residents": residents,
        "households": households,
        "units": len(schools),
        "places": fulfil.places(term=START.year, units=schools),
        "services": services,
        "seconds": seconds,
    }


def words(report: dict[str, Any]) -> str:
    """Return the report as a page of text, and say whether it balances."""
    places = f"{report['units']} units with {report['places']} places"
    people_ = f"{report['residents']:,} invented residents in {report['households']:,} households"
    lines = [f"Demo city: {people_}, {places}. Answers are simulated."]
    for service, c in report["services"].items():
        lines.append(f"{service}:")
        lines += [
            f"  {c[whole]:,} {whole} = " + " + ".join(f"{c[part]:,} {part}" for part in parts)
            for whole, parts in reading.SUMS.items()
        ]
        balanced = "balances" if reading.balances(c) else "DOES NOT BALANCE"
        lines.append(f"  take-up {c['take_up']}, precision {c['precision']}; the report {balanced}")
    spent = ", ".join(f"{k} {v:.2f}" for k, v in report["seconds"].items())
    return "\n".join([*lines, f"seconds: {spent}"])
