"""The embedded PostgreSQL of one clone: started, found and stopped, by a socket, never a port."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stadi.site.postgres.errors import DidNotStart, DidNotStop, DiskFull, NotOurs, PasswordLost
from stadi.site.postgres.place import (
    Place,
    claim,
    find,
    one_at_a_time,
    read,
    refuse_foreign,
    refuse_full_disk,
    socket_folder,
    socket_path,
)
from stadi.site.postgres.programs import find_programs, run

NAME = "stadi"
Result = TypeVar("Result")
PORT = "5432"  # only part of the socket's file name, yet said aloud because $PGPORT would change it
PATIENCE = 60.0  # recovery after kill -9 was measured at 1-4 s; a slow disk may need ten times that
LOG_LIMIT = 10 * 1024 * 1024

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    # The same answers on every machine, whatever zone its owner lives in.
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL that has answered a real connection."""

    dsn: str = field(repr=False)  # holds the password, so it stays out of logs and tracebacks
    pid: int
    folder: Path
    """Holds `data`, `password` and `log`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    pid: int
    sockets: str


def up(home: Path) -> Server:
    """The clone's running PostgreSQL with its database; made and started where it is missing."""
    home = home.resolve()
    try:
        with one_at_a_time(home):
            return _up(home)
    except PermissionError as error:
        message = f"{error.filename} may not be used by this user ({error.strerror})."
        raise NotOurs(message) from error
    except OSError as error:
        if "No space left" in str(error):
            raise DiskFull(f"The disk is full: {error.filename} could not be written.") from error
        raise


def _up(home: Path) -> Server:
    place = claim(home)
    refuse_foreign(place)
    running = _running(place)
    # One that was found may be on its way out, killed a moment ago: then it is started anew.
    if running is None or not _answers(place, running):
        running = _make_and_start(home, place)
        if not _answers(place, running):
            _say_why(place, "PostgreSQL stopped while starting.")
    _create_database(_dsn(place, running, "postgres"))
    return _server(place, running)


def _make_and_start(home: Path, place: Place) -> _Running:
    refuse_full_disk(place)
    programs = find_programs(place)
    if not place.data.exists():
        _create_cluster(place, programs)
    return _start(place, programs, socket_folder(home, place.uid))


def down(home: Path) -> bool:
    """Whether something ran; it has stopped cleanly, sessions cut off and everything written."""
    home = home.resolve()
    place = find(home)
    if place is None or not place.data.exists():
        return False
    with one_at_a_time(home):
        running = _running(place)
        if running is None:
            return False
        _stop(place, running.pid)
    # Empty after a clean stop; computed, never read from a file that the server's uid can write.
    with suppress(OSError):
        socket_path(home).rmdir()
    return True


def status(home: Path) -> Server | None:
    """The running server, if it answers now."""
    place = find(home.resolve())
    if place is None:
        return None
    running = _running(place)
    if running is None or _refusal(_dsn(place, running, NAME)) is not None:
        return None
    return _server(place, running)


def erase(home: Path) -> None:
    """Stops the server and forgets all of its data."""
    home = home.resolve()
    down(home)
    if (place := find(home)) is not None:
        shutil.rmtree(place.folder, ignore_errors=True)
    shutil.rmtree(socket_path(home), ignore_errors=True)
    shutil.rmtree(home / "postgres", ignore_errors=True)


def _create_cluster(place: Place, programs: Path) -> None:
    # Made beside and renamed when whole: a half-made cluster is never mistaken for a database.
    draft = place.folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    _own_file(place.password, place.uid).write_text(secrets.token_urlsafe(24))
    draft.mkdir(mode=0o700)
    os.chown(draft, place.uid, -1)
    made = run(
        place,
        programs / "initdb",
        f"--pgdata={draft}",
        f"--username={NAME}",
        "--auth=scram-sha-256",
        f"--pwfile={place.password}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    )
    if made.returncode:
        place.log.write_text(made.stdout)
        _say_why(place, "PostgreSQL could not lay out its data folder.")
    draft.rename(place.data)


def _own_file(path: Path, uid: int) -> Path:
    """A file that only the server's user and root can read, from its first byte on."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(0o600)
    os.chown(path, uid, -1)
    return path


def _start(place: Place, programs: Path, sockets: Path) -> _Running:
    if place.log.exists() and place.log.stat().st_size > LOG_LIMIT:
        place.log.replace(place.log.with_suffix(".old"))
    _own_file(place.log, place.uid)
    # It names a process that is not ours (a copied clone, a number used again), and PostgreSQL
    # would take any living process for its own former self.
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)}
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    start: list[str | Path] = [
        programs / "pg_ctl",
        "start",
        "-w",
        "-t",
        f"{PATIENCE:.0f}",
        "-D",
        place.data,
    ]

    def started() -> _Running | None:
        begun = place.log.stat().st_size
        run(place, *start, "-l", place.log, "-o", options)
        if (running := _running(place)) is None and not _lingers(place, begun):
            _say_why(place, "PostgreSQL did not start.")
        return running

    return _eventually(started) or _say_why(place, "PostgreSQL did not start.")


def _lingers(place: Place, begun: int) -> bool:
    """Whether sessions of a server killed just now still hold its memory; they end soon."""
    with place.log.open(errors="replace") as log:
        log.seek(begun)
        return "shared memory block" in log.read()


def _answers(place: Place, running: _Running) -> bool:
    """Whether a real connection came about, however long recovery took; False when it ended."""
    dsn = _dsn(place, running, "postgres")

    def settled() -> bool:
        refusal = _refusal(dsn)
        if refusal and "password authentication failed" in refusal:
            message = f"{place.password} does not open the database in {place.data}."
            raise PasswordLost(message)
        return refusal is None or not _lives(running.pid, place.data)

    if not _eventually(settled):
        _say_why(place, f"PostgreSQL runs (process {running.pid}) but gives no answer.")
    return _lives(running.pid, place.data)


def _refusal(dsn: str) -> str | None:
    """Why no connection came about; None when one did."""
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def _create_database(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        there = connection.execute("select from pg_database where datname = %s", [NAME]).fetchone()
        if there is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(NAME)))
            # The roles of purposes log in to this server too: these are no rooms of theirs.
            connection.execute("revoke connect on database postgres, template1, stadi from public")


def _stop(place: Place, pid: int) -> None:
    # SIGINT is PostgreSQL's "fast" stop: sessions are cut, everything committed is on disk.
    os.kill(pid, signal.SIGINT)
    if not _eventually(lambda: not _lives(pid, place.data)):
        raise DidNotStop(f"PostgreSQL (process {pid}) is still stopping; see {place.log}.")


def _eventually(look: Callable[[], Result]) -> Result:
    """The first answer that is true, or the last one when patience is over."""
    until = time.monotonic() + PATIENCE
    pause = 0.01
    while not (answer := look()) and time.monotonic() < until:
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return answer


def _say_why(place: Place, sentence: str) -> NoReturn:
    lines = read(place.log).splitlines()[-12:]
    told = "\n".join(f"    {line}" for line in lines) or "    (the log is empty)"
    kind = DiskFull if any("No space left" in line for line in lines) else DidNotStart
    raise kind(f"{sentence} The last lines of {place.log}:\n{told}")


def _server(place: Place, running: _Running) -> Server:
    return Server(dsn=_dsn(place, running, NAME), pid=running.pid, folder=place.folder)


def _dsn(place: Place, running: _Running, database: str) -> str:
    return make_conninfo(
        host=running.sockets,
        port=PORT,
        user=NAME,
        password=read(place.password),
        dbname=database,
    )


def _running(place: Place) -> _Running | None:
    """The process that serves this place, whether or not it answers yet."""
    # Lines: 1 process, 2 data, 3 started, 4 port, 5 socket folder. A young file may be shorter.
    lines = read(place.data / "postmaster.pid").splitlines()
    if len(lines) < 5 or not lines[0].isdecimal() or not _lives(int(lines[0]), place.data):  # noqa: PLR2004
        return None
    return _Running(pid=int(lines[0]), sockets=lines[4])


def _lives(pid: int, data: Path) -> bool:
    """Whether this is a PostgreSQL on this data, not a zombie and not a number used again."""
    state, command = _process(pid)
    if state in {"", "Z", "X"} or not command or Path(command[0]).name != "postgres":
        return False
    told = Path(command[command.index("-D") + 1]) if "-D" in command else data
    # A clone moved under a running server: its old path is gone, the server is still ours.
    return not told.exists() or told.samefile(data)


def _process(pid: int) -> tuple[str, list[str]]:
    """State letter and command line; both empty when there is no such process."""
    # Not /proc/<pid>/cwd: in a container even root may not look at another user's.
    folder = Path("/proc") / str(pid)
    if Path("/proc/self").exists():
        state = read(folder / "stat").rpartition(")")[2].split()
        command = read(folder / "cmdline").split("\0")
        return (state[0] if state else ""), [word for word in command if word]
    shown = subprocess.run(
        ["ps", "-o", "stat=,command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    state_letter, _, command_line = shown.stdout.strip().partition(" ")
    return state_letter[:1], command_line.split()
