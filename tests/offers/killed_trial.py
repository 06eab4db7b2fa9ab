"""Tries a service in a process that is killed while it looks at everyone."""

import os
import signal

import django

django.setup()

from stadi.engine import sweep  # noqa: E402 - once Django is set up
from stadi.kit.actor import SYSTEM  # noqa: E402
from stadi.offers.actions import trying  # noqa: E402
from stadi.offers.plugins import plugins  # noqa: E402
from stadi.record import actions as record  # noqa: E402


def die(_sight: sweep.Sight) -> None:
    """Let this process be killed where it would read."""
    os.kill(os.getpid(), signal.SIGKILL)


sweep.extract = die  # type: ignore[assignment]
trying.try_out(plugin=plugins()["preschool"], by=SYSTEM, at=record.now())
