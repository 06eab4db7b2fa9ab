"""What every test may use: a small demo city, built once per worker, and times."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

NOON = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the tests' own database server once every worker is done."""
    if not hasattr(session.config, "workerinput") and "STADI_HOME" in os.environ:
        from stadi.site.postgres import launcher as postgres  # noqa: PLC0415 - only once a server was wanted

        postgres.down(Path(os.environ["STADI_HOME"]))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Close the purposes' kept connections, else the test database could not be dropped."""
    del django_db_setup
    yield
    from stadi.consent import looking  # noqa: PLC0415 - after Django is set up

    looking.leave()


@pytest.fixture(scope="module")
def city(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A demo city of 3,000, built anew for each module that asks; gives the report."""
    from django.core.management import call_command  # noqa: PLC0415 - after Django is set up

    from stadi.people import paavo  # noqa: PLC0415
    from stadi.site import demo, figures  # noqa: PLC0415

    del django_db_setup
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False)
        drawn = figures.draw_city(residents=3_000, seed=7, areas=paavo.built_in())
        yield demo.build(drawn)
        call_command("flush", verbosity=0, interactive=False)
