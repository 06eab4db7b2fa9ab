"""What can go wrong with the embedded PostgreSQL, each named for what happened."""


class PostgresError(Exception):
    """The embedded PostgreSQL could not do what was asked."""


class DiskFull(PostgresError):  # noqa: N818 named for what happened
    """The disk has no room left for the database."""


class ProgramsMissing(PostgresError):  # noqa: N818
    """The PostgreSQL programs are not installed."""


class NotOurs(PostgresError):  # noqa: N818
    """A folder we need belongs to another user, or others may write in it."""


class PasswordLost(PostgresError):  # noqa: N818
    """The database is there, but the password we kept does not open it."""


class DidNotStart(PostgresError):  # noqa: N818
    """PostgreSQL did not start; the last lines of its log say why."""


class DidNotStop(PostgresError):  # noqa: N818
    """PostgreSQL was asked to stop and is still there."""
