"""Many ids at once, as the database takes them."""

from collections.abc import Iterable
from uuid import UUID


def listed(ids: Iterable[UUID]) -> str:
    """Return ids as one array literal: the driver quotes a list of them one by one."""
    return "{" + ",".join(map(str, ids)) + "}"
