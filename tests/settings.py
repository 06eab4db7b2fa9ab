"""Settings for the tests: the house's own, on a database server started for them."""

import os
from pathlib import Path

HOME = Path(os.environ.get("STADI_TEST_HOME", Path(__file__).parents[1] / ".stadi" / "tests"))
os.environ["STADI_HOME"] = str(HOME)
if "DATABASE_URL" not in os.environ:
    from stadi.site.postgres import launcher as postgres

    os.environ["DATABASE_URL"] = postgres.up(HOME).dsn

from stadi.site.settings import *  # noqa: E402, F403 - the server comes first
from stadi.site.settings import DATABASES, STADI_SERVICES  # noqa: E402

STADI_SERVICES = [*STADI_SERVICES, "sample_service"]
DATABASES["default"]["CONN_MAX_AGE"] = 0
ALLOWED_HOSTS = ["*"]
