"""One life event: a changed fact told to a register, and the rules asked again about whom it is."""

import statistics
import time
from datetime import timedelta

from table import Row, shown

TIMES = 200


def rows() -> list[Row]:
    """Return one resident's change, committed and re-evaluated, in an open city."""
    from stadi.kit.actor import SYSTEM
    from stadi.people import actions as people
    from stadi.record import actions as record
    from stadi.site import house
    from stadi.site.figures import FIRST_ID

    # a service follows whom it screens; its own news is dated after all that is known
    told, followed, begun_at = [], [], record.now() + timedelta(hours=1)
    for i in range(TIMES + 1):
        at = begun_at + timedelta(seconds=i)
        subject, fields = FIRST_ID + 7 * i, {"language": ("fi", "sv", "en")[i % 3]}
        begun = time.perf_counter()
        people.change(
            subject=subject,
            register="people_contact",
            values=fields,
            true_since=at.date(),
            source="bench",
            by=SYSTEM,
            at=at,
        )
        committed = time.perf_counter()
        house.follow([subject], at)
        told.append(committed - begun)
        followed.append(time.perf_counter() - committed)
    both = statistics.median(a + b for a, b in zip(told[1:], followed[1:], strict=True))
    parts = f"{shown(statistics.median(told[1:]))} + {shown(statistics.median(followed[1:]))}"
    return [
        Row(
            axis="R2",
            workload="one changed fact: committed, and every service's rules asked again",
            ours=f"{shown(both)} ({parts})",
            goal="3 ms",
            floor=f"{shown(commit())} (one row committed)",
        )
    ]


def commit() -> float:
    """Return the median time of one row inserted and committed on the same database."""
    from django.db import connection

    found = []
    with connection.cursor() as cursor:
        cursor.execute("create table bench_floor (id integer)")
        for i in range(TIMES):
            begun = time.perf_counter()
            cursor.execute("insert into bench_floor values (%s)", [i])
            found.append(time.perf_counter() - begun)
        cursor.execute("drop table bench_floor")
    return statistics.median(found)
