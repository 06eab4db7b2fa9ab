"""What a message is before it is sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Words to one resident; `link` is a path in the portal that shows nothing before sign-in."""

    recipient: int
    key: str
    subject: str
    body: str
    link: str
