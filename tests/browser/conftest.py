"""A real server on the demo city, and a real browser: Debian's Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def origin(city: dict[str, Any], django_db_blocker: Any) -> Iterator[str]:
    """The address of a served demo city."""
    from django.db import connection  # noqa: PLC0415 - after Django is set up
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    del city
    with django_db_blocker.unblock():
        address = make_conninfo(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("granian")), "--interface", "wsgi"),
            *("--port", str(port), "--log-level", "warning", "stadi.site.wsgi:application"),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "stadi.site.settings",
            "PYTHONPATH": str(ROOT / "src"),
        },
    )
    base = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{base}/en/sign-in", timeout=5).read()  # noqa: S310 - ours
            break
        except OSError:
            time.sleep(0.1)
    yield base
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser(django_db_blocker: Any) -> Iterator[Browser]:
    """Debian's Chromium; where it is missing the tests say so and are skipped."""
    from django.db import connections  # noqa: PLC0415 - after Django is set up

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield opened
        opened.close()
        with django_db_blocker.unblock():
            # beside its loop Django keeps other connections, which nobody else closes
            connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
