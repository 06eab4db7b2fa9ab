"""How a fault is told: what broke and where, never its words, which may hold what people are."""

import logging
import sys
import traceback
from types import TracebackType

from stadi.kit.errors import StadiError

BY_THEIR_NAMES = ("constraint_name", "table_name", "column_name")


class Discreet(logging.Formatter):
    """Writes a log line as ever, and the fault under it without its words."""

    def formatException(  # noqa: N802 - logging's own name
        self, ei: tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
    ) -> str:
        return told(ei[1]) if ei[1] is not None else ""


def told(error: BaseException) -> str:
    """Return where a fault came from, its cause first; only our own errors speak."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{told(cause)}\n\n" if cause is not None else ""
    steps = "".join(traceback.format_tb(error.__traceback__))
    return f"{before}Traceback (most recent call last):\n{steps}{_named(error)}"


def _named(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, StadiError):
        return f"{kind}: {error}"
    diag = getattr(error, "diag", None)
    names = [name for part in BY_THEIR_NAMES if (name := getattr(diag, part, None))]
    return f"{kind} ({', '.join(names)})" if names else kind


def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell a fault that nobody caught; takes the place of Python's own."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        sys.stderr.write(f"{told(error)}\n")
