"""Every service of the city: its rules over everyone, a trial, and what one resident may check."""

from typing import Any

from table import Row, seconds, shown


def rows() -> list[Row]:
    """Return the rows of an open city."""
    return [*everyone(), check()]


def everyone() -> list[Row]:
    """Return what it takes to ask all services' rules about everyone, each after one extract."""
    from stadi.offers.actions import rounds
    from stadi.offers.plugins import plugins
    from stadi.record import actions as record

    spent, looked, residents = 0.0, 0.0, 0
    for made in plugins().values():
        seen: dict[str, Any] = {}

        def look(made: Any = made, seen: dict[str, Any] = seen) -> None:
            seen["it"] = rounds.read(plugin=made, at=record.now())

        looked += seconds(look, 1)
        spent += seconds(
            lambda made=made, seen=seen: rounds.screen(plugin=made, seen=seen["it"]), 3
        )
        residents = seen["it"].tables["subject"].num_rows
    many = f"{len(plugins())} services over {residents:,} residents"
    return [
        Row(axis="services", workload=f"{many}: the rules", ours=shown(spent), goal="5 s"),
        Row(axis="services", workload=f"{many}: one extract each", ours=shown(looked)),
    ]


def check() -> Row:
    """Return the page on which a resident checks every service."""
    from django.test import Client

    client = Client()
    client.post("/en/sign-in", {"person": "26"})
    page = seconds(lambda: client.get("/en/check"), 20)
    return Row(
        axis="services",
        workload="a resident checks every service, at the server",
        ours=shown(page),
        goal="150 ms",
    )
