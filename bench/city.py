"""The loop of the whole demo city step by step, and what it feels like once the city is there."""

from pathlib import Path
from typing import Any

import answers
import change
import screening
import services
from table import Row, megabytes, peak, seconds, shown

from stadi.site import figures, house

# What each row of the loop adds up, and what it may take in the whole city.
STEPS = (
    ("draw and load the registers", ("draw", "load"), "50 s"),
    ("purpose snapshot and extract", ("extract",), "5 s"),
    ("screen, and open the cases", ("screen",), ""),
    ("assign and certify", ("assign",), "500 ms"),
    ("offers with reasons, receipts and leaves", ("offer",), "2 s"),
    ("simulated answers", ("answer",), ""),
    ("measure who was reached", ("measure",), ""),
    ("stadi demo in all", ("total",), "90 s"),
)


def rows(home: Path, residents: int) -> list[Row]:
    """Return all rows of a city drawn, built and asked in a home of its own."""
    drawn = figures.draw_city(residents=residents, seed=2027, areas=figures.areas(home))
    with house.drawing(home):
        from django.conf import settings

        from stadi.offers.actions import rounds
        from stadi.offers.plugins import plugins
        from stadi.record import actions as record
        from stadi.site import demo

        settings.ALLOWED_HOSTS = ["*"]
        report = demo.build(drawn)
        found = loop(report)
        made = plugins()["preschool"]
        found += screening.rows(made, rounds.read(plugin=made, at=record.now()))
        return [*found, *services.rows(), *answers.rows(), *change.rows(), page()]


def loop(report: dict[str, Any]) -> list[Row]:
    """Return a row for every step of the loop, and the memory they took."""
    spent, city = report["seconds"], f"{report['residents']:,} residents"
    found = [
        Row(
            axis="loop",
            workload=f"{city}: {what}",
            ours=shown(sum(spent[step] for step in steps)),
            goal=goal,
        )
        for what, steps, goal in STEPS
    ]
    memory = Row(
        axis="loop",
        workload=f"{city}: peak memory, PostgreSQL apart",
        ours=megabytes(peak()),
        goal="2 GB",
    )
    return [*found, memory]


def page() -> Row:
    """Return a resident's home page at the server, beside the framework's empty answer."""
    from django.test import Client

    client, guest = Client(), Client()
    client.post("/en/sign-in", {"person": "1"})
    home = seconds(lambda: client.get("/en/"), 50)
    floor = seconds(lambda: guest.get("/"), 50)
    return Row(
        axis="pages",
        workload="a resident's page at the server",
        ours=shown(home),
        goal="30 ms",
        floor=f"{shown(floor)} (a redirect)",
    )
