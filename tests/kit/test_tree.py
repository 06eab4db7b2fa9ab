"""A rule kept as text comes back as the same rule, or says which fact has changed."""

from dataclasses import replace

import pytest
from hypothesis import given

from rule_worlds import AS_OF, FACTS, FEW, OWN, PARAM, amount_lists, fact, residents, rule_lists
from stadi.engine.explain import Person, explain
from stadi.kit import rule as r
from stadi.kit import tree


@FEW
@given(rules=rule_lists(), amounts=amount_lists(), who=residents(1))
def test_inv_17_a_kept_rule_answers_as_it_did(
    rules: tuple[r.Rule, ...], amounts: tuple[r.Amount, ...], who: Person
) -> None:
    text = tree.write(rules, amounts)
    again, worth = tree.read(text, FACTS)
    assert tree.write(again, worth) == text
    assert tree.parameters(again, worth, AS_OF) == tree.parameters(rules, amounts, AS_OF)
    one = explain(rules, who, as_of=AS_OF, amounts=amounts)
    assert explain(again, who, as_of=AS_OF, amounts=worth) == one


def test_a_fact_that_changed_its_meaning_is_named() -> None:
    number = fact(OWN, "int")
    text = tree.write([r.Rule(condition=number == PARAM, because="it")])
    for changed in ([], [replace(number, unit="cents")]):
        with pytest.raises(tree.TreeError, match=r"test\.own_int is no longer"):
            tree.read(text, changed)
