"""Where one clone's database lives, and who else must stay out of it.

<clone>/.stadi/postgres/    lock, place, and for an ordinary user everything below too
/var/lib/stadi/<place>/     for root: data, password and log, where the server's own uid may go
/tmp/stadi-<uid>-<hash>/    the socket, in a folder of its own: a longer path would not fit
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stadi.site.postgres.errors import DiskFull, NotOurs

# PostgreSQL refuses to run as root. This uid is "nobody" on every Linux and needs no useradd.
NOBODY = 65534
ROOMS_OF_ROOT = Path("/var/lib/stadi")
# Fixed rather than $TMPDIR, which may be long: a socket's path may hold 107 bytes.
SOCKETS = Path("/tmp")  # noqa: S108 the folder made inside is checked for its owner and mode
# initdb takes 40 MB and the first write-ahead files 16 MB each; less than this ends in half a city.
LEAST_FREE = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
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


@contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    room = home / "postgres"
    room.mkdir(parents=True, exist_ok=True)
    with (room / "lock").open("w") as lock:
        # Released with the file, also when we are killed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find(home: Path) -> Place | None:
    """The place this clone has, without making one."""
    room = home / "postgres"
    if os.geteuid() != 0:
        return Place(folder=room, uid=os.geteuid()) if room.is_dir() else None
    name = read(room / "place")
    # Root may start a clone that another user wrote: only a plain name, never a way elsewhere.
    if not name.isalnum():
        return None
    folder = ROOMS_OF_ROOT / name
    return Place(folder=folder, uid=NOBODY) if _belongs(folder, home) else None


def _belongs(folder: Path, home: Path) -> bool:
    """Whether the place is this clone's: a moved clone keeps its data, a copy starts afresh."""
    owner = read(folder / "home")
    if not owner:
        return False
    return owner == str(home) or read(Path(owner) / "postgres" / "place") != folder.name


def claim(home: Path) -> Place:
    """The place this clone has, made if it has none."""
    place = find(home)
    if os.geteuid() != 0:
        return place or Place(folder=home / "postgres", uid=os.geteuid())
    if place is None:
        # By a random name and not by the path: a new clone where an old one was deleted is new.
        place = Place(folder=ROOMS_OF_ROOT / secrets.token_hex(8), uid=NOBODY)
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


def socket_path(home: Path) -> Path:
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return SOCKETS / f"stadi-{os.geteuid()}-{digest}"


def socket_folder(home: Path, uid: int) -> Path:
    folder = socket_path(home)
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


def refuse_foreign(place: Place) -> None:
    if place.data.exists() and (owner := place.data.stat().st_uid) != place.uid:
        message = (
            f"The data folder {place.data} belongs to user {owner}, not to {place.uid}. "
            "Start Stadi as the user who made it, or remove the folder."
        )
        raise NotOurs(message)


def refuse_full_disk(place: Place) -> None:
    free = shutil.disk_usage(place.folder).free
    if free < LEAST_FREE:
        megabytes = free // 2**20
        message = f"Only {megabytes} MB are free on the disk of {place.folder}; 300 are needed."
        raise DiskFull(message)


def read(path: Path) -> str:
    """The file's text; empty when there is none or it vanished under our hands."""
    try:
        return path.read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return ""
