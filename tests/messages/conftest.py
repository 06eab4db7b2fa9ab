"""Residents with addresses, and a mail server that the settings name."""

from collections.abc import Iterator
from typing import Any

import pytest

from messages.sink import Sink, listening
from stadi.people.models import Identity


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """A mail server on this machine, which the city sends through."""
    made = Sink()
    with listening(made) as address:
        settings.STADI_SMTP = address
        settings.STADI_MAIL_FROM = "city@stadi.example"
        settings.STADI_URL = "https://portal.stadi.example/"
        yield made


@pytest.fixture
def residents(db: None) -> None:
    """A thousand residents with an address each, and number 2,001 without one."""
    del db
    Identity.objects.bulk_create(
        Identity(
            subject=n,
            given_name="Keltasulka",
            family_name="Kanarialintu",
            email=f"r{n}@asukas.example" if n <= 2000 else None,
        )
        for n in range(1001, 2002)
    )
