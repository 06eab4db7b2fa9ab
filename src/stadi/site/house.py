"""Opens and closes the house: the database, Django, the web server, the clock."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stadi.consent import wall
from stadi.kit.actor import SYSTEM
from stadi.kit.errors import StadiError
from stadi.site import discreet
from stadi.site.postgres import launcher as postgres

DEMO = "stadi_demo"
GENTLE_SECONDS = 4
LIFE_SEED = 2027  # deaths and moves of the demo are drawn from it, a date at a time
HALF_DROPPED = -2  # what PostgreSQL writes into datconnlimit before it drops a database
MARK = "an invented city of Stadi, drawn anew at will"


class HouseError(StadiError):
    """The house cannot be opened; the sentence says what to do."""


def open_city(home: Path) -> None:
    """Start the database and open the finished demo city; change nothing where there is none."""
    server, address = _addresses(home)
    with _keeper(server) as keeper:
        if not _there(keeper) or not _is_demo(address) or not _is_finished(address):
            message = "no demo city is drawn yet: run `stadi demo`"
            raise HouseError(message)
    _set_up_django(home, address)
    _migrate()


@contextmanager
def drawing(home: Path) -> Iterator[None]:
    """Start the database and open the demo's own one, emptied, for a city to be drawn in."""
    with _alone(home) as (keeper, address):
        _set_up_django(home, address)
        _empty(keeper)
        _migrate()
        yield


@contextmanager
def opening(home: Path) -> Iterator[bool]:
    """Start the database and open the demo's own one; say whether it holds a finished city.

    After a broken run it is emptied, for a city to be drawn anew.
    """
    with _alone(home) as (keeper, address):
        finished = _there(keeper) and _is_finished(address)
        _set_up_django(home, address)
        if not finished:
            _empty(keeper)
        _migrate()
        yield finished


@contextmanager
def _alone(home: Path) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """Keep the demo database to one builder; refuse one of that name which is not a demo."""
    server, address = _addresses(home)
    with _keeper(server) as keeper:
        if unfit := keeper.execute(wall.UNFIT).fetchone():
            raise HouseError(unfit[0])
        (alone,) = keeper.execute("select pg_try_advisory_lock(2027)").fetchone() or (False,)
        if not alone:
            message = "another `stadi demo` or `stadi up` is drawing: wait until it is done"
            raise HouseError(message)
        if _there(keeper) and not _is_demo(address):
            message = f"the database {DEMO} is not a demo city; a demo touches nothing but its own"
            raise HouseError(message)
        yield keeper, address


def _addresses(home: Path) -> tuple[str, str]:
    """Return the server's address and the demo database's, the embedded server being started."""
    server = os.environ.get("DATABASE_URL") or postgres.up(home).dsn
    try:
        return server, make_conninfo(server, dbname=DEMO)
    except psycopg.ProgrammingError:  # its words would show the password
        message = "DATABASE_URL is neither a libpq URL nor a connection string"
        raise HouseError(message) from None


def _keeper(server: str) -> psycopg.Connection[Any]:
    """Connect to the server, or say why it does not let us in."""
    try:
        return psycopg.connect(server, autocommit=True)
    except psycopg.OperationalError as error:
        message = f"the PostgreSQL server does not let us in: {error}"
        raise HouseError(message) from None


def _there(keeper: psycopg.Connection[Any]) -> bool:
    """Return whether the demo database is there; one half dropped by a crash is not."""
    query = "select datconnlimit from pg_database where datname = %s"
    row = keeper.execute(query, [DEMO]).fetchone()
    return row is not None and row != (HALF_DROPPED,)


def _empty(keeper: psycopg.Connection[Any]) -> None:
    name = sql.Identifier(DEMO)
    keeper.execute(sql.SQL("drop database if exists {} with (force)").format(name))
    keeper.execute(sql.SQL("create database {}").format(name))
    keeper.execute(sql.SQL("comment on database {} is {}").format(name, sql.Literal(MARK)))
    for setting, value in wall.DISCREET:
        words = sql.SQL("alter database {} set {} = {}")
        keeper.execute(words.format(name, sql.Identifier(setting), sql.Literal(value)))


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


