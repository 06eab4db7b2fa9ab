"""Serves exactly the files of node_modules that the settings name, under npm/."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage


class NpmFinder(BaseFinder):
    """Finds the allowed npm files; anything else in node_modules stays out of reach."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.NODE_MODULES)
        self.storage.prefix = "npm"  # type: ignore[attr-defined]

    def check(self, **_kwargs: Any) -> list[Any]:
        """Return no complaints: there is nothing to configure."""
        return []

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Return where an allowed file lies."""
        name = path.removeprefix("npm/")
        wanted = name != path and name in settings.NPM_FILES
        hit = Path(settings.NODE_MODULES) / name
        found = [str(hit)] if wanted and hit.is_file() else []
        return found if find_all else (found or [""])[0] or []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:  # noqa: ARG002
        """Yield the allowed files that are there."""
        for name in settings.NPM_FILES:
            if (Path(settings.NODE_MODULES) / name).is_file():
                yield name, self.storage
