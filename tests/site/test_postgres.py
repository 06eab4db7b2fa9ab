"""The launcher against the real PostgreSQL: no fakes, since the starting is what can go wrong."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from stadi.site import doctor
from stadi.site.postgres import errors, place, programs
from stadi.site.postgres import launcher as postgres

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One clone that most cases share, since laying out a database is what takes time."""
    home = tmp_path_factory.mktemp("clone") / ".stadi"
    yield home
    postgres.erase(home)


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Path]:
    """A clone that has never been started."""
    home = tmp_path / "new" / ".stadi"
    yield home
    postgres.erase(home)


def ask(server: postgres.Server, question: str) -> object:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        found = connection.execute(question.encode())
        row = found.fetchone() if found.description else None
        return row[0] if row else None


def test_it_starts_stops_and_starts_again_with_its_data(home: Path) -> None:
    server = postgres.up(home)
    ask(server, "create table stopped as select 42 as number")
    assert postgres.up(home) == server
    assert postgres.status(home) == server

    assert postgres.down(home)
    assert postgres.status(home) is None
    assert not postgres.down(home)

    begun = time.monotonic()
    server = postgres.up(home)
    assert time.monotonic() - begun < 2
    assert ask(server, "select number from stopped") == 42
    assert [(c.name, c.state) for c in doctor.checks(home.parent) if c.name in DATABASE] == [
        ("Data", "ok"),
        ("Socket", "ok"),
        ("Server", "ok"),
    ]


DATABASE = {"Data", "Socket", "Server"}


def test_before_the_first_start_nothing_runs(new_home: Path) -> None:
    assert postgres.status(new_home) is None
    assert not postgres.down(new_home)


def test_it_listens_on_no_port_and_lets_nobody_in_without_the_password(home: Path) -> None:
    server = postgres.up(home)
    assert ask(server, "show listen_addresses") == ""
    assert ask(server, "show fsync") == "on"
    assert ask(server, "select datlocprovider::text from pg_database where datname='stadi'") == "b"
    assert (server.folder / "password").stat().st_mode & 0o777 == 0o600
    assert server.dsn not in repr(server)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn, password="guess")


def test_after_kill_minus_nine_it_recovers_what_was_committed(home: Path) -> None:
    server = postgres.up(home)
    ask(server, "create table killed as select 42 as number")
    os.kill(server.pid, signal.SIGKILL)
    again = postgres.up(home)
    assert again.pid != server.pid
    assert ask(again, "select number from killed") == 42


def test_a_process_that_took_the_old_number_does_not_keep_it_from_starting(home: Path) -> None:
    server = postgres.up(home)
    pid_file = server.folder / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.down(home)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert postgres.status(home) is None
    assert not postgres.down(home)
    assert ask(postgres.up(home), "select 1") == 1


def test_two_starts_at_once_give_one_server_beside_the_other_clones(
    home: Path, new_home: Path
) -> None:
    one = postgres.up(home)
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(postgres.up, [new_home, new_home])
    assert first == second
    assert first.pid != one.pid
    assert first.folder != one.folder
    ask(one, "create table mine ()")
    assert ask(first, "select to_regclass('mine')") is None


def test_the_callers_environment_does_not_reach_the_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.down(home)
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    monkeypatch.setenv("PGDATABASE", "nothing")
    assert ask(postgres.up(home), "select current_database()::text") == "stadi"


def test_a_socket_folder_open_to_others_is_refused(new_home: Path) -> None:
    folder = place.socket_folder(new_home, os.geteuid() or place.NOBODY)
    try:
        folder.chmod(0o777)
        with pytest.raises(errors.NotOurs, match="socket folder"):
            place.socket_folder(new_home, os.geteuid() or place.NOBODY)
    finally:
        folder.rmdir()


@ROOT_ONLY
def test_a_socket_folder_of_another_user_is_refused(home: Path) -> None:
    postgres.up(home)
    postgres.down(home)
    folder = place.socket_folder(home, 1000)
    try:
        with pytest.raises(errors.NotOurs, match="socket folder"):
            postgres.up(home)
    finally:
        folder.rmdir()


@ROOT_ONLY
def test_data_of_another_user_are_refused(home: Path) -> None:
    server = postgres.up(home)
    postgres.down(home)
    os.chown(server.folder / "data", 1000, -1)
    try:
        with pytest.raises(errors.NotOurs, match="belongs to user 1000"):
            postgres.up(home)
    finally:
        os.chown(server.folder / "data", place.NOBODY, -1)


@ROOT_ONLY
def test_a_moved_clone_keeps_its_place_and_a_copied_one_gets_its_own(tmp_path: Path) -> None:
    old, moved, copied = (tmp_path / name / ".stadi" for name in ("old", "moved", "copied"))
    (old / "postgres").mkdir(parents=True)
    first = place.claim(old)
    old.parent.rename(moved.parent)
    try:
        assert place.claim(moved) == first
        shutil.copytree(moved.parent, copied.parent)
        assert place.find(copied) is None
        assert place.claim(copied) != first
        assert place.claim(moved) == first
    finally:
        postgres.erase(moved)
        postgres.erase(copied)


def test_a_full_disk_is_named_before_it_does_harm(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "LEAST_FREE", 2**62)
    with pytest.raises(errors.DiskFull, match="MB are free"):
        postgres.up(new_home)


def test_missing_programs_are_named(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(errors.ProgramsMissing, match="bin/setup"):
        postgres.up(new_home)


def test_a_start_that_fails_shows_the_last_lines_of_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.down(home)
    monkeypatch.setitem(postgres.SETTINGS, "shared_buffers", "nonsense")
    with pytest.raises(errors.DidNotStart, match=r"log:\n(.|\n)*shared_buffers"):
        postgres.up(home)


def test_a_lost_password_is_named_at_once(home: Path) -> None:
    server = postgres.up(home)
    kept = (server.folder / "password").read_text()
    (server.folder / "password").write_text("lost")
    with pytest.raises(errors.PasswordLost):
        postgres.up(home)
    (server.folder / "password").write_text(kept)
    assert postgres.up(home) == server


# Everything is imported and tried once as root, since another user may not be able to read it.
AS_ORDINARY_USER = """
import os, sys
from pathlib import Path
import psycopg
from stadi.site.postgres import launcher as postgres
try:
    psycopg.connect("host=/nowhere")
except psycopg.OperationalError:
    pass
os.setgroups([]); os.setgid(1000); os.setuid(1000)
home = Path(sys.argv[1])
server = postgres.up(home)
assert server.folder.is_relative_to(home)
assert (server.folder / "data").stat().st_uid == 1000
with psycopg.connect(server.dsn) as connection:
    assert connection.execute("select 42").fetchone() == (42,)
assert postgres.status(home) == server
assert postgres.down(home)
print("fine")
"""


@ROOT_ONLY
def test_an_ordinary_user_can_do_it_too() -> None:
    server = programs.find_package() / "pginstall" / "bin" / "postgres"
    if any(not folder.stat().st_mode & 0o001 for folder in server.parents):
        pytest.skip("the programs lie in a folder that other users may not enter")
    home = Path(f"/tmp/stadi-test-{os.getpid()}")  # noqa: S108 pytest's own is closed to others
    home.mkdir()
    os.chown(home, 1000, 1000)
    try:
        done = subprocess.run(
            [sys.executable, "-c", AS_ORDINARY_USER, home / ".stadi"],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(postgres.__file__).parents[3])},
        )
        assert done.stdout == "fine\n", done.stderr
    finally:
        subprocess.run(["rm", "-rf", home], check=True)
