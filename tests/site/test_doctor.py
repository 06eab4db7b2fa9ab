"""The doctor on clones that lack something, and on a Python with nothing installed."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stadi.site import doctor

CLONE = Path(doctor.__file__).resolve().parents[3]


def look(root: Path) -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.checks(root)}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a lock of two packages and a font, everything else missing."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.lock").write_text(
        "My_Words==1.0 \\\n    --hash=sha256:00\nonly-there==2.0 ; sys_platform == 'win32' \\\n"
    )
    return tmp_path


def install(clone: Path, name: str) -> None:
    (clone / ".venv/lib/python3.11/site-packages" / f"{name}.dist-info").mkdir(parents=True)


def test_an_empty_clone_is_told_to_set_up(clone: Path) -> None:
    found = look(clone)
    assert {name for name, check in found.items() if check.state == "fail"} == {
        "Environment",
        "Packages",
        "PostgreSQL",
    }
    assert all("make up" in check.do for check in found.values() if check.state == "fail")
    assert found["Data"].state == "ok"


def test_every_trouble_says_what_to_do(clone: Path) -> None:
    assert all(check.do for check in doctor.checks(clone) if check.state != "ok")


def test_a_missing_package_is_named_unless_it_is_for_another_system(clone: Path) -> None:
    assert look(clone)["Packages"].words == "missing my-words."
    install(clone, "my_words-1.0")
    assert look(clone)["Packages"].state == "ok"


def test_another_version_than_the_locked_one_is_named(clone: Path) -> None:
    install(clone, "my.words-1.1")
    assert look(clone)["Packages"].words == "not as locked: my-words 1.1."


def test_who_uses_the_port_is_named(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(doctor, "PORT", server.getsockname()[1])
        check = look(clone)["Port"]
    assert check.state == "warn"
    assert f"process {os.getpid()}" in check.words
    assert look(clone)["Port"].state == "ok"


def test_a_full_disk_fails(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2**29})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    assert look(clone)["Disk"].state == "fail"


def test_it_runs_on_a_python_with_nothing_installed(clone: Path) -> None:
    done = subprocess.run(
        # -I and -S: no packages, no paths from outside.
        [sys.executable, "-I", "-S", doctor.__file__, "--json", "--root", str(clone)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert {check["state"] for check in json.loads(done.stdout)} <= {"ok", "warn", "fail"}


def test_this_clones_lock_can_be_read() -> None:
    pins = doctor._locked(CLONE / "requirements" / "run.lock")
    assert pins["duckdb"] == {"1.5.5"}
    assert {"django", "psycopg", "psycopg-binary"} <= set(pins)


def test_it_prints_for_people(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--root", str(clone)]) == 1
    printed = capsys.readouterr().out
    assert "FAIL  Environment" in printed
    assert "-> Run: make up" in printed
