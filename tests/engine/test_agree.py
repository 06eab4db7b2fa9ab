"""One meaning, three engines: PostgreSQL, DuckDB and the interpreter agree for every person."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stadi.engine.explain import Person, explain
from stadi.engine.sql import MOST_RULES, OUTCOMES, CompileError, compile_rules
from stadi.engine.sweep import EXTRACT, Sight, extract, person, run
from stadi.kit import rule as r
from stadi.kit.text import Text

OWN = r.Relation(name="own", table="nowhere")
CHILD = r.Relation(name="child", table="nowhere", many=True, absence="none")
TRIP = r.Relation(name="trip", table="nowhere", many=True, absence="missing")
KINDS = {"bool": "boolean", "int": "integer", "text": "text", "date": "date"}
FACTS = tuple(
    r.Fact(
        name=f"test.{relation.name}_{kind}",
        relation=relation,
        column=f"{relation.name}_{kind}",
        type=kind,
        label=Text(fi="a", sv="b", en="c"),
    )
    for relation in (OWN, CHILD, TRIP)
    for kind in KINDS
)
AS_OF = date(2027, 3, 1)
WORDS = st.text(alphabet="aZä'%\\\n\"{,", max_size=3)
NUMBERS = st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1)
DAYS = st.sampled_from(
    [date(2020, 2, 29), date(2021, 3, 1), date(2021, 2, 28), date(2027, 3, 1), date(1900, 1, 1)]
) | st.dates(date(1900, 1, 1), date(2100, 12, 31))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int": NUMBERS,
    "text": WORDS,
    "date": DAYS,
}
PARAM = r.Param(
    "limit",
    (
        r.Dated(since=date(1800, 1, 1), value=2, law="one act"),
        r.Dated(since=date(2027, 1, 1), value=-1, law="another act"),
    ),
)
FEW = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def fact(relation: r.Relation, kind: str) -> r.Fact:
    return next(f for f in FACTS if f.relation == relation and f.type == kind)


@st.composite
def nodes(draw: st.DrawFn, relation: r.Relation, kind: str, depth: int) -> r.Expr:  # noqa: C901, PLR0911 - one line a node kind
    """Any node of a type over one relation; every kind of node can come."""
    leaves: list[Any] = [fact(relation, kind), fact(relation, kind), draw(VALUES[kind])]
    leaves += {"date": [r.as_of], "int": [PARAM]}.get(kind, [])
    if not depth or kind == "text" or draw(st.integers(0, 3)) == 0:
        return r.lift(draw(st.sampled_from(leaves)))

    def below(other: str) -> r.Expr:
        return draw(nodes(relation, other, depth - 1))

    if kind == "date":
        return draw(st.sampled_from([fact(relation, "date"), r.as_of]))
    if kind == "int":
        made = draw(st.sampled_from(["year", "age", "plus", "minus"]))
        if made in ("year", "age"):
            return getattr(r, made)(below("date"))
        return below("int") + below("int") if made == "plus" else below("int") - below("int")
    made = draw(st.sampled_from(["compare", "in", "and", "or", "not", "exists"]))
    if made == "compare":
        other = draw(st.sampled_from(list(KINDS)))
        op = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
        return r.Compare(op, below(other), below(other))
    if made == "in":
        other = draw(st.sampled_from(list(KINDS)))
        return r.is_in(below(other), *draw(st.lists(VALUES[other], min_size=1, max_size=3)))
    if made == "exists" and relation is OWN:
        many = draw(st.sampled_from([CHILD, TRIP]))
        where = draw(nodes(many, "bool", depth - 1))
        return r.exists(many, where | (fact(many, "int") == 1))
    if made == "and":
        return below("bool") & below("bool")
    return below("bool") | below("bool") if made == "or" else ~below("bool")


@st.composite
def rule_lists(draw: st.DrawFn) -> tuple[r.Rule, ...]:
    found = draw(st.lists(nodes(OWN, "bool", 3), min_size=1, max_size=4))
    return tuple(r.Rule(condition=c, because=f"rule_{i}") for i, c in enumerate(found))


def row_of(relation: r.Relation) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {f.column: st.none() | VALUES[f.type] for f in FACTS if f.relation == relation}
    )


@st.composite
def residents(draw: st.DrawFn, subject: int) -> Person:
    return Person(
        subject=subject,
        basis=draw(st.sampled_from(["ok", "ok", "ok", "objected"])),
        facts=draw(row_of(OWN)),
        rows={
            "child": draw(st.lists(row_of(CHILD), max_size=3)),
            "trip": draw(st.lists(row_of(TRIP), max_size=3)),
        },
    )


@st.composite
def populations(draw: st.DrawFn) -> list[Person]:
    return [draw(residents(subject)) for subject in range(draw(st.integers(0, 4)))]


@pytest.fixture(scope="module")
def postgres() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the tests' server; nothing made through it is ever committed."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        yield connection
        connection.rollback()


def settle(connection: psycopg.Connection[Any], people: list[Person]) -> None:
    """Put the people into plain tables named as the purpose's views are."""
    connection.execute(f"create schema {EXTRACT}")
    rows = {
        "subject": [{"subject": p.subject, "basis": p.basis, **p.facts} for p in people],
        "child": [{"subject": p.subject, **row} for p in people for row in p.rows["child"]],
        "trip": [{"subject": p.subject, **row} for p in people for row in p.rows["trip"]],
    }
    for view, relation in (("subject", OWN), ("child", CHILD), ("trip", TRIP)):
        own = ["basis text"] if view == "subject" else []
        columns = [f"{f.column} {KINDS[f.type]}" for f in FACTS if f.relation == relation]
        listed = ", ".join(["subject bigint", *own, *columns])
        connection.execute(f"create table {EXTRACT}.{view} ({listed})")
        for row in rows[view]:
            connection.execute(
                f"insert into {EXTRACT}.{view} ({', '.join(row)})"
                f" values ({', '.join(['%s'] * len(row))})",
                list(row.values()),
            )


