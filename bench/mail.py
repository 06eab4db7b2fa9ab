"""Ten thousand messages into the inbox and out by e-mail, to a mail server of our own."""

import json
import os
import smtplib
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from table import Row, once, runner, shown

from stadi.site import house
from stadi.site.postgres import launcher as postgres

MESSAGES = 10_000
FIRST = 1_000


def rows() -> list[Row]:
    """Return how long it takes to send and to deliver, beside the same mails and nothing else."""
    with (
        tempfile.TemporaryDirectory(prefix="stadi-bench-") as home,
        runner([sys.executable, __file__, "sink"]) as sink,
    ):
        port = sink.run()["port"]
        with runner([sys.executable, __file__, "city", home, str(port)]) as city:
            found = city.run()
        postgres.erase(Path(home))
        assert sink.run()["mails"] == 2 * MESSAGES
    return [
        Row(
            axis="mail",
            workload=f"{MESSAGES:,} messages into the inbox, each with a notice queued",
            ours=shown(found["send"]),
        ),
        Row(
            axis="mail",
            workload=f"{MESSAGES:,} notices delivered to a local mail server",
            ours=shown(found["deliver"]),
            goal="60 s",
            floor=f"{shown(found['bare'])} (the same mails by smtplib alone)",
        ),
    ]


class Sink:
    """Takes every mail and counts it."""

    mails = 0

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's own name
        """Take a mail."""
        self.mails += 1
        return "250 OK"


def sink() -> None:
    """Be a mail server, and say on each line of input its port and how many mails it took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    took = Sink()
    controller = Controller(took, hostname="127.0.0.1", port=port)
    controller.start()
    for _ in sys.stdin:
        print(json.dumps({"port": port, "mails": took.mails}), flush=True)
    controller.stop()


def city(home: Path, port: int) -> None:
    """Be a city that writes to everyone once, and say how long each part took."""
    os.environ.pop("DATABASE_URL", None)  # whoever measured before us had a server of their own
    with house.drawing(home):
        from django.conf import settings

        settings.STADI_SMTP = f"smtp://127.0.0.1:{port}"
        settings.STADI_MAIL_FROM, settings.STADI_URL = "city@stadi.example", "https://s.example"
        for _ in sys.stdin:
            print(json.dumps(measured(port)), flush=True)


def measured(port: int) -> dict[str, float]:
    """Return the seconds that each part takes."""
    from stadi.kit.actor import SYSTEM
    from stadi.messages import actions as messages
    from stadi.messages import channels
    from stadi.messages.domain import Delivered, Letter, Notice
    from stadi.people import actions as people
    from stadi.people.domain import Batch
    from stadi.site.figures import START

    everyone = range(FIRST, FIRST + MESSAGES)
    columns = ("subject", "given_name", "family_name", "email")
    who = [(n, "Aino", "Virtala", f"r{n}@asukas.example") for n in everyone]
    people.introduce(identities=Batch.of("people_identity", columns, who), by=SYSTEM, at=START)
    letters = [
        Letter(
            recipient=n,
            key=f"bench:{n}",
            subject="subject",
            body="body " * 100,
            link="/fi/",
            channels=("inbox", "email"),
            language=("fi", "sv", "en")[n % 3],
        )
        for n in everyone
    ]
    sending = once(lambda: messages.send(letters=letters, by=SYSTEM, at=START))
    begun = time.perf_counter()
    assert messages.deliver_due(by=SYSTEM, at=START) == Delivered(sent=MESSAGES)
    delivering = time.perf_counter() - begun
    mail = channels.email.from_settings()
    assert mail is not None
    text = mail.mail(
        Notice(recipient=1, address=who[0][3], language="fi", key="k", link="https://x", at=START)
    )

    def bare() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="stadi.example") as server:
            for *_, address in who:
                server.sendmail("city@stadi.example", [address], text)

    return {"send": sending, "deliver": delivering, "bare": once(bare)}


if __name__ == "__main__":
    if sys.argv[1] == "sink":
        sink()
    else:
        city(Path(sys.argv[2]), int(sys.argv[3]))
