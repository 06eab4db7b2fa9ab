"""No engine accepts what the kit refuses."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rule_worlds import AS_OF, FACTS, FEW, OWN, fact, residents, rule_lists
from stadi.engine.explain import Person, explain
from stadi.engine.sql import compile_rules
from stadi.engine.sweep import EXTRACT
from stadi.kit import rule as r
from stadi.kit import tree
from stadi.kit import words as w

OPERANDS = ("left", "right", "later", "earlier", "item", "items", "condition", "then", "where")
OPERANDS += ("otherwise", "day", "born")


def places(kept: Any) -> list[tuple[Any, Any]]:
    """Return each holder and key of an operand in a kept tree."""
    found: list[tuple[Any, Any]] = []
    if isinstance(kept, dict) and "node" in kept:
        for key, held in kept.items():
            if key in OPERANDS and isinstance(held, list):
                found += [(held, i) for i in range(len(held))]
            elif key in OPERANDS:
                found.append((kept, key))
    below = kept.values() if isinstance(kept, dict) else kept if isinstance(kept, list) else ()
    return found + [place for held in below for place in places(held)]


@settings(FEW, max_examples=100)
@given(data=st.data(), rules=rule_lists())
def test_a_kept_rule_with_an_operand_of_another_type_is_refused_before_any_engine_reads_it(
    data: st.DataObject, rules: tuple[r.Rule, ...]
) -> None:
    kept = json.loads(tree.write(rules))
    found = places(kept["rules"])
    assume(found)
    holder, key = data.draw(st.sampled_from(found))
    kind = tree._in(holder[key], {f.name: f for f in FACTS}).type
    holder[key] = {"node": "Const", "unit": "", "value": True if kind == "text" else "a text"}
    with pytest.raises(r.RuleError):
        tree.read(json.dumps(kept), FACTS)


@pytest.mark.parametrize(
    "condition",
    [
        fact(OWN, "int")
        == r.Param("late", (r.Dated(since=date(2030, 1, 1), value=1, law="a coming act"),)),
        fact(OWN, "date") < w.ago(years=3_000),
        fact(OWN, "date") < w.ahead(years=8_000),
    ],
    ids=["no value on the day", "before the first day", "after the last day"],
)
@settings(FEW, max_examples=5)
@given(who=residents(1).filter(lambda p: p.basis == "ok"))
def test_what_has_no_meaning_on_a_day_stops_every_engine_in_the_same_words(
    condition: r.Expr, who: Person
) -> None:
    rules = [r.Rule(condition=condition, because="it")]
    with pytest.raises(r.RuleError) as written:
        compile_rules(rules, schema=EXTRACT, as_of=AS_OF)
    with pytest.raises(r.RuleError) as explained:
        explain(rules, who, as_of=AS_OF)
    assert str(written.value) == str(explained.value)


def test_an_unknown_kind_of_node_stops_every_engine() -> None:
    class Guess(r.Expr):
        type = "bool"

    rules = [r.Rule(condition=Guess(), because="it")]
    nobody = Person(subject=1, basis="ok", facts={}, rows={})
    with pytest.raises(r.StadiError, match="no SQL for Guess"):
        compile_rules(rules, schema=EXTRACT, as_of=AS_OF)
    with pytest.raises(r.RuleError, match="no meaning for Guess"):
        explain(rules, nobody, as_of=AS_OF)