def answers(
    connection: psycopg.Connection[Any], rules: tuple[r.Rule, ...], people: list[Person], day: date
) -> list[list[tuple[int, str, int]]]:
    """Return subject, outcome and bits of everyone by PostgreSQL, DuckDB and the interpreter."""
    with connection.transaction(force_rollback=True):
        settle(connection, people)
        sight = Sight(
            connection=connection, schema=EXTRACT, facts=FACTS, as_of=day, snapshot="none"
        )
        found = connection.execute(
            compile_rules(rules, schema=EXTRACT, as_of=day) + " order by subject"
        ).fetchall()
        sweep = run(rules, extract(sight))
        seen = [person(sight, p.subject) for p in people]
    explained = [explain(rules, p, as_of=day) for p in seen if p]
    triples = zip(
        sweep.subjects.tolist(), sweep.outcomes.tolist(), sweep.bits.tolist(), strict=True
    )
    return [
        [(subject, OUTCOMES[outcome], bits) for subject, outcome, bits in found],
        [(subject, OUTCOMES[outcome], bits) for subject, outcome, bits in triples],
        [(a.subject, a.outcome, a.bits) for a in explained],
    ]


@FEW
@given(rules=rule_lists(), people=populations(), day=st.just(AS_OF) | DAYS)
def test_inv_16_sql_on_both_databases_and_the_interpreter_agree_for_every_person(
    postgres: psycopg.Connection[Any], rules: tuple[r.Rule, ...], people: list[Person], day: date
) -> None:
    by_postgres, by_duckdb, by_interpreter = answers(postgres, rules, people, day)
    assert by_postgres == by_interpreter
    assert by_duckdb == by_interpreter
    assert len(by_interpreter) == len(people)


@st.composite
def less_known(draw: st.DrawFn, known: Person) -> Person:
    """Return the same person with any of the inputs missing."""

    def hide(row: Any) -> dict[str, object]:
        return {c: None if draw(st.booleans()) else v for c, v in row.items()}

    rows = {name: [hide(row) for row in listed] for name, listed in known.rows.items()}
    if draw(st.booleans()):
        rows["trip"] = []
    return Person(subject=known.subject, basis=known.basis, facts=hide(known.facts), rows=rows)


@settings(FEW, max_examples=150)
@given(data=st.data(), rules=rule_lists(), known=residents(1))
def test_inv_15_a_missing_input_only_moves_an_outcome_to_unknown_or_leaves_it(
    data: st.DataObject, rules: tuple[r.Rule, ...], known: Person
) -> None:
    before = explain(rules, known, as_of=AS_OF)
    after = explain(rules, data.draw(less_known(known)), as_of=AS_OF)
    assert after.outcome in (before.outcome, "unknown")
    for one, other in zip(before.reasons, after.reasons, strict=True):
        assert other.holds in (one.holds, None)


