"""Opens and closes the house: the database, Django, the web server, the clock."""

import os
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import django
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stadi.kit.actor import SYSTEM
from stadi.kit.errors import StadiError
from stadi.site import postgres

DEMO = "stadi_demo"
MARK = "an invented city of Stadi, drawn anew at will"


class HouseError(StadiError):
    """The house cannot be opened; the sentence says what to do."""


def open_demo(home: Path, *, anew: bool) -> bool:
    """Start the database, open the demo's own one and return whether it holds a finished city.

    With `anew` the demo database is emptied first. A database of that name which is not a demo
    is refused, whatever it holds.
    """
    server = os.environ.get("DATABASE_URL") or postgres.up(home).dsn
    address = make_conninfo(server, dbname=DEMO)
    with psycopg.connect(server, autocommit=True) as keeper:
        if "DATABASE_URL" not in os.environ:
            # on our own server nobody but us has business outside the city's database
            keeper.execute("revoke connect on database postgres, template1, stadi from public")
        there = keeper.execute("select 1 from pg_database where datname = %s", [DEMO]).fetchone()
        if there and not _is_demo(address):
            message = f"the database {DEMO} is not a demo city; a demo touches nothing but its own"
            raise HouseError(message)
        finished = bool(there) and _is_finished(address)
        if there and (anew or not finished):
            keeper.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(DEMO)))
        if not there or anew or not finished:
            keeper.execute(sql.SQL("create database {}").format(sql.Identifier(DEMO)))
            keeper.execute(
                sql.SQL("comment on database {} is {}").format(
                    sql.Identifier(DEMO), sql.Literal(MARK)
                )
            )
    os.environ["DATABASE_URL"] = address
    os.environ.setdefault("STADI_HOME", str(home))
    _set_up_django()
    return finished and not anew


def _is_demo(address: str) -> bool:
    """Return whether we made the database for a demo, or nothing is in it yet."""
    with psycopg.connect(address) as demo:
        row = demo.execute(
            "select shobj_description(oid, 'pg_database') = %s"
            " or not exists (select 1 from pg_tables where schemaname = 'public')"
            " from pg_database where datname = current_database()",
            [MARK],
        ).fetchone()
        return bool(row and row[0])


def _is_finished(address: str) -> bool:
    """Return whether the demo city was built to its end; a broken run is begun anew."""
    with psycopg.connect(address) as demo:
        if demo.execute("select to_regclass('record_entry')").fetchone() == (None,):
            return False
        row = demo.execute("select 1 from record_entry where kind = 'site.demo_built'").fetchone()
        return row is not None


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stadi.site.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def put_in_order() -> None:
    """Clear away what a broken run left, and give a wall to services that are new."""
    from stadi.consent import actions as consent
    from stadi.offers.plugins import plugins
    from stadi.record import actions as record

    consent.clear_away()
    known = consent.registered()
    for made in plugins().values():
        if made.service.purpose.id not in known:
            consent.register(purpose=made.service.purpose, by=SYSTEM, at=record.now())


def check_port(port: int) -> None:
    """Raise HouseError when something else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            message = (
                f"port {port} is taken ({error.strerror}): stop what runs there, or use --port"
            )
            raise HouseError(message) from error


def serve(port: int) -> int:
    """Serve the portal until it is interrupted or ended; return the server's exit code."""
    granian = str(Path(sys.executable).with_name("granian"))
    command = [
        *(granian, "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "4", "--log-level", "warning"),
        "stadi.site.wsgi:application",
    ]
    print(f"The portal is at http://localhost:{port} (stop with Ctrl-C)", flush=True)
    server = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        return 0


def local_now() -> datetime:
    """Return the city's time in its own zone."""
    from django.conf import settings

    from stadi.record import actions as record

    return record.now().astimezone(ZoneInfo(settings.CITY.time_zone))


def advance(step: timedelta) -> datetime:
    """Move the demo's time forward, do what has fallen due, and return the new time."""
    from stadi.offers.actions import answers
    from stadi.record import actions as record

    now = record.advance(by=SYSTEM, step=step)
    answers.fulfil_due(by=SYSTEM, at=now)
    answers.expire_due(by=SYSTEM, at=now)
    return local_now()
