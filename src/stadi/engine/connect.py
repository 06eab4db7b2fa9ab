"""A sweep beyond one machine: the same SQL text over Spark Connect, on Apache Spark or Sail."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa

from stadi.engine.sql import compile_rules, place
from stadi.engine.sweep import EXTRACT, Extract, Sweep, about, answered
from stadi.kit import rule as r
from stadi.kit.errors import StadiError

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

PORT = 15002  # Spark Connect's own
PATIENCE = 5  # seconds to wait for an answer
# These loggers of the client would print what the engine says, which may hold values of the facts.
TALKERS = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
PIECE = 32 * 2**20  # bytes; a message of the protocol carries 128 MB and no more


class RemoteError(StadiError):
    """The remote engine did not answer; the sentence names its address and what to do."""


def run_remote(
    rules: Sequence[r.Rule], seen: Extract, *, url: str, amounts: Sequence[r.Amount] = ()
) -> Sweep:
    """Run the rules over an extract at a Spark Connect address, such as sc://host:15002.

    The facts lie in the memory of that engine, in a session of their own that ends here.
    """
    sql = compile_rules(rules, schema=EXTRACT, as_of=seen.as_of, amounts=amounts)
    with _session(url) as session:
        for view, table in seen.tables.items():
            _lay(session, place(EXTRACT, view), table)
        found = session.sql(sql).toArrow()
        version = str(session.sql("select version() as version").toArrow()["version"][0])
    engine = f"spark connect {version.partition(' ')[0]}"
    return answered(found, rules, amounts, about(seen, engine))


def _lay(session: "SparkSession", name: str, table: pa.Table) -> None:
    """Lay a table before the session under a name, in pieces that one message can carry."""
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - as above

    pieces = -(-table.nbytes // PIECE) or 1
    step = -(-table.num_rows // pieces) or 1
    names = [f"part_{i}_of_{name}" for i in range(pieces)]
    schema = from_arrow_schema(table.schema)  # the client cannot tell it of a table without rows
    for i, part in enumerate(names):
        rows = session.createDataFrame(table.slice(i * step, step), schema)
        rows.createOrReplaceTempView(part)
    whole = reduce(lambda one, other: one.union(other), map(session.table, names))
    whole.createOrReplaceTempView(name)


@contextmanager
def _session(url: str) -> "Iterator[SparkSession]":
    """Give a session that shares nothing with any other, and end it whatever happens."""
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - the extra need not be there
        from pyspark.logger import PySparkLogger  # noqa: PLC0415
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415
    except ImportError as missing:
        message = "no Spark Connect client is installed: pip install 'stadi[scale]'"
        raise RemoteError(message) from missing
    for talker in TALKERS:
        PySparkLogger.getLogger(talker).disabled = True
    _knock(url)
    try:
        session = SparkSession(connection=url)
        try:
            yield session
        finally:
            session.stop()
    except PySparkException as refused:
        # never the engine's own words
        message = f"the engine at {url} failed ({refused.getCondition() or type(refused).__name__})"
        raise RemoteError(f"{message}: see its own log, or sweep on DuckDB") from None


def _knock(url: str) -> None:
    """Raise RemoteError unless somebody answers; the client itself would try for minutes."""
    address = urlsplit(url)
    if address.scheme != "sc" or not address.hostname:
        message = f"{url} is no Spark Connect address: write sc://host:{PORT}"
        raise RemoteError(message)
    where = (address.hostname, address.port or PORT)
    try:
        socket.create_connection(where, timeout=PATIENCE).close()
    except OSError as silence:
        message = f"nobody answers at {url}: start the engine, or sweep on DuckDB"
        raise RemoteError(message) from silence
