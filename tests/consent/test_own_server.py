"""The commands on a PostgreSQL that is not ours to start: one that DATABASE_URL names."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).parents[2]
RESIDENTS = ROOT / "docs" / "examples" / "residents.csv"


def address(**changes: str) -> str:
    """Return the address of the tests' own server, which here plays the city's."""
    chosen = connection.settings_dict
    parts = {
        "host": str(chosen["HOST"]),
        "port": str(chosen["PORT"] or ""),
        "user": str(chosen["USER"]),
        "password": str(chosen["PASSWORD"]),
        "dbname": "postgres",
    }
    return make_conninfo(**{k: v for k, v in (parts | changes).items() if v})


def stadi(home: Path, server: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"} | {
        "DATABASE_URL": server,
        "STADI_HOME": str(home),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "stadi.site.cli", *words]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def keeper() -> Iterator[psycopg.Connection]:
    """The server's owner, who removes afterwards what the commands made."""
    with psycopg.connect(address(), autocommit=True) as opened:
        yield opened
        opened.execute("drop database if exists stadi_demo with (force)")


def test_the_whole_loop_runs_on_a_server_of_ones_own_whatever_its_keeper_is_called(
    keeper: psycopg.Connection, tmp_path: Path
) -> None:
    name = 'o"dd Keeper'
    words = sql.SQL("create role {} login superuser password 'odd'")
    keeper.execute(words.format(sql.Identifier(name)))
    server = address(user=name, password="odd")
    try:
        drawn = stadi(tmp_path, server, "demo", "--residents", "1500", "--seed", "5", "--json")
        assert drawn.returncode == 0, drawn.stderr
        assert json.loads(drawn.stdout)["services"]["preschool"]["screened"] == 1500
        for command in (
            ("import", "residents", str(RESIDENTS)),
            ("why", "5001"),
            ("screen", "preschool"),
            ("clock", "advance", "20d"),
        ):
            done = stadi(tmp_path, server, *command)
            assert done.returncode == 0, (command, done.stderr)
        assert not (tmp_path / "postgres").exists()
    finally:
        keeper.execute("drop database if exists stadi_demo with (force)")
        keeper.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def test_a_role_that_is_no_superuser_is_told_so_before_anything_is_made(
    keeper: psycopg.Connection, tmp_path: Path
) -> None:
    keeper.execute("create role half_owner login createdb createrole password 'half'")
    keeper.execute("grant connect on database postgres to half_owner")
    try:
        server = address(user="half_owner", password="half")
        done = stadi(tmp_path, server, "demo", "--residents", "1500")
    finally:
        keeper.execute("revoke connect on database postgres from half_owner")
        keeper.execute("drop role half_owner")
    assert done.returncode == 1
    assert "alter role half_owner superuser" in done.stderr
    assert "Traceback" not in done.stderr
    there = keeper.execute("select 1 from pg_database where datname = 'stadi_demo'")
    assert there.fetchone() is None


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("postgresql://keeper:a-secret@/postgres?nonsense=1", "neither a libpq URL nor"),
        ("host=/nowhere user=keeper password=a-secret", "does not let us in"),
    ],
)
def test_a_server_that_cannot_be_reached_is_said_in_a_sentence_without_the_password(
    tmp_path: Path, server: str, told: str
) -> None:
    for words in (("demo", "--residents", "1500"), ("why", "1")):
        done = stadi(tmp_path, server, *words)
        assert done.returncode == 1
        assert told in done.stderr
        assert "a-secret" not in done.stderr
        assert "Traceback" not in done.stderr