def one(**facts: object) -> Person:
    rows = {"child": facts.pop("child", []), "trip": facts.pop("trip", [])}
    full = dict.fromkeys(f.column for f in FACTS if f.relation is OWN)
    return Person(
        subject=1,
        basis=str(facts.pop("basis", "ok")),
        facts={**full, **facts},
        rows=rows,  # type: ignore[arg-type]
    )


def same(connection: psycopg.Connection[Any], condition: r.Expr, who: Person, day: date) -> str:
    """Return the outcome that all three engines give."""
    found = answers(connection, (r.Rule(condition=condition, because="it"),), [who], day)
    assert found[0] == found[1] == found[2]
    return found[0][0][1]


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2020, 2, 29), date(2026, 2, 28), 5),
        (date(2020, 2, 29), date(2026, 3, 1), 6),
        (date(2020, 2, 29), date(2024, 2, 28), 3),
        (date(2020, 2, 29), date(2024, 2, 29), 4),
        (date(2019, 3, 1), date(2024, 2, 29), 4),
        (date(2020, 2, 28), date(2024, 2, 29), 4),
        (date(2020, 6, 1), date(2020, 6, 1), 0),
        (date(2020, 6, 1), date(2020, 5, 31), -1),
    ],
)
def test_whoever_is_born_on_29_february_turns_a_year_older_on_1_march(
    postgres: psycopg.Connection[Any], born: date, day: date, years: int
) -> None:
    condition = r.age(fact(OWN, "date")) == years
    assert same(postgres, condition, one(own_date=born), day) == "yes"


def test_whoever_objected_is_stopped_whatever_the_rules_say(
    postgres: psycopg.Connection[Any],
) -> None:
    for value in (True, False, None):
        who = one(own_bool=value, basis="objected")
        assert same(postgres, fact(OWN, "bool"), who, AS_OF) == "stopped"
    explained = explain(
        [r.Rule(condition=fact(OWN, "bool"), because="it")],
        one(own_bool=False, basis="objected"),
        as_of=AS_OF,
    )
    assert (explained.bits, explained.reasons) == (0, ())


def test_no_row_is_a_no_in_a_complete_register_and_unknown_elsewhere(
    postgres: psycopg.Connection[Any],
) -> None:
    in_child = r.exists(CHILD, fact(CHILD, "bool"))
    in_trip = r.exists(TRIP, fact(TRIP, "bool"))
    for rows, child, trip in (([], "no", "unknown"), ([False], "no", "unknown")):
        own = one(
            child=[_only(CHILD, v) for v in rows],
            trip=[_only(TRIP, v) for v in rows],
        )
        assert same(postgres, in_child, own, AS_OF) == child
        assert same(postgres, in_trip, own, AS_OF) == trip
    mixed = one(child=[_only(CHILD, v) for v in (None, False)])
    assert same(postgres, in_child, mixed, AS_OF) == "unknown"
    found = one(child=[_only(CHILD, v) for v in (None, True)])
    assert same(postgres, in_child, found, AS_OF) == "yes"
    assert same(postgres, ~in_child, found, AS_OF) == "no"


