"""What tests that kill a process need: the server takes a moment to notice."""

import time

from django.db import connection

from stadi.consent import looking

OTHERS = """
    select count(*) from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid() and backend_type = 'client backend'"""


def bury() -> None:
    """Wait until the server has noticed that a process died: till then it keeps what it held."""
    looking.leave()  # our own kept connections would be waited for in vain
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(OTHERS)
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.02)
    raise TimeoutError
