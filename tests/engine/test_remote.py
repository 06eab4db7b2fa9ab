"""One text, four engines: Sail and Apache Spark answer as PostgreSQL and DuckDB do."""

import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rule_engines import agreed, answers, flat
from rule_worlds import AS_OF, DAYS, FACTS, FEW, OWN, amount_lists, fact, nodes, residents
from stadi.engine import connect
from stadi.engine.explain import Person
from stadi.engine.sql import MOST_RULES, by_view
from stadi.engine.sweep import ARROW, Extract, run
from stadi.kit import rule as r


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Many rules at once, each with its own bit, so that one remote run compares them all."""

    rules: tuple[r.Rule, ...]
    amounts: tuple[r.Amount, ...]
    people: list[Person]
    day: date


@st.composite
def worlds(draw: st.DrawFn) -> World:
    found = draw(st.lists(nodes(OWN, "bool", 3), min_size=1, max_size=MOST_RULES))
    return World(
        rules=tuple(r.Rule(condition=c, because=f"rule_{i}") for i, c in enumerate(found)),
        amounts=draw(amount_lists()),
        people=[draw(residents(subject)) for subject in range(draw(st.integers(0, 8)))],
        day=draw(st.just(AS_OF) | DAYS),
    )


def all_agree(connection: psycopg.Connection[Any], url: str, world: World) -> None:
    found = answers(connection, world.rules, world.people, world.day, world.amounts, url=url)
    assert [row[0] for row in agreed(found)] == [p.subject for p in world.people]


@settings(FEW, max_examples=20)
@given(world=worlds())
def test_inv_16_sail_agrees_with_both_databases_and_the_interpreter_for_every_person(
    postgres: psycopg.Connection[Any], sail: str, world: World
) -> None:
    all_agree(postgres, sail, world)


@settings(FEW, max_examples=6, phases=[Phase.generate])
@given(world=worlds())
def test_inv_16_apache_spark_agrees_for_every_person(
    postgres: psycopg.Connection[Any], apache_spark: str, world: World
) -> None:
    all_agree(postgres, apache_spark, world)


@pytest.fixture(params=["sail", "apache_spark"])
def remote(request: pytest.FixtureRequest) -> str:
    """The address of each remote engine there is."""
    url: str = request.getfixturevalue(request.param)
    return url


def seen(numbers: list[int | None], texts: list[str] | None = None) -> Extract:
    """What a purpose saw of as many subjects, none of whom has a row of a relation."""
    tables = {}
    for view, facts in by_view(FACTS).items():
        held = len(numbers) if view == "subject" else 0
        columns = {f.column: pa.nulls(held, ARROW[f.type]) for f in facts}
        columns["subject"] = pa.array(range(held), pa.int64())
        if view == "subject":
            columns["basis"] = pa.array(["ok"] * held, pa.string())
            columns["own_int"] = pa.array(numbers, pa.int64())
            columns["own_text"] = pa.array(texts or [None] * held, pa.string())
        tables[view] = pa.table(columns)
    return Extract(tables=tables, facts=FACTS, as_of=AS_OF, snapshot="none")


POSITIVE = (r.Rule(condition=fact(OWN, "int") > 0, because="it"),)


def test_an_extract_too_large_for_one_message_goes_in_pieces(
    monkeypatch: pytest.MonkeyPatch, remote: str
) -> None:
    session = pytest.importorskip("pyspark.sql.connect.session")
    extract = seen([1, -1, None] * 50)
    monkeypatch.setattr(connect, "PIECE", extract.tables["subject"].nbytes // 7)
    sent: list[int] = []
    laid = session.SparkSession.createDataFrame
    monkeypatch.setattr(
        session.SparkSession,
        "createDataFrame",
        lambda self, rows, schema: (sent.append(rows.num_rows), laid(self, rows, schema))[1],
    )
    found = connect.run_remote(POSITIVE, extract, url=remote)
    assert flat(found) == flat(run(POSITIVE, extract))
    assert max(sent) < 150 <= sum(sent)


def test_no_other_session_can_read_what_lies_before_a_sweep(remote: str) -> None:
    with connect._session(remote) as mine:
        connect._lay(mine, "extract_of_subject", seen([1]).tables["subject"])
        read = "select own_int from extract_of_subject"
        assert mine.sql(read).toArrow().num_rows == 1
        with (
            pytest.raises(connect.RemoteError, match=r"TABLE_OR_VIEW_NOT_FOUND|AnalysisException"),
            connect._session(remote) as other,
        ):
            other.sql(read).toArrow()


def test_a_text_in_a_rule_means_the_same_on_every_engine(remote: str) -> None:
    words = ["it's", "''", "\\", "a\\nb", "a\nb", "${spark.app.name}", "$", '"', "", "%s", "ä"]
    rules = tuple(
        r.Rule(condition=fact(OWN, "text") == word, because=str(i)) for i, word in enumerate(words)
    )
    extract = seen([0] * len(words), words)
    found = flat(connect.run_remote(rules, extract, url=remote))
    assert found == flat(run(rules, extract))
    everyone = (1 << len(words)) - 1
    assert [bits for _, _, bits, _ in found] == [everyone - (1 << i) for i in range(len(words))]


def test_inv_08_a_refusal_of_the_engine_shows_and_logs_no_value(
    remote: str, capfd: pytest.CaptureFixture[str]
) -> None:
    extract = seen([987_654])
    del extract.tables["subject"]
    with pytest.raises(connect.RemoteError, match=r"^the engine at sc://.* failed \(") as refused:
        connect.run_remote(POSITIVE, extract, url=remote)
    assert "987" not in str(refused.value)
    assert "extract_of" not in str(refused.value) + capfd.readouterr().err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sc://127.0.0.1:1", r"nobody answers at sc://127\.0\.0\.1:1: start the engine"),
        ("postgresql://127.0.0.1", "no Spark Connect address: write sc://host:15002"),
        ("sc://", "no Spark Connect address"),
    ],
)
def test_a_wrong_address_is_told_at_once(url: str, says: str) -> None:
    pytest.importorskip("pyspark", reason="the extra stadi[scale] is not installed")
    with pytest.raises(connect.RemoteError, match=says):
        connect.run_remote(POSITIVE, seen([1]), url=url)


def test_without_the_extra_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(connect.RemoteError, match=r"pip install 'stadi\[scale\]'"):
        connect.run_remote(POSITIVE, seen([1]), url="sc://127.0.0.1:1")