def _only(relation: r.Relation, value: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(f.column for f in FACTS if f.relation == relation)
    return {**row, f"{relation.name}_bool": value}


def test_one_false_settles_a_conjunction_and_one_true_a_disjunction(
    postgres: psycopg.Connection[Any],
) -> None:
    known, missing = r.lift(value=True), fact(OWN, "bool")
    who = one()
    assert same(postgres, missing & ~known, who, AS_OF) == "no"
    assert same(postgres, missing | known, who, AS_OF) == "yes"
    assert same(postgres, missing & known, who, AS_OF) == "unknown"
    assert same(postgres, missing | ~known, who, AS_OF) == "unknown"
    assert same(postgres, ~missing, who, AS_OF) == "unknown"


def test_a_sum_of_two_large_numbers_does_not_break_one_engine(
    postgres: psycopg.Connection[Any],
) -> None:
    number = fact(OWN, "int")
    who = one(own_int=2**31 - 1)
    assert same(postgres, number + number == 2 * (2**31 - 1), who, AS_OF) == "yes"


@pytest.mark.parametrize("words", ["", "a\nb", 'a"b', "it's", "%s", "\\n", " a ", "NULL", "ä"])
def test_a_text_comes_through_the_extract_as_it_is(
    postgres: psycopg.Connection[Any], words: str
) -> None:
    assert same(postgres, fact(OWN, "text") == words, one(own_text=words), AS_OF) == "yes"


def test_texts_of_many_lines_come_through_a_long_extract_whole(
    postgres: psycopg.Connection[Any],
) -> None:
    lines = "a line\n" * 1_000
    rules = (r.Rule(condition=fact(OWN, "text") == lines, because="it"),)
    many = [replace(one(own_text=lines), subject=i) for i in range(250)]
    found = answers(postgres, rules, many, AS_OF)
    assert {outcome for _, outcome, _ in found[1]} == {"yes"}
    assert found[0] == found[1] == found[2]


def test_a_fact_of_another_type_than_declared_is_an_error_and_shows_no_value() -> None:
    rules = [r.Rule(condition=fact(OWN, "text") == "091", because="it")]
    with pytest.raises(r.RuleError, match=r"test\.own_text is text, and was given as int$"):
        explain(rules, one(own_text=91), as_of=AS_OF)


def test_a_parameter_changes_on_its_day_in_every_engine(
    postgres: psycopg.Connection[Any],
) -> None:
    condition = fact(OWN, "int") == PARAM
    start = date(2027, 1, 1)
    assert same(postgres, condition, one(own_int=2), start - timedelta(days=1)) == "yes"
    assert same(postgres, condition, one(own_int=-1), start) == "yes"


def test_a_parameter_without_a_value_stops_every_engine() -> None:
    late = r.Param("late", (r.Dated(since=date(2030, 1, 1), value=1, law="a coming act"),))
    rules = [r.Rule(condition=fact(OWN, "int") == late, because="it")]
    with pytest.raises(r.RuleError, match="late"):
        compile_rules(rules, schema=EXTRACT, as_of=AS_OF)
    with pytest.raises(r.RuleError, match="late"):
        explain(rules, one(own_int=1), as_of=AS_OF)


def test_bits_say_which_rules_are_false_and_which_unknown() -> None:
    conditions = [r.lift(value=True), r.lift(value=False), fact(OWN, "bool"), r.lift(value=False)]
    rules = [r.Rule(condition=c, because=str(i)) for i, c in enumerate(conditions)]
    answer = explain(rules, one(), as_of=AS_OF)
    assert answer.outcome == "no"
    assert answer.bits == 0b1010 | 0b0100 << 16
    assert [reason.holds for reason in answer.reasons] == [True, False, None, False]


def test_sixteen_rules_fit_and_seventeen_are_refused(postgres: psycopg.Connection[Any]) -> None:
    rules = tuple(
        r.Rule(condition=fact(OWN, "bool"), because=str(i)) for i in range(MOST_RULES + 1)
    )
    with pytest.raises(CompileError, match="join some with &"):
        compile_rules(rules, schema=EXTRACT, as_of=AS_OF)
    for value in (True, False, None):
        found = answers(postgres, rules[:-1], [one(own_bool=value)], AS_OF)
        assert found[0] == found[1] == found[2]


def test_inv_19_each_reason_shows_the_facts_it_read() -> None:
    condition = (fact(OWN, "int") == 1) & r.exists(CHILD, fact(CHILD, "int") == 2)
    who = one(own_int=1, child=[{"child_int": 2}, {"child_int": None}])
    (reason,) = explain([r.Rule(condition=condition, because="it")], who, as_of=AS_OF).reasons
    assert [(f.name, value) for f, value in reason.leaves] == [
        ("test.child_int", (2, None)),
        ("test.own_int", 1),
    ]


def test_a_scope_limits_whom_the_rules_are_asked_about(postgres: psycopg.Connection[Any]) -> None:
    people = [Person(subject=i, basis="ok", facts=one().facts, rows=one().rows) for i in range(4)]
    sql = compile_rules(
        [r.Rule(condition=r.lift(value=True), because="it")],
        schema=EXTRACT,
        as_of=AS_OF,
        scope=[1, 3],
    )
    with postgres.transaction(force_rollback=True):
        settle(postgres, people)
        assert sorted(row[0] for row in postgres.execute(sql)) == [1, 3]
