"""Where services lie: in the house, and in the folders that STADI_SERVICES names."""

import os
from pathlib import Path

from stadi import services
from stadi.kit.errors import StadiError


class ShelfError(StadiError):
    """STADI_SERVICES names what holds no services; the sentence says what."""


def packages(named: str) -> list[str]:
    """Return every service of the house and of the named folders, as a package to load.

    Whatever lies in a named folder becomes importable as a part of stadi.services.
    """
    for folder in _folders(named):
        if str(folder) not in services.__path__:
            services.__path__.append(str(folder))
    found: dict[str, Path] = {}
    for folder in map(Path, services.__path__):
        for name in _services_in(folder):
            if name in found:
                message = f"{folder / name}: {found[name]} is a service of the same name: move one"
                raise ShelfError(message)
            found[name] = folder / name
    return [f"{services.__name__}.{name}" for name in found]


def _folders(named: str) -> list[Path]:
    folders = [Path(part).absolute() for part in named.split(os.pathsep) if part]
    for folder in folders:
        if not folder.is_dir():
            raise ShelfError(f"STADI_SERVICES: {folder} is no folder")
        if (folder / "service.py").exists():
            raise ShelfError(f"STADI_SERVICES: {folder} is one service: name the folder it lies in")
    return folders


def _services_in(folder: Path) -> list[str]:
    """Return the names of a folder's services; one that lacks a file is named when it is loaded."""
    marks = ("__init__.py", "service.py")
    return sorted(f.name for f in folder.iterdir() if any((f / mark).is_file() for mark in marks))
