"""The plug: which channels there are outside the inbox, and which this installation has."""

from collections.abc import Callable, Iterable, Sequence

from stadi.kit.errors import StadiError
from stadi.messages import email
from stadi.messages.domain import INBOX, Channel, Letter

# A new channel is one line here; each makes itself of settings, or is not there without them.
PLUGS: dict[str, Callable[[], Channel | None]] = {"email": email.from_settings}


class ChannelError(StadiError):
    """A message names a channel that nobody has built."""


def there() -> dict[str, Channel]:
    """Return the channels that this installation has, by name."""
    made = {name: plug() for name, plug in PLUGS.items()}
    return {name: channel for name, channel in made.items() if channel is not None}


def check(letters: Sequence[Letter]) -> None:
    """Raise ChannelError where a letter names a channel that there is not."""
    check_names(channel for letter in letters for channel in letter.channels)


def check_names(named: Iterable[str]) -> None:
    """Raise ChannelError where one of these is the name of no channel."""
    if strange := sorted({*named} - {INBOX, *PLUGS}):
        known = ", ".join((INBOX, *PLUGS))
        raise ChannelError(f"no channel is called {strange[0]}: write one of {known}")
