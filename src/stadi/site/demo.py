"""The demo city: draws it, loads it, runs the loop once, and reports.

Personas are fixed people below number 1,000; simulated answers never touch them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import connection
from rich.console import Console

from stadi.consent import actions as consent
from stadi.fulfil import actions as fulfil
from stadi.insight.domain import measures
from stadi.kit.actor import SYSTEM, Actor
from stadi.offers.actions import answers, reading, rounds
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.people import paavo
from stadi.people.city import City
from stadi.people.domain import Batch
from stadi.record import actions as record
from stadi.record.domain import News
from stadi.site.figures import FIRST_ID, START, Drawn
from stadi.site.personas import PERSONAS, persona_rows
from stadi.twin import actions as twin
from stadi.twin.domain import Place

REGISTERS_STAND = date(2026, 12, 31)  # the day that the figures' ages stand for
SOURCE = "demo city (invented)"
CLAIMS = UUID("5f0d7ab2-6d2e-4d0e-9e53-1d3d0a4f2027")  # names claims of places given before
# Helsinki's pilot of January 2020: 93 % answered, 83 % accepted; the rest said something else.
ANSWERED, ACCEPTED = 0.93, 0.83
OBJECTING = 0.1  # of those who say something else; an assumption
STEPS = ("draw", "load", "extract", "screen", "assign", "offer", "answer")


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
        load(drawn.city, drawn.areas)
    for service in sorted(plugins()):
        run_service(service, watch)
    with watch.step("answer", "Residents answer (simulated)"):
        simulate(drawn.seed)
        later = record.advance(by=SYSTEM, step=timedelta(days=3))
        answers.fulfil_due(by=SYSTEM, at=later)
    record.write(News(kind="site.demo_built", body={"seed": drawn.seed}), by=SYSTEM, at=later)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return report(watch.result())


def load(city: City, areas: tuple[paavo.Area, ...]) -> None:
    """Load units, capacity, registers and objections of a drawn city, and the personas."""
    record.start_demo_clock(at=START, by=SYSTEM)
    codes = [area.code for area in areas]
    units = city.units
    places = [
        Place(
            id=i + 1,
            kind="preschool",
            name=str(units.name[i]),
            area=codes[int(units.area[i])],
            language=str(units.language[i]),
            x=int(units.x[i]),
            y=int(units.y[i]),
        )
        for i in range(len(units.name))
    ]
    twin.load(places=places, by=SYSTEM, at=START)
    term = START.year
    rooms = {i + 1: int(n) for i, n in enumerate(units.places)}
    starters = sum(1 for p in PERSONAS if p.starts)
    for i in range(starters):
        rooms[i % len(rooms) + 1] += 1
    fulfil.set_capacity(places=rooms, term=term, by=SYSTEM, at=START)
    spot = areas[int(units.area[0])]
    own = persona_rows(
        (settings.CITY.municipality, spot.code),
        (int(units.x[0]) - 300, int(units.y[0]) - 250),
        first_unit=1,
    )
    identities, batches = _registers(city, codes)
    for batch in (own.identities, identities):
        people.introduce(identities=batch, by=SYSTEM, at=START)
    for load_ in (own.registers, batches):
        people.load(batches=load_, true_since=REGISTERS_STAND, source=SOURCE, by=SYSTEM, at=START)
    for made in plugins().values():
        consent.register(purpose=made.service.purpose, by=SYSTEM, at=START)
    for child in city.objections.tolist():
        by = Actor(kind="resident", id=child)
        consent.object_to(resident=child, purpose="preschool.placement", by=by, at=START)
    taken = {uuid5(CLAIMS, f"placement:{c}:{term}"): u + 1 for c, u in city.placements.tolist()}
    fulfil.hold(wanted=taken, term=term, by=SYSTEM, at=START)
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def _registers(city: City, codes: list[str]) -> tuple[Batch, list[Batch]]:
    """Return the drawn city as rows of the registers; an empty text is a missing fact."""
    cared = city.care != ""
    child, unit = city.placements.T
    guarded, guardian = city.guardians.T
    identity = {
        "subject": city.subject,
        "given_name": city.given_name,
        "family_name": city.family_name,
        "identity_code": _or_none(city.identity_code, city.identity_code != ""),
        "persona": np.full(len(city.subject), ""),
    }
    tables: dict[str, dict[str, Any]] = {
        "people_person": {
            "subject": city.subject,
            "birth_date": city.birth_date,
            "sex": city.sex,
        },
        "people_residence": {
            "subject": city.subject,
            "household": city.household + FIRST_ID,
            "municipality": _or_none(
                np.full(len(city.subject), settings.CITY.municipality), city.lives_here
            ),
            "area": np.array(codes)[city.area],
            "home_x": city.home_x,
            "home_y": city.home_y,
        },
        "people_contact": {
            "subject": city.subject,
            "language": city.language,
            "safety_ban": city.safety_ban,
        },
        "people_care": {
            "subject": city.subject[cared],
            "form": city.care[cared],
            "unit": _or_none(city.care_unit[cared] + 1, city.care_unit[cared] >= 0),
        },
        "people_placement": {
            "subject": child,
            "term": np.full(len(child), START.year),
            "unit": unit + 1,
        },
        "people_guardianship": {"subject": guarded, "guardian": guardian},
    }
    return Batch(table="people_identity", rows=pa.table(identity)), [
        Batch(table=name, rows=pa.table(columns)) for name, columns in tables.items()
    ]


def _or_none(values: Any, known: Any) -> pa.Array:
    return pa.array(values, mask=~known)


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
        ready = rounds.propose(plugin=made, seen=seen, found=found, places=places, by=SYSTEM, at=at)
        rounds.offer(plugin=made, ready=ready, by=SYSTEM, at=at)


def simulate(seed: int) -> None:
    """Let residents who are not personas answer at the pilot's rates, through the same guards."""
    rng = np.random.default_rng(seed)
    at = record.advance(by=SYSTEM, step=timedelta(hours=26))
    for link, person in reading.unanswered(above=FIRST_ID):
        answer, other = rng.random(2)
        by = Actor(kind="resident", id=person, roles=frozenset({"resident"}))
        if answer >= ANSWERED:
            continue
        if answer < ACCEPTED:
            answers.accept(link=link, by=by, at=at)
        elif other < OBJECTING:
            answers.object_to(link=link, by=by, at=at)
        else:
            answers.decline(link=link, by=by, at=at)


def report(seconds: dict[str, float]) -> dict[str, Any]:
    """Return the report of the loop; counts are cases by latest state."""
    residents, households = people.count()
    services = {}
    for service in sorted(plugins()):
        counts = reading.tally(service)
        services[service] = {**counts, **measures(counts)}
    return {
        "residents": residents,
        "households": households,
        "units": len(twin.units(kind="preschool")),
        "places": fulfil.places(term=START.year),
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
