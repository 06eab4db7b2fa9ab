"""What decided, what would change it, and when."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given, settings

from rule_worlds import AS_OF, CHILD, FEW, OWN, fact, residents, rule_lists
from stadi.engine import contrast
from stadi.engine.explain import Person, explain
from stadi.kit import rule as r
from stadi.kit import words as w

BORN, TOWN, PLACE = fact(OWN, "date"), fact(OWN, "text"), fact(CHILD, "int")
RULES = (
    r.Rule(condition=w.year(w.as_of) - w.year(BORN) == 6, because="turns_six"),
    r.Rule(condition=TOWN == "091", because="lives_here"),
    r.Rule(condition=~w.exists(CHILD, w.year(w.as_of) == PLACE), because="has_no_place"),
)


def child(
    born: date | None = date(2021, 5, 5), town: str | None = "091", place: int | None = None
) -> Person:
    rows = [] if place is None else [{"child_int": place}]
    return Person(
        subject=1, basis="ok", facts={"own_date": born, "own_text": town}, rows={"child": rows}
    )


def names(leaves: Sequence[contrast.Leaf]) -> list[str]:
    return [leaf.name for leaf in leaves]


@settings(FEW, max_examples=150)
@given(rules=rule_lists(), who=residents(1))
def test_inv_19_without_the_decisive_leaves_the_outcome_flips_and_none_of_them_is_idle(
    rules: tuple[r.Rule, ...], who: Person
) -> None:
    outcome = explain(rules, who, as_of=AS_OF).outcome
    found = contrast.decisive(rules, who, as_of=AS_OF)
    if not found:
        every = contrast.without(who, contrast.leaves(rules))
        assert outcome in ("unknown", "stopped") or (
            explain(rules, every, as_of=AS_OF).outcome == outcome
        )
        return
    assert explain(rules, contrast.without(who, found), as_of=AS_OF).outcome == "unknown"
    for leaf in found:
        rest = [other for other in found if other is not leaf]
        assert explain(rules, contrast.without(who, rest), as_of=AS_OF).outcome == outcome


@settings(FEW, max_examples=150)
@given(rules=rule_lists(), who=residents(1))
def test_what_was_enough_gives_the_outcome_alone(rules: tuple[r.Rule, ...], who: Person) -> None:
    outcome = explain(rules, who, as_of=AS_OF).outcome
    kept = contrast.enough(rules, who, as_of=AS_OF)
    if outcome in ("yes", "no"):
        hidden = [f for f in contrast.leaves(rules) if all(f is not k for k in kept)]
        assert explain(rules, contrast.without(who, hidden), as_of=AS_OF).outcome == outcome


def test_one_birth_date_is_enough_for_a_no_and_all_facts_are_needed_for_a_yes() -> None:
    grown = child(born=date(1985, 1, 1))
    assert names(contrast.enough(RULES, grown, as_of=AS_OF)) == ["test.own_date"]
    needed = names(contrast.enough(RULES, child(), as_of=AS_OF))
    assert needed == ["child", "test.own_date", "test.own_text"]


def test_a_no_names_the_one_change_that_would_make_it_a_yes() -> None:
    (town,) = contrast.changes(RULES, child(town="049"), as_of=AS_OF)
    assert (town.fact.name, town.value) == ("test.own_text", "091")
    (place,) = contrast.changes(RULES, child(place=2027), as_of=AS_OF)
    assert (place.fact.name, place.value) == ("test.child_int", None)
    assert contrast.changes(RULES, child(town="049", place=2027), as_of=AS_OF) == []
    assert contrast.changes(RULES, child(), as_of=AS_OF) == []


def test_a_near_miss_says_on_which_day_the_answer_turns() -> None:
    younger = child(born=date(2022, 5, 5))
    assert contrast.turns_yes(RULES, younger, as_of=AS_OF) == date(2028, 1, 1)
    assert contrast.turns_yes(RULES, child(born=date(1985, 1, 1)), as_of=AS_OF) is None


def test_an_unknown_says_which_fact_is_lacking() -> None:
    assert names(contrast.lacking(RULES, child(town=None), as_of=AS_OF)) == ["test.own_text"]
    both = contrast.lacking(RULES, child(born=None, town=None), as_of=AS_OF)
    assert names(both) == ["test.own_date", "test.own_text"]
    assert contrast.lacking(RULES, child(), as_of=AS_OF) == []


@settings(FEW, max_examples=150)
@given(rules=rule_lists(), who=residents(1))
def test_the_day_on_which_an_answer_turns_is_the_first_of_all_days(
    rules: tuple[r.Rule, ...], who: Person
) -> None:
    later = [AS_OF + timedelta(days=n) for n in range(1, contrast.HORIZON + 1)]
    yes = (day for day in later if explain(rules, who, as_of=day).outcome == "yes")
    assert contrast.turns_yes(rules, who, as_of=AS_OF) == next(yes, None)


def test_ages_turn_on_birthdays_of_anybody_and_of_29_february_on_1_march() -> None:
    grown = (r.Rule(condition=w.age(BORN) >= 18, because="grown"),)
    leap = child(born=date(2008, 2, 29))
    assert contrast.turns_yes(grown, leap, as_of=date(2026, 2, 1)) == date(2026, 3, 1)
    seen = fact(CHILD, "date")
    home = (r.Rule(condition=~w.exists(CHILD, w.age(seen) < 18), because="nobody_young"),)
    rows = {"child": [{"child_date": date(2008, 7, 9)}, {"child_date": date(1980, 1, 1)}]}
    someone = Person(subject=1, basis="ok", facts={}, rows=rows)
    assert contrast.turns_yes(home, someone, as_of=date(2026, 2, 1)) == date(2026, 7, 9)


def test_days_that_are_counted_or_shifted_may_turn_on_any_day() -> None:
    since = child(born=AS_OF - timedelta(days=90))
    counted = (r.Rule(condition=w.as_of - BORN >= 100, because="a_hundred_days"),)
    assert contrast.turns_yes(counted, since, as_of=AS_OF) == AS_OF + timedelta(days=10)
    shifted = (r.Rule(condition=w.ago(days=95) > BORN, because="ninety_five_days"),)
    assert contrast.turns_yes(shifted, since, as_of=AS_OF) == AS_OF + timedelta(days=6)


def test_a_parameter_turns_an_answer_on_the_day_the_law_says() -> None:
    values = (
        r.Dated(since=date(2020, 1, 1), value=30, law="a law"),
        r.Dated(since=AS_OF + timedelta(days=40), value=5, law="a law"),
    )
    rules = (r.Rule(condition=w.age(BORN) >= r.Param("least", values), because="old_enough"),)
    turns = contrast.turns_yes(rules, child(born=date(2010, 3, 3)), as_of=AS_OF)
    assert turns == AS_OF + timedelta(days=40)


def test_of_many_rows_only_the_lack_of_all_is_said_to_change_the_answer() -> None:
    since, kind = fact(CHILD, "date"), fact(CHILD, "text")
    rules = (r.Rule(condition=~w.exists(CHILD, (since > AS_OF) | (kind == "a")), because="none"),)
    rows = {"child": [{"child_date": date(2030, 1, 1), "child_text": "a"}]}
    someone = Person(subject=1, basis="ok", facts={}, rows=rows)
    found = contrast.changes(rules, someone, as_of=AS_OF)
    assert [(change.fact.relation, change.value) for change in found] == [(CHILD, None)]
