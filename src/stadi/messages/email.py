"""E-mail: says that a message waits in the inbox, and nothing that is anybody's."""

import re
import smtplib
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from urllib.parse import unquote, urlsplit

from django.conf import settings

from stadi.kit.errors import StadiError
from stadi.kit.text import Text, spoken
from stadi.messages.domain import Notice, Outcome
from stadi.people import actions as people

PATIENCE = timedelta(days=3)
ANSWER_WITHIN = 30  # seconds, for a server to say something
LONGEST_ADDRESS = 254  # RFC 5321
# What HTML takes for an address, a part of RFC 5321 that no header can be broken with.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
PORTS = {"smtp": 25, "smtps": 465}

SUBJECT = Text(
    fi="Sinulle on viesti: {city}",
    sv="Du har ett meddelande: {city}",
    en="You have a message: {city}",
)
BODY = Text(
    fi="Kaupungin postilaatikossa odottaa viesti. Lue se kirjautumalla sisään:",
    sv="Ett meddelande väntar i stadens inkorg. Läs det genom att logga in:",
    en="A message waits in the city's inbox. Sign in to read it:",
)


class MailSettingError(StadiError):
    """A setting of e-mail is missing or wrong; the sentence names it, never what it holds."""


class _OutOfReachError(Exception):
    """The server lets nobody in; the code says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server: smtps speaks in cipher from the start, smtp as soon as the server offers."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def server_of(address: str) -> Server:
    """Return the server of an address such as smtps://user:password@host:465."""
    refused = MailSettingError("STADI_SMTP is no address such as smtps://user:password@host:465")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise refused from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
        raise refused
    return Server(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def from_settings() -> "Email | None":
    """Return the channel, or None where no server is named."""
    if not settings.STADI_SMTP:
        return None
    if not ADDRESS.fullmatch(settings.STADI_MAIL_FROM):
        raise MailSettingError("STADI_MAIL_FROM is no address such as stadi@example.org")
    if urlsplit(settings.STADI_URL).scheme not in ("http", "https"):
        raise MailSettingError("STADI_URL is no address such as https://stadi.example.org")
    city = settings.CITY.name
    return Email(server=server_of(settings.STADI_SMTP), sender=settings.STADI_MAIL_FROM, city=city)


class Email:
    """Sends notices over one connection, which is opened when it is first needed."""

    name = "email"
    patience = PATIENCE

    def __init__(self, *, server: Server, sender: str, city: str) -> None:
        self.server, self.sender, self.city = server, sender, city
        self._domain = sender.rpartition("@")[2]
        self._open: smtplib.SMTP | None = None
        self._out_of_reach = ""
        self._alike: dict[tuple[str, str], bytes] = {}

    def addresses(self, people_: Collection[int]) -> Mapping[int, str]:
        """Return the address of e-mail of each who has one on record."""
        return people.addresses(people_)

    def send(self, notices: Sequence[Notice]) -> list[Outcome]:
        """Send notices one after the other; a lost connection costs the notice under way a try."""
        return [self._outcome(notice) for notice in notices]

    def close(self) -> None:
        """Say good-bye to the server."""
        if self._open is not None:
            with suppress(OSError):
                self._open.quit()
            self._open.close()
        self._open = None

    def _outcome(self, notice: Notice) -> Outcome:
        if len(notice.address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(notice.address):
            return Outcome(state="refused", error="bad_address")
        try:
            self._connection().sendmail(self.sender, [notice.address], self.mail(notice))
        except (OSError, _OutOfReachError) as error:  # whatever smtplib raises is an OSError
            return self._failed(error)
        return Outcome(state="sent")

    def _failed(self, error: Exception) -> Outcome:
        """Return what a failure means for a notice; only its recipient or text fail for good."""
        match error:
            case _OutOfReachError():
                return Outcome(state="again", error=str(error))
            case smtplib.SMTPRecipientsRefused():
                ((code, _words),) = error.recipients.values()
                return _answered(code)
            case smtplib.SMTPSenderRefused():
                return Outcome(state="again", error=str(error.smtp_code))
            case smtplib.SMTPResponseException():
                return _answered(error.smtp_code)
        return Outcome(state="again", error="connection_lost")

    def _connection(self) -> smtplib.SMTP:
        """Return the open connection; a server that could not be reached is not tried again."""
        if self._out_of_reach:
            raise _OutOfReachError(self._out_of_reach)
        # smtplib lets go of the socket itself, where it is lost or the server says good-bye (421)
        if self._open is None or self._open.sock is None:
            try:
                self._open = _connected(self.server, self._domain)
            except (OSError, _OutOfReachError) as error:
                self._out_of_reach = _why(error)
                raise _OutOfReachError(self._out_of_reach) from None
        return self._open

    def mail(self, notice: Notice) -> bytes:
        """Return a notice as RFC 5322 text; the same notice has the same Message-ID."""
        same = (notice.language, notice.link)
        if same not in self._alike:
            self._alike[same] = self._text(*same)
        # composed here, where the address was looked at: all else is alike for thousands
        head = (
            f"To: {notice.address}\r\nDate: {format_datetime(notice.at)}\r\n"
            f"Message-ID: <{notice.key}@{self._domain}>\r\n"
        )
        return head.encode("ascii") + self._alike[same]

    def _text(self, language: str, link: str) -> bytes:
        """Return what notices in a language share: the words, and the headers that name nobody."""
        languages = spoken(language)
        made = EmailMessage(policy=SMTP)
        made["From"] = Address(display_name=self.city, addr_spec=self.sender)
        made["Subject"] = " · ".join(SUBJECT.say(s, city=self.city) for s in languages)
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
        words = "\n".join(BODY.say(s) for s in languages)
        made.set_content(f"{words}\n\n{link}\n", cte="quoted-printable")
        return made.as_bytes()


def _why(error: Exception) -> str:
    """Return the code for a server that let us not in."""
    if isinstance(error, _OutOfReachError):
        return str(error)
    return "no_login" if isinstance(error, smtplib.SMTPAuthenticationError) else "no_connection"


def _answered(code: int) -> Outcome:
    """Return what a server's answer means: 5 hundred is for good, all else may pass."""
    return Outcome(state="refused" if code // 100 == 5 else "again", error=str(code))  # noqa: PLR2004 - RFC 5321


def _connected(server: Server, us: str) -> smtplib.SMTP:
    """Return a connection to the server, greeted and logged in."""
    cipher = ssl.create_default_context()
    if server.scheme == "smtps":
        kind: Callable[..., smtplib.SMTP] = partial(smtplib.SMTP_SSL, context=cipher)
    else:
        kind = smtplib.SMTP
    connection = kind(server.host, server.port, local_hostname=us, timeout=ANSWER_WITHIN)
    try:
        _enter(connection, server, cipher)
    except BaseException:
        connection.close()
        raise
    return connection


def _enter(connection: smtplib.SMTP, server: Server, cipher: ssl.SSLContext) -> None:
    """Speak in cipher where the server offers it, and log in: no password goes in the clear."""
    connection.ehlo_or_helo_if_needed()
    ciphered = server.scheme == "smtps"
    if not ciphered and connection.has_extn("starttls"):
        connection.starttls(context=cipher)
        ciphered = True
    if server.user and not ciphered:
        raise _OutOfReachError("no_cipher")
    if server.user:
        connection.login(server.user, server.password)
