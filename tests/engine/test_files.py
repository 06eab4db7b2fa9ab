"""The same rules over files: what a city that does not fit in memory is told, and how it runs."""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from pyarrow import parquet

from rule_worlds import AS_OF, CHILD, FACTS, FEW, OWN, TRIP, fact, populations, rule_lists
from stadi.engine.explain import Person
from stadi.engine.sql import OUTCOMES
from stadi.engine.sweep import ARROW, Extract, Sweep, run, run_files
from stadi.kit import rule as r
from stadi.kit import words as w

RELATIONS = {"subject": OWN, "child": CHILD, "trip": TRIP}


def seen(people: list[Person]) -> Extract:
    """Return what a purpose would see of these people, without any database."""
    rows = {
        "subject": [{"subject": p.subject, "basis": p.basis, **p.facts} for p in people],
        "child": [{"subject": p.subject, **row} for p in people for row in p.rows["child"] or ()],
        "trip": [{"subject": p.subject, **row} for p in people for row in p.rows["trip"] or ()],
    }
    tables = {}
    for view, relation in RELATIONS.items():
        own = [("basis", pa.string())] if view == "subject" else []
        columns = [(f.column, ARROW[f.type]) for f in FACTS if f.relation == relation]
        schema = pa.schema([("subject", pa.int64()), *own, *columns])
        tables[view] = pa.Table.from_pylist(rows[view], schema=schema)
    return Extract(tables=tables, facts=FACTS, as_of=AS_OF, snapshot="none")


def by_files(rules: tuple[r.Rule, ...], extract: Extract, folder: Path) -> dict[str, int]:
    """Run the rules over the extract's files, their answers beside them."""
    files = {view: folder / f"{view}.parquet" for view in extract.tables}
    for view, table in extract.tables.items():
        parquet.write_table(table, files[view])
    return run_files(rules, files, as_of=extract.as_of, out=folder / "out.parquet")


def rows(sweep: Sweep) -> list[tuple[int, int, int]]:
    """Return a sweep as rows of subject, outcome and bits."""
    columns = (sweep.subjects.tolist(), sweep.outcomes.tolist(), sweep.bits.tolist())
    return list(zip(*columns, strict=True))


@FEW
@given(rules=rule_lists(), people=populations())
def test_files_and_memory_agree_for_every_person(
    tmp_path: Path, rules: tuple[r.Rule, ...], people: list[Person]
) -> None:
    extract = seen(people)
    whole = run(rules, extract)
    counts = by_files(rules, extract, tmp_path)
    assert counts == {name: whole.count(name) for name in OUTCOMES}
    written = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert sorted(tuple(row.values()) for row in written) == rows(whole)


def many(count: int) -> Extract:
    """Return people whose number says what is known of them; every second one has a child."""
    people = [
        Person(
            subject=i,
            basis="objected" if i % 11 == 0 else "ok",
            facts={"own_int": None if i % 7 == 0 else i % 5, "own_date": date(2020, 2, 29)},
            rows={"child": [{"child_int": i % 3}] * (i % 2), "trip": []},
        )
        for i in range(count)
    ]
    return seen(people)


RULES = (
    r.Rule(condition=fact(OWN, "int") > 0, because="some"),
    r.Rule(condition=~w.exists(CHILD, fact(CHILD, "int") == 1), because="none"),
)


def test_everyone_is_counted_once_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    extract = many(5_000)
    turned = {view: table[::-1] for view, table in extract.tables.items()}
    backwards = Extract(tables=turned, facts=FACTS, as_of=AS_OF, snapshot="none")
    whole = run(RULES, extract)
    assert rows(run(RULES, backwards)) == rows(whole)
    assert whole.subjects.tolist() == list(range(5_000))
    counts = by_files(RULES, backwards, tmp_path)
    assert counts == {name: whole.count(name) for name in OUTCOMES}
    assert sum(counts.values()) == 5_000
    assert all(counts.values())


def test_a_second_run_of_the_same_rules_keeps_the_same_texts_and_another_day_others() -> None:
    extract = many(10)
    one, same = run(RULES, extract), run(RULES, extract)
    later = Extract(tables=extract.tables, facts=FACTS, as_of=date(2027, 3, 2), snapshot="none")
    amounts = (r.Amount(name="own", value=fact(OWN, "int")),)
    assert one.kept == same.kept
    assert one.manifest == same.manifest
    turned = (r.Rule(condition=w.age(fact(OWN, "date")) == 7, because="seven"),)
    assert [run(turned, e).count("yes") for e in (extract, later)] == [9, 9]
    assert run(turned, extract).kept != run(turned, later).kept
    assert run(RULES, extract, amounts=amounts).kept != one.kept


def test_a_file_that_is_missing_stops_the_run_and_leaves_no_answers(tmp_path: Path) -> None:
    with pytest.raises(duckdb.IOException, match="No files found"):
        run_files(
            RULES,
            {"subject": tmp_path / "subject.parquet"},
            as_of=AS_OF,
            out=tmp_path / "out.parquet",
        )
    assert not (tmp_path / "out.parquet").exists()
