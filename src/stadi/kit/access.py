"""Every page says who may open it; `site` enforces it, a meta-test misses nobody."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

ANYONE, RESIDENT, OFFICIAL, MANAGER = "anyone", "resident", "official", "manager"


def open_to(*roles: str) -> Callable[[View], View]:
    """Declare the roles that may open a page; `anyone` needs no sign-in."""

    def mark(view: View) -> View:
        view.open_to = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark
