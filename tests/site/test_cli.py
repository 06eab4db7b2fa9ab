"""The command line, run as a person would, on a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stadi.site import cli
from stadi.site.postgres import launcher as postgres

ROOT = Path(__file__).parents[2]
PAAVO = ROOT.parent / "shared/data/population/paavo_helsinki_postal_2022.geojson"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    where = tmp_path_factory.mktemp("home")
    yield where
    postgres.erase(where)


def _start(home: Path, *words: str, **pipes: int) -> subprocess.Popen[str]:
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    keep = {k: v for k, v in os.environ.items() if k not in ours}
    env = {**keep, "STADI_HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "stadi.site.cli", *words]
    return subprocess.Popen(command, env=env, text=True, **pipes)


def _run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    running = _start(home, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = running.communicate(timeout=120)
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


@pytest.fixture(scope="module")
def built(home: Path) -> dict[str, object]:
    done = _run(home, "demo", "--residents", "1500", "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return report


def test_the_report_has_every_key_and_balances(built: dict[str, object]):
    assert set(built) == {"residents", "households", "units", "places", "services", "seconds"}
    counts = built["services"]["preschool"]  # type: ignore[index]
    assert counts["screened"] == sum(counts[k] for k in ("yes", "no", "unknown", "stopped"))
    assert counts["yes"] == sum(counts[k] for k in ("waiting", "offered", "held", "unreached"))
    assert set(built["seconds"]) == {  # type: ignore[call-overload]
        *("draw", "load", "extract", "screen", "assign", "offer", "answer", "measure", "total")
    }


def test_the_same_seed_gives_the_same_city(home: Path, built: dict[str, object]):
    again = json.loads(_run(home, "demo", "--residents", "1500", "--seed", "5", "--json").stdout)
    assert {k: v for k, v in again.items() if k != "seconds"} == {
        k: v for k, v in built.items() if k != "seconds"
    }


@pytest.mark.usefixtures("built")
def test_a_broken_service_is_refused_before_the_city_is_emptied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").touch()
    with monkeypatch.context() as there:
        there.setenv("STADI_SERVICES", str(tmp_path))
        done = _run(home, "demo", "--residents", "1500")
    assert done.returncode == 1
    assert "broken: service.py is missing" in done.stderr
    assert _run(home, "why", "3", "--json").returncode == 0


@pytest.mark.usefixtures("built")
def test_why_answers_for_a_child_and_a_grown_up(home: Path):
    child = json.loads(_run(home, "why", "3", "--json").stdout)
    assert child["outcome"] == "yes"
    assert [r["holds"] for r in child["reasons"]] == [True, True, True]
    grown = _run(home, "why", "1", "--language", "fi")
    assert grown.returncode == 0
    assert "✗ Lapsi täyttää tänä vuonna kuusi vuotta" in grown.stdout


@pytest.mark.usefixtures("built")
def test_screen_changes_nothing_and_reach_adds_up(home: Path):
    before = _run(home, "reach", "--json").stdout
    counts = json.loads(_run(home, "screen", "preschool", "--json").stdout)["counts"]
    assert sum(counts.values()) == 1500
    assert _run(home, "reach", "--json").stdout == before
    assert json.loads(before)[0]["balances"] is True


@pytest.mark.usefixtures("built")
def test_the_clock_moves_forward_only_and_what_falls_due_is_done(home: Path):
    start = json.loads(_run(home, "clock", "show", "--json").stdout)["now"]
    later = json.loads(_run(home, "clock", "advance", "20d", "--json").stdout)["now"]
    assert later > start
    assert json.loads(_run(home, "reach", "--json").stdout)[0]["open"] == 0
    assert _run(home, "clock", "advance", "-1d").returncode == 2
    assert _run(home, "clock", "advance", "0d").returncode == 1
    assert _run(home, "clock", "advance").returncode == 2
    assert _run(home, "clock", "show", "5d").returncode == 2
    assert _run(home, "up", "--port", "99999").returncode == 2
    assert _run(home, "demo", "--seed", "-1").returncode == 2


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("why", "999999"), "no resident 999999"),
        (("screen", "nosuch"), "no service is called 'nosuch'"),
        (("demo", "--residents", "5"), "more than 20 residents"),
        (("import", "paavo", "/nosuch.geojson"), "/nosuch.geojson"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(home: Path, words: tuple[str, ...], told: str):
    before = _run(home, "reach").stdout
    done = _run(home, *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert _run(home, "reach").stdout == before
    assert "Traceback" not in done.stderr


def test_a_truncated_file_changes_nothing(home: Path, built: dict[str, object], tmp_path: Path):
    del built
    broken = tmp_path / "paavo_2022.geojson"
    broken.write_text('{"type": "FeatureCollection", "features": [{"type"', "utf-8")
    before = _run(home, "clock", "show").stdout
    done = _run(home, "import", "paavo", str(broken))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert broken.name in done.stderr
    assert not (home / "areas.csv").exists()
    assert _run(home, "clock", "show").stdout == before


@pytest.mark.skipif(not PAAVO.exists(), reason="the real file is not here")
def test_the_real_file_draws_the_same_city_as_the_built_in_table(
    home: Path, built: dict[str, object]
):
    done = _run(home, "import", "paavo", str(PAAVO), "--residents", "1500", "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["services"] == built["services"]


@pytest.mark.parametrize("after", [1.5, 2.5, 4.0])
def test_a_database_killed_in_the_middle_leaves_no_half_city(home: Path, after: float):
    quiet = subprocess.DEVNULL
    building = _start(home, "demo", "--residents", "20000", stdout=quiet, stderr=quiet)
    with pytest.raises(subprocess.TimeoutExpired):
        building.wait(after)
    building.kill()
    building.wait()
    os.kill(postgres.up(home).pid, 9)
    done = _run(home, "demo", "--residents", "1500", "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr


def test_without_a_city_a_question_is_refused_and_nothing_is_made(tmp_path: Path):
    try:
        done = _run(tmp_path, "why", "3")
        assert done.returncode == 1
        assert "run `stadi demo`" in done.stderr
    finally:
        postgres.erase(tmp_path)


def test_a_city_being_drawn_is_not_drawn_twice_at_once(home: Path):
    import psycopg  # noqa: PLC0415 - beside its use

    with psycopg.connect(postgres.up(home).dsn, autocommit=True) as other:
        other.execute("select pg_advisory_lock(2027)")
        done = _run(home, "demo", "--residents", "1500")
    assert done.returncode == 1
    assert "wait until it is done" in done.stderr


def test_a_half_dropped_city_is_drawn_anew(home: Path):
    import psycopg  # noqa: PLC0415 - beside its use

    with psycopg.connect(postgres.up(home).dsn, autocommit=True) as keeper:
        keeper.execute("update pg_database set datconnlimit = -2 where datname = 'stadi_demo'")
    done = _run(home, "demo", "--residents", "1500", "--seed", "5", "--json")
    assert done.returncode == 0, done.stderr


def test_a_port_in_use_is_said_before_anything_is_drawn(home: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run(home, "up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is taken" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_portal_is_served_and_everything_stops_again_cleanly(home: Path, how: signal.Signals):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = subprocess.DEVNULL
    words = ("up", "--port", str(port), "--residents", "1500")
    serving = _start(home, *words, stdout=quiet, stderr=quiet)
    page = b""
    for _ in range(1_200):  # a machine that does much else takes its time
        try:
            page = urllib.request.urlopen(f"http://localhost:{port}/en/sign-in").read()
            break
        except OSError:
            time.sleep(0.1)
    serving.send_signal(how)
    try:
        serving.wait(120)
    finally:
        serving.kill()  # whatever it waits for, no other test shall meet it
        serving.wait()
    assert b"Aino" in page
    assert postgres.status(home) is None


def test_a_database_that_is_no_demo_is_refused(home: Path):
    import psycopg  # noqa: PLC0415 - beside its use

    server = postgres.up(home)
    with psycopg.connect(server.dsn, autocommit=True) as keeper:
        keeper.execute("drop database if exists stadi_demo with (force)")
        keeper.execute("create database stadi_demo")
    with psycopg.connect(f"{server.dsn} dbname=stadi_demo", autocommit=True) as other:
        other.execute("create table precious (id int)")
    done = _run(home, "demo", "--residents", "1500")
    assert done.returncode == 1
    assert "is not a demo city" in done.stderr
    with psycopg.connect(f"{server.dsn} dbname=stadi_demo", autocommit=True) as other:
        assert other.execute("select count(*) from precious").fetchone() == (0,)


@pytest.mark.parametrize(
    ("text", "meant"), [("14d", timedelta(days=14)), ("3h", timedelta(hours=3))]
)
def test_a_span_of_time_is_read(text: str, meant: timedelta):
    assert cli.span(text) == meant


@pytest.mark.parametrize("text", ["", "d", "14", "1.5d", "14w", "-3h", "9999999d", "4000d"])
def test_a_misspelt_span_is_refused(text: str):
    with pytest.raises(cli.argparse.ArgumentTypeError):
        cli.span(text)


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]):
    for command in ("up", "down", "demo", "doctor", "clock", "import", "screen", "why", "reach"):
        with pytest.raises(SystemExit) as ended:
            cli.main([command, "--help"])
        assert ended.value.code == 0
        assert capsys.readouterr().out
