"""A real mail server that keeps what it takes, and can be told to be as bad as servers are."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller


@dataclass(kw_only=True)
class Sink:
    """What a server took; `taken` also holds mails that it took and never answered for."""

    every_third_fails: bool = False
    sender_refused: bool = False
    refused: set[str] = field(default_factory=set)
    drops: set[int] = field(default_factory=set)
    goodbyes: set[int] = field(default_factory=set)
    slow: float = 0
    heard: Callable[[int], None] = lambda _number: None
    asked: int = 0
    connections: int = 0
    taken: list[bytes] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's own names
        self, _server: Any, session: Any, _envelope: Any, hostname: str, words: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return words

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.sender_refused:
            return "550 you may not send"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.asked += 1
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.every_third_fails and self.asked % 3 == 0:
            return "451 come again later"
        if self.asked in self.goodbyes:
            return "421 closing"
        self.taken.append(envelope.content)
        self.heard(len(self.taken))
        if self.asked in self.drops:
            server.transport.abort()
        return "250 OK"

    def mails(self) -> list[EmailMessage]:
        parsed = [message_from_bytes(text, policy=default) for text in self.taken]
        return [cast("EmailMessage", mail) for mail in parsed]

    def times(self) -> Counter[str]:
        """How often each message came, by its Message-ID."""
        found = [re.search(rb"^Message-ID: <(.+)@", mail, re.MULTILINE) for mail in self.taken]
        return Counter(match[1].decode() for match in found if match)


@contextmanager
def listening(sink: Sink) -> Iterator[str]:
    """Let a sink answer on a port of this machine, and give its address as a setting."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()
