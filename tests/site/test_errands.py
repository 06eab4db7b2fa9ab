"""`stadi import errands`, and what the doctor hears of services that name errands in vain."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import errand_file
from stadi.site import claims, doctor
from stadi.site.postgres import launcher as postgres

ROOT = Path(__file__).parents[2]
IN_VAIN = "service preschool replaces errand 4512, which is not in the register"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a clone whose database runs and holds no city."""
    where = tmp_path_factory.mktemp("clone") / ".stadi"
    where.mkdir()
    postgres.up(where)
    yield where
    postgres.erase(where)


@pytest.fixture(scope="module")
def home(empty: Path) -> Path:
    """The same with a small city."""
    made = _run(empty, "stadi.site.cli", "demo", "--residents", "1500", "--seed", "5")
    assert made.returncode == 0, made.stderr
    return empty


def _run(home: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    keep = {k: v for k, v in os.environ.items() if k not in ours}
    env = {**keep, "STADI_HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(
        command, env=env, text=True, capture_output=True, check=False, timeout=120
    )


def _claims(home: Path) -> str:
    done = _run(home, "stadi.site.claims", str(home))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_where_no_city_is_drawn_no_service_names_anything_in_vain(empty: Path):
    assert _claims(empty) == ""
    with psycopg.connect(postgres.up(empty).dsn, autocommit=True) as server:
        server.execute("create database stadi_demo")
    assert _claims(empty) == ""


def test_a_file_is_imported_and_again_changes_nothing(home: Path, tmp_path: Path):
    assert _claims(home) == ""
    file = errand_file.write(tmp_path / "errands.json", errand_file.errands())
    first = _run(home, "stadi.site.cli", "import", "errands", str(file), "--json")
    told = json.loads(first.stdout)
    (sentence,) = told.pop("unknown")
    assert told == {"new": 3, "changed": 0, "unchanged": 0, "gone": 0}
    assert sentence.startswith(IN_VAIN)
    again = _run(home, "stadi.site.cli", "import", "errands", str(file))
    assert again.stdout.splitlines() == [
        "nothing changed: the register holds these 3 errands already",
        sentence,
    ]
    assert _claims(home) == f"{sentence}\n"
    right = errand_file.write(tmp_path / "right.json", errand_file.errands(first=4512))
    done = _run(home, "stadi.site.cli", "import", "errands", str(right))
    assert done.stdout == "1 errands new, 0 changed, 2 unchanged, 1 gone\n"
    assert _claims(home) == ""


def test_a_file_that_is_wrong_is_refused_in_a_sentence(home: Path, tmp_path: Path):
    file = tmp_path / "errands.json"
    file.write_text('[{"id": 1, "fi": {"na', "utf-8")
    done = _run(home, "stadi.site.cli", "import", "errands", str(file))
    assert done.returncode == 1
    told = "stadi: errands.json: ends too early, in line 1: is it whole?; nothing was imported\n"
    assert done.stderr == told


def test_where_no_database_runs_nothing_is_started(tmp_path: Path):
    assert claims.sentences(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("says", "state"),
    [("true", "ok"), (f"echo '{IN_VAIN}: correct the id'", "fail"), ("exit 1", "warn")],
)
def test_the_doctor_tells_what_services_name_in_vain(tmp_path: Path, says: str, state: str):
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{says}\n", "utf-8")
    python.chmod(0o755)
    (found,) = (check for check in doctor.checks(tmp_path) if check.name == "Errands")
    assert found.state == state
    assert (IN_VAIN in found.words) == (state == "fail")
    assert bool(found.do) == (state != "ok")
