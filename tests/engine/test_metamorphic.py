"""What must not matter does not: facts nobody named, and knowing less."""

from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rule_engines import agreed, answers, flat, settle
from rule_worlds import (
    AS_OF,
    CHILD,
    FACTS,
    FEW,
    OWN,
    TRIP,
    amount_lists,
    populations,
    residents,
    row_of,
    rule_lists,
)
from stadi.engine.explain import Person, explain
from stadi.engine.sweep import EXTRACT, Sight, extract, run
from stadi.kit import rule as r
from stadi.kit import tree

# ── what no rule names ───────────────────────────────────────────────────────────────────────


@st.composite
def otherwise(draw: st.DrawFn, who: Person, named: frozenset[str]) -> Person:
    """Return the same person, all that is not named drawn anew; whole relations as well."""

    def mixed(row: Any, relation: r.Relation) -> dict[str, object]:
        fresh = draw(row_of(relation))
        return {column: row[column] if column in named else fresh[column] for column in row}

    rows = {}
    for relation in (CHILD, TRIP):
        kept = who.rows[relation.name] or ()
        if any(f.column in named for f in FACTS if f.relation == relation):
            rows[relation.name] = [mixed(row, relation) for row in kept]
        else:
            rows[relation.name] = draw(st.lists(row_of(relation), max_size=3))
    return replace(who, facts=mixed(who.facts, OWN), rows=rows)


@settings(FEW, max_examples=20)
@given(data=st.data(), rules=rule_lists(), amounts=amount_lists(), people=populations())
def test_inv_22_what_no_rule_names_changes_nothing_in_any_engine(
    postgres: psycopg.Connection[Any],
    data: st.DataObject,
    rules: tuple[r.Rule, ...],
    amounts: tuple[r.Amount, ...],
    people: list[Person],
) -> None:
    roots = [rule.condition for rule in rules] + [amount.value for amount in amounts]
    named = frozenset(f.column for root in roots for f in r.facts_in(root))
    others = [data.draw(otherwise(who, named)) for who in people]
    before = agreed(answers(postgres, rules, people, AS_OF, amounts))
    assert agreed(answers(postgres, rules, others, AS_OF, amounts)) == before


@settings(FEW, max_examples=15)
@given(rules=rule_lists(), people=populations())
def test_inv_22_columns_and_tables_outside_the_purpose_change_nothing(
    postgres: psycopg.Connection[Any], rules: tuple[r.Rule, ...], people: list[Person]
) -> None:
    with postgres.transaction(force_rollback=True):
        settle(postgres, people)
        sight = Sight(
            connection=postgres, schema=EXTRACT, facts=FACTS, as_of=AS_OF, snapshot="none"
        )
        seen = extract(sight)
    strange = {
        view: table.append_column("religion", pa.array(["none of ours"] * table.num_rows))
        for view, table in seen.tables.items()
    }
    more = replace(seen, tables={**strange, "arrest": pa.table({"subject": [0, 0, 1]})})
    assert flat(run(rules, more)) == flat(run(rules, seen))


# ── knowing less ─────────────────────────────────────────────────────────────────────────────


@st.composite
def less_known(draw: st.DrawFn, known: Person) -> Person:
    """Return the same person with any of the inputs missing: a value, a row, a whole relation."""

    def hide(row: Any) -> dict[str, object]:
        return {c: None if draw(st.booleans()) else v for c, v in row.items()}

    rows: dict[str, Any] = {}
    for relation in (CHILD, TRIP):
        listed = [hide(row) for row in known.rows[relation.name] or ()]
        if relation.absence == "missing":
            listed = [row for row in listed if draw(st.booleans())]
        rows[relation.name] = None if draw(st.integers(0, 3)) == 0 else listed
    return replace(known, facts=hide(known.facts), rows=rows)


def test_inv_15_a_missing_input_only_moves_an_outcome_or_an_amount_to_unknown_or_leaves_it() -> (
    None
):
    tried: set[str] = set()

    @settings(FEW, max_examples=200, derandomize=True)
    @given(data=st.data(), rules=rule_lists(), amounts=amount_lists(), known=residents(1))
    def check(
        data: st.DataObject,
        rules: tuple[r.Rule, ...],
        amounts: tuple[r.Amount, ...],
        known: Person,
    ) -> None:
        before = explain(rules, known, as_of=AS_OF, amounts=amounts)
        after = explain(rules, data.draw(less_known(known)), as_of=AS_OF, amounts=amounts)
        assert after.outcome in (before.outcome, "unknown")
        for one, other in zip(before.reasons, after.reasons, strict=True):
            assert other.holds in (one.holds, None)
        for name, worth in before.amounts.items():
            assert _same(after.amounts[name], worth)
        roots = [rule.condition for rule in rules] + [amount.value for amount in amounts]
        tried.update(type(node).__name__ for root in roots for node in r.walk(root))

    check()
    assert tried == {*tree.NODES, "Fact"} - {"Dated"}


def _same(found: int | date | None, before: int | date | None) -> bool:
    return found is None or found == before
