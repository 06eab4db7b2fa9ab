"""Who does something: the `by=` of every action."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, an official or the system; `id` is the resident's or official's number."""

    kind: str
    id: int = 0
    roles: frozenset[str] = frozenset()
    assurance: str = "low"
    on_behalf_of: int | None = None


SYSTEM = Actor(kind="system", roles=frozenset({"system"}), assurance="high")
