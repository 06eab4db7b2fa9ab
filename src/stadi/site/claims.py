"""Asked by the doctor: which errands services say they replace and the register does not hold."""

import os
import sys
from pathlib import Path

import django
import psycopg
from psycopg.conninfo import make_conninfo

from stadi.site.house import DEMO
from stadi.site.postgres import launcher


def sentences(home: Path) -> list[str]:
    """Return what is wrong, a sentence each; starts and changes nothing.

    Where no database runs, no city is drawn or no register was imported, nothing is.
    """
    server = launcher.status(home)
    if server is None:
        return []
    address = make_conninfo(server.dsn, dbname=DEMO)
    if not _holds_a_register(address):
        return []
    os.environ["DATABASE_URL"] = address
    os.environ["DJANGO_SETTINGS_MODULE"] = "stadi.site.settings"
    django.setup()
    from stadi.insight.errands import unknown_errands  # noqa: PLC0415 - once the tables are known

    return [unknown.sentence for unknown in unknown_errands()]


def _holds_a_register(address: str) -> bool:
    try:
        with psycopg.connect(address) as city:
            row = city.execute("select to_regclass('catalogue_file')").fetchone()
    except psycopg.OperationalError:  # no city is drawn
        return False
    return row != (None,)


if __name__ == "__main__":
    for sentence in sentences(Path(sys.argv[1])):
        sys.stdout.write(f"{sentence}\n")
