"""The front door of insight: measure each service and its groups, and read what may be shown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from stadi.consent import actions as consent
from stadi.engine import sweep
from stadi.insight.domain import ENDS, Figures, Promise, Spread, spread
from stadi.insight.hiding import SMALLEST, Group, Line, Walk, publish, total
from stadi.insight.models import Measure
from stadi.kit.actor import Actor
from stadi.kit.service import Basis, Purpose
from stadi.kit.text import LANGUAGES
from stadi.offers.actions import counting, reading
from stadi.offers.actions.counting import Counted
from stadi.offers.plugins import plugins
from stadi.people import facts as pop
from stadi.record import actions as record
from stadi.record.domain import News

PURPOSE = Purpose(
    id="audit.reach",
    basis=Basis(kind="public_task", law="Yhdenvertaisuuslaki (1325/2014) 5 §"),
    uses={
        pop.area: "whether a part of the city is left out",
        pop.contact_language: "whether a language is left out",
        pop.care_form: "whether a form of care is left out",
    },
)
"""Why groups are looked at: to see whom a service leaves out. No service reads this."""

GROUPED = {"area": pop.area, "language": pop.contact_language, "care": pop.care_form}
CARE = ("municipal", "private", "home")
REST = "rest"
"""The group of everyone who is in no other: not on record, stopped, or too rare to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far one service reached at a time, as it may be shown: the city, and its groups."""

    service: str
    at: datetime
    figures: Figures
    total: Line
    tables: dict[str, tuple[Line, ...]]


def measure(*, by: Actor, at: datetime) -> None:
    """Measure every service; only what may be shown is kept, in place of the measure before."""
    with consent.look(purpose=PURPOSE, as_of=at.date(), known_at=at) as sight:
        everyone = sweep.extract(sight).tables["subject"]
    _measure(everyone, by, at)


def _measure(everyone: pa.Table, by: Actor, at: datetime) -> None:
    named = {
        "area": _common(everyone[pop.area.column]),
        "language": LANGUAGES,
        "care": CARE,
    }
    for service in sorted(plugins()):
        cases = counting.counted(service)
        tables = {name: _groups(everyone, name, keys, cases) for name, keys in named.items()}
        _keep(service, tables, by=by, at=at)


@transaction.atomic
def _keep(service: str, tables: dict[str, list[Group]], *, by: Actor, at: datetime) -> None:
    figures = {
        "service": asdict(_figures(service)),
        "total": asdict(total(tables["area"])),
        "tables": {name: list(map(asdict, publish(groups))) for name, groups in tables.items()},
    }
    Measure.objects.update_or_create(service=service, defaults={"at": at, "figures": figures})
    record.write(News(kind="insight.measured", body={"service": service}), by=by, at=at)


def _figures(service: str) -> Figures:
    """Return the figures of a whole service; times and minutes only where ten or more have them."""
    what, work = counting.happened(service), counting.work(service)
    return Figures(
        counts=reading.tally(service),
        **asdict(what),
        openings=work.openings,
        minutes=round(work.minutes) if work.acts >= SMALLEST else None,
        spreads={
            leg: spread(lasted.count, lasted.seconds, least=SMALLEST)
            for leg, lasted in counting.lasted(service).items()
        },
    )


def _common(areas: pa.ChunkedArray) -> tuple[str, ...]:
    """Return the areas where at least ten people live, whoever they are."""
    counts = Counter({row["values"]: row["counts"] for row in pc.value_counts(areas).to_pylist()})
    return tuple(sorted(a for a, n in counts.items() if a is not None and n >= SMALLEST))


def _groups(
    everyone: pa.Table, name: str, keys: Iterable[str], cases: Sequence[Counted]
) -> list[Group]:
    """Return the groups of one table; each case is in exactly one of them."""
    wanted = pc.is_in(
        everyone["subject"], value_set=pa.array([c.subject for c in cases], pa.int64())
    )
    column = GROUPED[name].column
    mine = everyone.filter(wanted).select(["subject", column])
    group_of = dict(zip(*(mine[c].to_pylist() for c in ("subject", column)), strict=True))
    members: dict[str, list[Counted]] = {key: [] for key in (*keys, REST)}
    for case in cases:
        members.get(group_of.get(case.subject) or REST, members[REST]).append(case)
    return [
        Group(
            key=key,
            entitled=len(found),
            left=sum(not case.offered for case in found),
            walks=[c.metres for c in found if c.offered and c.metres is not None],
            ends={end: sum(c.end == end for c in found) for end in ENDS},
        )
        for key, found in members.items()
    ]


def reach(service: str) -> Reach | None:
    """Return how far a service reached when it was last measured, or None before that."""
    found = Measure.objects.filter(service=service).first()
    if found is None:
        return None
    tables, figures = found.figures["tables"], found.figures["service"]
    spreads = {
        leg: Spread(count=s["count"], hours=tuple(s["hours"]) if s["hours"] else None)
        for leg, s in figures["spreads"].items()
    }
    return Reach(
        service=service,
        at=found.at,
        figures=Figures(**figures | {"spreads": spreads}),
        total=_line(found.figures["total"]),
        tables={name: tuple(map(_line, rows)) for name, rows in tables.items()},
    )


def _line(row: dict[str, Any]) -> Line:
    offered, walk = row["offered"], row["walk"]
    return Line(
        key=row["key"],
        entitled=row["entitled"],
        offered=tuple(offered) if offered else None,
        walk=Walk(**walk) if walk else None,
        ends={end: tuple(told) if told else None for end, told in row["ends"].items()},
    )


def promise(service: str, *, counts: dict[str, int], at: datetime) -> Promise:
    """Return whether everyone whom a service found is offered or with a person and a deadline."""
    due = reading.deadlines(service)
    return Promise(
        entitled=counts["yes"] - counts["resting"],
        offered=counts["offered"],
        with_a_person=counts["held"],
        nearest=min(due, default=None),
        late=sum(deadline < at for deadline in due),
    )