def _set_up_django(home: Path, address: str) -> None:
    """Set Django up and read every service, before anything is emptied for one that is broken."""
    sys.excepthook = discreet.hook
    os.environ["DATABASE_URL"] = address
    os.environ.setdefault("STADI_HOME", str(home))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stadi.site.settings")
    django.setup()
    from stadi.offers.plugins import plugins

    plugins()


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def put_in_order() -> None:
    """Clear away what a broken run left, and give a wall to services that are new."""
    from stadi.consent import actions as consent
    from stadi.insight import actions as insight
    from stadi.offers.plugins import plugins
    from stadi.record import actions as record

    consent.clear_away()
    known = consent.registered()
    for purpose in (*(p.service.purpose for p in plugins().values()), insight.PURPOSE):
        if purpose.id not in known:
            consent.register(purpose=purpose, by=SYSTEM, at=record.now())


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


@contextmanager
def serving() -> Iterator[None]:
    """Put the house in order and keep it to one portal at a time, or refuse."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as keeper:
        (alone,) = keeper.execute("select pg_try_advisory_lock(2028)").fetchone() or (False,)
        if not alone:
            message = "this city's portal is served already: stop that one first"
            raise HouseError(message)
        put_in_order()
        yield


def serve(port: int) -> int:
    """Serve the portal until it is interrupted or ended; return the server's exit code."""
    granian = str(Path(sys.executable).with_name("granian"))
    command = [
        *(granian, "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "4", "--log-level", "warning"),
        "stadi.site.wsgi:application",
    ]
    ended: list[int] = []
    # also where whoever started us lets its children ignore Ctrl-C
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: ended.append(number))
    server = subprocess.Popen(command, start_new_session=True)
    _announce(server, port, ended)
    while server.poll() is None and not ended:
        time.sleep(0.1)
    if server.poll() is None:
        _end(server)
    return 0 if ended else server.returncode


def _announce(server: subprocess.Popen[bytes], port: int, ended: list[int]) -> None:
    """Say where the portal is, once it answers."""
    while server.poll() is None and not ended:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                print(f"The portal is at http://localhost:{port} (stop with Ctrl-C)", flush=True)
                return
        time.sleep(0.05)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server, gently first: one that was still starting does not always hear."""
    server.terminate()
    try:
        server.wait(GENTLE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def local_now() -> datetime:
    """Return the city's time in its own zone."""
    from django.conf import settings

    from stadi.record import actions as record

    return record.now().astimezone(ZoneInfo(settings.CITY.time_zone))


def advance(step: timedelta) -> datetime:
    """Move the demo's time on, a day at a time: people live, cases follow, what is due is done."""
    from stadi.insight import actions as insight
    from stadi.record import actions as record

    until = record.now() + step
    while True:  # a time that does not move forward is refused by the clock itself
        before = record.now()
        now = record.advance(by=SYSTEM, step=min(until - before, timedelta(days=1)))
        _live(before.date(), now)
        tick(now)
        if now >= until:
            break
    insight.measure(by=SYSTEM, at=now)
    return local_now()


def _live(before: date, now: datetime) -> None:
    from stadi.people import actions as people

    if before < now.date():
        changed = people.live(since=before, until=now.date(), seed=LIFE_SEED, by=SYSTEM, at=now)
        follow(changed, now)


def tick(at: datetime) -> None:
    """Do what is due: rounds, cases and what they lead to, letters. Again changes nothing."""
    from stadi.fulfil import actions as fulfil
    from stadi.messages import actions as messages
    from stadi.offers.actions import clock, refill, rounds
    from stadi.offers.plugins import plugins

    for made in plugins().values():
        if rounds.is_due(plugin=made, at=at):
            rounds.run(plugin=made, by=SYSTEM, at=at)
    clock.tick(by=SYSTEM, at=at)
    fulfil.run_due(by=SYSTEM, at=at)
    for made in plugins().values():
        refill.refill(plugin=made, by=SYSTEM, at=at)
    messages.deliver_due(by=SYSTEM, at=at)


def follow(subjects: Collection[int], at: datetime) -> None:
    """Ask every service's rules again about these people, and let their cases follow."""
    from stadi.offers.actions import changes
    from stadi.offers.plugins import plugins

    for made in plugins().values() if subjects else ():
        changes.reconsider(plugin=made, subjects=subjects, by=SYSTEM, at=at)


def take_residents(file: Path) -> dict[str, int]:
    """Load a file of register rows, ask the rules again about whom it changed, and say how many."""
    from stadi.people import actions as people
    from stadi.record import actions as record

    now = record.now()
    taken = people.import_residents(file=file, by=SYSTEM, at=now)
    follow((*taken.changed, *taken.around), now)
    return {
        "new": taken.new,
        "corrected": taken.corrected,
        "unchanged": taken.unchanged,
        "residents": len(taken.changed),
        "around": len(taken.around),
    }
