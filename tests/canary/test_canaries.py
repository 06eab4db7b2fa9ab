"""No value of a person is ever in a log, a fault, an address or the record."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from canary.birds import CANARIES, birds
from stadi.kit.errors import StadiError
from stadi.site import discreet
from stadi.site.postgres import launcher as postgres

OWN_NAME = "Keltasulka Kanarialintu"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own, with a working and a temporary folder that begin empty."""
    made = tmp_path_factory.mktemp("canary")
    for name in ("home", "tmp", "cwd"):
        (made / name).mkdir()
    yield made
    postgres.erase(made / "home")


def start(where: Path, *words: str) -> subprocess.Popen[str]:
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    env = {k: v for k, v in os.environ.items() if k not in ours} | {
        "STADI_HOME": str(where / "home"),
        "STADI_HOSTS": "testserver",
        "TMPDIR": str(where / "tmp"),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    command, pipe = [sys.executable, "-m", *words], subprocess.PIPE
    return subprocess.Popen(
        command, env=env, cwd=where / "cwd", text=True, stdout=pipe, stderr=pipe
    )


@pytest.fixture(scope="module")
def run(where: Path) -> dict[str, Any]:
    """Everything that was said while the loop ran over canaries and every step of it broke."""
    running = start(where, "canary.loop", str(where), str(where / "found"))
    out, err = running.communicate(timeout=300)
    assert running.returncode == 0, err
    server = postgres.up(where / "home")
    return {
        **json.loads((where / "found").read_text("utf-8")),
        "log": (where / "log").read_text("utf-8"),
        "stderr": out + err,
        "server log": (server.folder / "log").read_text("utf-8", errors="replace"),
    }


def test_the_canaries_are_seen_by_those_whose_they_are(run: dict[str, Any]) -> None:
    """Else the tests below would find no bird because there was none."""
    assert "2021-11-11" in run["own"]
    mine = "".join(body for name, (_, body, _h) in run["pages"].items() if name.startswith("mine"))
    assert birds(mine) == ["Kanarialintu", "Keltasulka", "11 November 2021"]
    assert "messages.sent" in {kind for kind, _ in run["record"]}


def test_every_step_was_broken_once(run: dict[str, Any]) -> None:
    codes = {name: code for name, (code, _) in run["said"].items()}
    assert {name for name, code in codes.items() if code == 0} == {
        *("demo", "import", "screen", "reach", "clock")
    }
    statuses = {name: status for name, (status, _, _) in run["pages"].items()}
    for name, status in statuses.items():
        assert str(status) in (name[:3], "200"), name
    assert {s for s in statuses.values() if s >= 400} == {400, 403, 404, 500}


def test_inv_08_no_value_is_in_what_a_command_says(run: dict[str, Any]) -> None:
    for name, (_, words) in run["said"].items():
        assert not birds(words), name
    assert not birds(run["stderr"])


def test_inv_08_no_value_is_in_a_log(run: dict[str, Any]) -> None:
    assert "psycopg.errors.CheckViolation" in run["log"]
    assert "Internal Server Error" in run["log"]
    assert not birds(run["log"])


def test_inv_08_no_value_is_in_the_database_servers_own_log(run: dict[str, Any]) -> None:
    assert run["faults"] == [["2021-11-11"], ["2021-11-11"]]
    assert "database system is ready" in run["server log"]
    assert "ERROR" not in run["server log"]
    assert not birds(run["server log"])


def test_inv_08_no_value_is_on_a_page_that_is_not_the_persons_own(run: dict[str, Any]) -> None:
    for name, (_, body, headers) in run["pages"].items():
        assert not birds(headers), name
        # who is signed in sees their own name above every page
        assert name.startswith("mine") or not birds(body.replace(OWN_NAME, "", 1)), name


def test_inv_08_no_value_is_in_an_address(run: dict[str, Any]) -> None:
    addresses = [x for link in run["links"] for x in link]
    for _, body, _h in run["pages"].values():
        addresses += re.findall(r'(?:href|action|src)="([^"]*)"', body)
    assert len(addresses) > 50
    assert not birds("\n".join(addresses))


def test_inv_08_no_value_is_in_the_record(run: dict[str, Any]) -> None:
    assert not birds(json.dumps(run["record"], ensure_ascii=False))
    assert not birds(json.dumps(run["kept"], ensure_ascii=False))
    assert not birds(json.dumps(run["snapshots"], ensure_ascii=False))


def test_the_passwords_of_purposes_are_in_no_log(run: dict[str, Any]) -> None:
    for name in ("log", "server log", "stderr"):
        assert "password=" not in run[name]
        assert not re.search(r"\b[0-9a-f]{64}\b", run[name].replace("password", "")), name


def test_a_fault_is_told_by_its_kind_and_place_and_never_in_its_words() -> None:
    bird, day, *_ = CANARIES

    def fail() -> None:
        try:
            date.fromisoformat(bird)
        except ValueError as error:
            raise LookupError(day) from error

    with pytest.raises(LookupError) as caught:
        fail()
    told = discreet.told(caught.value)
    for words in ("builtins.ValueError", "builtins.LookupError", "test_canaries.py", "in fail"):
        assert words in told
    assert not birds(told)
    assert "no such service" in discreet.told(StadiError("no such service"))


# ── an extract is gone when the run ends ─────────────────────────────────────────────────────

LEFT = (
    "select relname::text from pg_class where relpersistence = 'u'"
    " union all select nspname::text from pg_namespace where nspname like 'wall%%'"
    " union all select 'an open look' from consent_snapshot where closed_at is null"
)


def left(where: Path) -> list[str]:
    address = make_conninfo(postgres.up(where / "home").dsn, dbname="stadi_demo")
    with psycopg.connect(address) as keeper:
        return sorted(row[0] for row in keeper.execute(LEFT).fetchall())


@pytest.mark.usefixtures("run")
def test_nothing_of_an_extract_is_left_in_the_database_or_on_the_disk(where: Path) -> None:
    assert left(where) == []
    written = [p for name in ("tmp", "cwd") for p in (where / name).rglob("*")]
    assert written == []
    kept = [p for p in (where / "home").rglob("*") if p.is_file() and "data" not in p.parts]
    assert {p.name for p in kept} <= {"secret", "lock", "place", "password", "log"}


@pytest.mark.usefixtures("run")
def test_a_kill_in_the_middle_of_an_extract_leaves_nothing_after_the_next_start(
    where: Path,
) -> None:
    holding = start(where, "canary.held", str(where / "home"))
    assert holding.stdout is not None
    assert int(holding.stdout.readline()) > 1500
    holding.kill()
    holding.communicate()
    assert "an open look" in left(where)
    assert [p for name in ("tmp", "cwd") for p in (where / name).rglob("*")] == []
    opening = (
        "from pathlib import Path; from stadi.site import house;"
        f"house.open_city(Path({str(where / 'home')!r})); house.put_in_order()"
    )
    (where / "cwd" / "opening.py").write_text(opening, "utf-8")
    done = start(where, "opening")
    _, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    assert left(where) == []
