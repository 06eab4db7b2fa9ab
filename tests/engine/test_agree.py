"""One meaning, three engines: PostgreSQL, DuckDB and the interpreter agree for every person."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rule_engines import agreed, answers, settle
from rule_worlds import (
    AS_OF,
    CHILD,
    DAYS,
    FACTS,
    FEW,
    OWN,
    PARAM,
    TRIP,
    amount_lists,
    fact,
    populations,
    rule_lists,
)
from stadi.engine.explain import Person, explain
from stadi.engine.sql import MOST_RULES, CompileError, compile_rules
from stadi.engine.sweep import EXTRACT
from stadi.kit import rule as r
from stadi.kit import words as w


@FEW
@given(rules=rule_lists(), amounts=amount_lists(), people=populations(), day=st.just(AS_OF) | DAYS)
def test_inv_16_sql_on_both_databases_and_the_interpreter_agree_for_every_person(
    postgres: psycopg.Connection[Any],
    rules: tuple[r.Rule, ...],
    amounts: tuple[r.Amount, ...],
    people: list[Person],
    day: date,
) -> None:
    found = agreed(answers(postgres, rules, people, day, amounts))
    assert [row[0] for row in found] == [p.subject for p in people]
    assert {row[0] for row in found if row[1] == "stopped"} == {
        p.subject for p in people if p.basis != "ok"
    }


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
    """Return the outcome that all engines give."""
    rules = (r.Rule(condition=condition, because="it"),)
    return agreed(answers(connection, rules, [who], day))[0][1]


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
    condition = w.age(fact(OWN, "date")) == years
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
    in_child = w.exists(CHILD, fact(CHILD, "bool"))
    in_trip = w.exists(TRIP, fact(TRIP, "bool"))
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
    found = agreed(answers(postgres, rules, many, AS_OF))
    assert {outcome for _, outcome, _, _ in found} == {"yes"}


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
        agreed(answers(postgres, rules[:-1], [one(own_bool=value)], AS_OF))


def test_inv_19_each_reason_shows_the_facts_it_read() -> None:
    condition = (fact(OWN, "int") == 1) & w.exists(CHILD, fact(CHILD, "int") == 2)
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
