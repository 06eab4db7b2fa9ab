"""Delivers what is due at a moment, in a process that anybody may kill, or that dies at a step."""

import os
import signal
import sys
from datetime import datetime
from pkgutil import resolve_name
from typing import Any

import django

django.setup()

from stadi.kit.actor import SYSTEM  # noqa: E402 - once Django is set up
from stadi.messages import actions as messages  # noqa: E402


def die_after(step: str) -> None:
    """Let this process be killed as soon as a function of the room has returned."""
    owner, _, name = step.rpartition(".")
    where = resolve_name(f"stadi.messages.{owner}")
    work = getattr(where, name)

    def last(*values: Any, **named: Any) -> None:
        work(*values, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(where, name, last)


for step in sys.argv[2:]:
    die_after(step)
messages.deliver_due(by=SYSTEM, at=datetime.fromisoformat(sys.argv[1]))
