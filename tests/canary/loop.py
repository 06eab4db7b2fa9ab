"""Runs the whole loop over canaries, breaks every step of it once, and writes down what was said.

A program of its own, because a server's log, a command's output and a fault that nobody caught
belong to a process. Its own output is the commands' output; what it found goes to the file named
by the second argument.
"""

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from canary.birds import GUARDIAN, birds, child_file
from stadi.site import cli

WHERE, FOUND = Path(sys.argv[1]), Path(sys.argv[2])
found: dict[str, Any] = {"said": {}, "faults": [], "pages": {}}


def command(name: str, *words: str) -> None:
    """Run a command, and keep its code and what it said."""
    code: list[int | None] = [None]

    def work() -> None:
        code[0] = cli.main(words)

    said = heard(work)
    found["said"][name] = [code[0], said]


def heard(work: Callable[[], None]) -> str:
    """Return what a program says when it does this, a fault that nobody caught included."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        try:
            work()
        except Exception:  # noqa: BLE001 - what Python would do with it
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    return out.getvalue()


def execute(query: str, *values: Any) -> list[tuple[Any, ...]]:
    from django.db import connection  # noqa: PLC0415 - once the house is open

    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def broken(table: str) -> Iterator[None]:
    """Let the database refuse every new row of a table, with the row in its words."""
    execute(f"alter table {table} add constraint broken check (false) not valid")
    try:
        yield
    finally:
        execute(f"alter table {table} drop constraint broken")


@contextmanager
def missing(table: str) -> Iterator[None]:
    """Let a table be gone."""
    execute(f"alter table {table} rename to gone")
    try:
        yield
    finally:
        execute(f"alter table gone rename to {table}")


def listen() -> None:
    """Write every line of every logger to a file, in the house's own form."""
    from django.conf import settings  # noqa: PLC0415 - once the house is open

    told = settings.LOGGING
    told["handlers"]["file"] = told["handlers"]["console"] | {
        "class": "logging.FileHandler",
        "filename": WHERE / "log",
    }
    loggers = ("django", "django.db.backends", "django.request", "psycopg", "stadi")
    told["loggers"] = {name: {"level": "DEBUG"} for name in loggers}
    told["root"] = {"handlers": ["file", "console"], "level": "DEBUG"}


def stages() -> None:
    """Import a child again and again, while another table refuses each time."""
    execute("update fulfil_capacity set places = places + 20")
    command("import", "import", "residents", str(child_file(WHERE, 0)))
    for n, table in enumerate(
        (
            *("people_person", "people_residence", "people_guardianship", "people_identity"),
            *("consent_snapshot", "record_entry", "offers_case", "offers_offer"),
            *("offers_recipient", "fulfil_claim", "messages_message"),
        ),
        start=1,
    ):
        with broken(table):
            command(f"import without {table}", "import", "residents", str(child_file(WHERE, n)))
    bad = child_file(WHERE, 0).read_text("utf-8").replace("386111", "386111x")
    (WHERE / "bad.csv").write_text(bad.replace("1911-11-11", "1911-11-31"), "utf-8")
    command("import of a bad file", "import", "residents", str(WHERE / "bad.csv"))
    (WHERE / "cut.csv").write_text(bad[: len(bad) // 2] + '"', "utf-8")
    command("import of a cut file", "import", "residents", str(WHERE / "cut.csv"))
    for name in ("screen", "reach"):
        command(name, name, *(["preschool"] if name == "screen" else []), "--json")
    with broken("consent_snapshot"):
        command("why without a note", "why", str(GUARDIAN + 1))
    own = io.StringIO()
    with redirect_stdout(own):
        cli.main(["why", str(GUARDIAN + 1)])
    found["own"] = own.getvalue()


def leaky() -> None:
    """Let a purpose's own role fail over a value, in a look at everyone and in one at a few."""
    from stadi.consent import actions as consent  # noqa: PLC0415 - once the house is open
    from stadi.offers.plugins import plugins  # noqa: PLC0415
    from stadi.record import actions as record  # noqa: PLC0415

    now, purpose = record.now(), plugins()["preschool"].service.purpose

    def fail(only: list[int] | None) -> None:
        with consent.look(purpose=purpose, as_of=now.date(), known_at=now, only=only) as sight:
            query = (
                f"select * from {sight.schema}.subject"
                f" where subject = {GUARDIAN + 1} and cast('x' || birth_date as int) = 1"
            )
            sight.connection.execute(query.encode())

    for only in (None, [GUARDIAN + 1]):
        found["said"][f"a look at {only} fails"] = [None, heard(lambda only=only: fail(only))]
        try:
            fail(only)
        except Exception as error:
            logging.getLogger("stadi").exception("a look broke off")
            found["faults"].append(birds(str(error)))


def pages() -> None:
    """Open pages as the guardian, as somebody else and as nobody: also those that fail."""
    from django.test import Client  # noqa: PLC0415 - once the house is open

    def client(person: int | None, **options: Any) -> Client:
        made = Client(raise_request_exception=False, **options)
        if person is not None:
            session = made.session
            session["person"] = person
            session.save()
            made.cookies["sessionid"] = session.session_key
        return made

    def keep(name: str, answer: Any) -> str:
        body = answer.content.decode()
        headers = str(dict(answer.headers)) + str(answer.cookies)
        found["pages"][name] = [answer.status_code, body, headers]
        return str(body)

    # only invented people may sign in to a demo
    execute("update people_identity set persona = 'guardian' where subject = %s", GUARDIAN)
    mine, other, nobody = client(GUARDIAN), client(4), client(None)
    home = keep("mine: home", mine.get("/en/"))
    inbox = keep("mine: inbox", mine.get("/en/messages"))
    links = re.findall(r"/en/offers/[0-9a-f-]{36}", home)
    offer = links[0]
    keep("mine: offer", mine.get(offer))
    refuse: dict[str, Callable[[], Any]] = {
        "400": lambda: nobody.get(offer, headers={"host": "bad host"}),
        "403": lambda: mine.get("/en/staff/"),
        "403 forged": lambda: client(GUARDIAN, enforce_csrf_checks=True).post(f"{offer}/accept"),
        "404": lambda: other.get(offer),
        "404 nowhere": lambda: mine.get("/en/nowhere"),
        "302": lambda: mine.get(re.findall(r'action="(/en/messages/[^"]+)"', inbox)[0]),
        "302 guest": lambda: nobody.get(offer),
    }
    for name, get in refuse.items():
        keep(name, get())
    with broken("record_entry"):
        for act in ("accept", "no", "stop"):
            keep(f"500 {act}", mine.post(f"{offer}/{act}"))
    with missing("offers_recipient"):
        keep("500 home", mine.get("/en/"))
        keep("500 offer", mine.get(offer))
    keep("mine: accepted", mine.post(f"{offer}/accept", follow=True))
    keep("staff", client(20).get("/en/staff/"))
    keep("reach", client(21).get("/en/insight/reach"))


def kept() -> None:
    """Write down every word that the house keeps of what it did, and every link it sent."""
    found["record"] = execute("select kind, body::text from record_entry")
    found["kept"] = execute("select text from record_kept")
    found["links"] = execute("select link, key from messages_message")
    found["snapshots"] = execute("select purpose, subjects::text from consent_snapshot")


command("demo", "demo", "--residents", "1500", "--seed", "5", "--json")
listen()
stages()
leaky()
pages()
command("clock", "clock", "advance", "20d")
with broken("record_entry"):
    command("clock without record_entry", "clock", "advance", "20d")
kept()
FOUND.write_text(json.dumps(found, ensure_ascii=False, default=str), "utf-8")
