"""The rule language: what it builds, and what it refuses while it is being written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest

from stadi.kit import rule as r
from stadi.kit import words as w
from stadi.kit.service import (
    Assign,
    Basis,
    Fixed,
    Guardians,
    Offer,
    Oversight,
    Purpose,
    Self,
    Service,
    ServiceError,
    Weight,
)
from stadi.kit.text import LANGUAGES, Text

WORDS = Text(fi="a", sv="b", en="c")
PERSON = r.Relation(name="person", table="people_person")
CARE = r.Relation(name="care", table="people_care", absence="none")
PLACES = r.Relation(name="places", table="people_places", many=True, absence="none")


def fact(column: str, kind: str, relation: r.Relation = PERSON, **more: str) -> r.Fact:
    name = more.pop("name", f"test.{column}")
    return r.Fact(name=name, relation=relation, column=column, type=kind, label=WORDS, **more)


born = fact("born", "date")
size = fact("size", "int")
town = fact("town", "text")
banned = fact("banned", "bool")
banned = fact("banned", "bool")
term = fact("term", "int", PLACES)
LIMIT = r.Param(
    "limit",
    (
        r.Dated(since=date(2020, 8, 1), value=6, law="act 1"),
        r.Dated(since=date(2025, 8, 1), value=5, law="act 2"),
    ),
)


# ── building ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "drops_a_clause",
    [
        lambda: banned and (town == "091"),
        lambda: banned or (town == "091"),
        lambda: not banned,
        lambda: bool(town == "091"),
        lambda: 1 < size < 5,
        lambda: town in ("091", "049"),
        lambda: "yes" if banned else "no",
    ],
)
def test_the_truth_of_a_rule_cannot_be_tested(drops_a_clause: Callable[[], object]) -> None:
    with pytest.raises(r.RuleError, match="write & for and"):
        drops_a_clause()


@pytest.mark.parametrize(
    ("built", "op"),
    [
        (size == 1, "="),
        (size != 1, "<>"),
        (size < 1, "<"),
        (size <= 1, "<="),
        (size > 1, ">"),
        (size >= 1, ">="),
    ],
)
def test_a_comparison_is_a_node_of_the_tree(built: r.Compare, op: str) -> None:
    assert isinstance(built, r.Compare)
    assert (built.op, built.left is size, built.type) == (op, True, "bool")
    assert isinstance(built.right, r.Const)
    assert built.right.value == 1


def test_a_value_may_stand_on_the_left() -> None:
    flipped = size < 5
    assert (flipped.op, flipped.left is size) == ("<", True)
    assert ("091" == town).left is town  # noqa: SIM300 - this is what is tested


def test_operators_build_the_tree_they_show() -> None:
    tree = (banned & ~(town == "091")) | (size + 1 - LIMIT == w.year(born))
    assert [type(n).__name__ for n in r.walk(tree)] == [
        *("Some", "All", "Fact", "Not", "Compare", "Fact", "Const"),
        *("Compare", "Sum", "Sum", "Fact", "Const", "Param", "Year", "Fact"),
    ]
    assert r.facts_in(tree) == {banned, town, size, born}
    assert tree.type == "bool"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: size == "1",
        lambda: town == 91,
        lambda: born < 2020,
        lambda: size == True,  # noqa: E712 - this is what is refused
        lambda: banned & size,
        lambda: banned & 1,
        lambda: banned | town,
        lambda: ~size,
        lambda: town + "x",
        lambda: size + born,
        lambda: w.age(size),
        lambda: w.year(town),
        lambda: w.year("2020"),
        lambda: w.is_in(size, "a"),
        lambda: w.is_in(size, True),
        lambda: w.is_in(size),
        lambda: w.exists(PLACES, term),
        lambda: r.Rule(condition=size, because="no condition"),
    ],
)
def test_a_type_error_is_said_while_the_rule_is_built(wrong: Callable[[], object]) -> None:
    with pytest.raises(r.RuleError):
        wrong()


def test_a_plain_truth_is_no_condition() -> None:
    with pytest.raises(r.RuleError, match="the rule 'it' needs bool"):
        r.Rule(condition=True, because="it")  # type: ignore[arg-type]
    with pytest.raises(r.RuleError):
        w.exists(PLACES, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 1.5, [1], b"x", datetime(2027, 1, 1)])  # noqa: DTZ001
def test_a_rule_holds_no_missing_value_and_no_loose_type(value: object) -> None:
    with pytest.raises(r.RuleError, match="cannot hold"):
        _ = size == value


def test_the_language_has_no_test_for_missing() -> None:
    assert not [name for name in dir(r) if "missing" in name.lower() or "null" in name.lower()]


def test_a_parameter_has_the_value_in_force_that_day() -> None:
    assert LIMIT.at(date(2020, 8, 1)) == 6
    assert LIMIT.at(date(2025, 7, 31)) == 6
    assert LIMIT.at(date(2025, 8, 1)) == 5


def test_a_gap_in_a_parameter_is_an_error_that_names_it() -> None:
    with pytest.raises(r.RuleError, match="limit has no value on 2020-07-31"):
        LIMIT.at(date(2020, 7, 31))


OTHER = r.Relation(name="other", table="other", many=True)


@pytest.mark.parametrize(
    ("relation", "where"),
    [
        (PLACES, term == size),
        (PLACES, size == 1),
        (OTHER, term == 1),
        (PERSON, size == 1),
        (PLACES, r.lift(value=True)),
        (PLACES, w.exists(PLACES, term == 1)),
    ],
)
def test_exists_names_facts_of_its_own_relation_of_many_and_is_never_nested(
    relation: r.Relation, where: r.Expr
) -> None:
    with pytest.raises(r.RuleError, match="may name facts of that relation only"):
        w.exists(relation, where)


# ── services ─────────────────────────────────────────────────────────────────────────────────

USES = {born: "who starts", town: "in which language", banned: "what is never shown"}
SERVICE = Service(
    id="test",
    line="A1",
    version="1",
    level="L2",
    owner="tests",
    purpose=Purpose(id="test.it", basis=Basis(kind="public_task", law="an act"), uses=USES),
    who=(r.Rule(condition=w.age(born) < 7, because="is_young"),),
    propose=Fixed(),
    recipient=Self(language=town, guard=banned),
    offer=Offer(open_days=7),
    oversight=Oversight(owner="tests", queue="tests", queue_days=5),
    cannot_reach="nobody",
)


def using(uses: dict[r.Fact, str], law: str = "an act") -> Purpose:
    return Purpose(id="test.it", basis=Basis(kind="public_task", law=law), uses=uses)


def deciding(condition: r.Expr, *facts: r.Fact) -> Service:
    """The service with one more rule, its facts named."""
    return replace(
        SERVICE,
        who=(*SERVICE.who, r.Rule(condition=condition, because="more")),
        purpose=using({**USES, **dict.fromkeys(facts, "because")}),
    )


def test_inv_01_a_fact_that_the_purpose_does_not_name_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"service test: reads \['test.size'\]"):
        deciding(size == 1)
    with pytest.raises(ServiceError, match=r"reads \['test.size'\]"):
        replace(SERVICE, recipient=Guardians(guardian=size, language=town, guard=banned))


def test_inv_02_a_named_fact_that_nothing_reads_is_refused() -> None:
    with pytest.raises(ServiceError, match=r"names \['test.size'\] which nothing reads"):
        replace(SERVICE, purpose=using({**USES, size: "nice to have"}))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"offer": Offer(open_days=0)}, "says open_days=0: write a whole number, 1 or more"),
        ({"offer": Offer(open_days=7, undo_hours=-1)}, "says undo_hours=-1"),
        ({"offer": Offer(open_days=7, silence="lapses")}, r"silence='lapses': write ToAPerson\(\)"),  # type: ignore[arg-type]
        ({"oversight": Oversight(owner="t", queue="t", queue_days=-1)}, "says queue_days=-1"),
        ({"version": " "}, "says nothing in version"),
    ],
)
def test_a_value_of_another_kind_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        replace(SERVICE, **changed)  # type: ignore[arg-type]


def test_a_basis_that_the_law_does_not_know_is_refused() -> None:
    purpose = Purpose(id="test.it", basis=Basis(kind="because", law="an act"), uses=USES)
    with pytest.raises(ServiceError, match="rests on 'because', which is none of"):
        replace(SERVICE, purpose=purpose)


def test_a_named_fact_needs_a_reason() -> None:
    with pytest.raises(ServiceError, match=r"gives no reason for test\.town"):
        replace(SERVICE, purpose=using({**USES, town: " "}))


@pytest.mark.parametrize(
    "column", ["nationality", "native_language", "religion", "name", "appearance", "free_text"]
)
def test_inv_05_a_forbidden_attribute_never_decides(column: str) -> None:
    for forbidden in (fact(column, "text"), fact("x", "text", name=f"people.{column}")):
        with pytest.raises(ServiceError, match="which no rule may"):
            deciding(forbidden == "fi", forbidden)


def test_inv_05_a_forbidden_attribute_never_proposes() -> None:
    x, y, religion = fact("x", "int"), fact("y", "int"), fact("religion", "int")
    weight = Weight(fact=religion, unit="language", metres=LIMIT)
    assign = Assign(kind="church", home_x=x, home_y=y, weights=(weight,))
    uses = {**USES, x: "the walk", y: "the walk", religion: "never"}
    with pytest.raises(ServiceError, match=r"proposes by test\.religion"):
        replace(SERVICE, propose=assign, purpose=using(uses))


def test_inv_06_a_fact_held_for_control_is_refused() -> None:
    control = fact("debt", "int", polarity="control")
    with pytest.raises(ServiceError, match="for control, not for help"):
        deciding(control == 1, control)


def test_inv_21_what_a_model_made_decides_nothing() -> None:
    learned = fact("guess", "int", provenance="learned")
    with pytest.raises(ServiceError, match="which a model made"):
        deciding(learned == 1, learned)


@pytest.mark.parametrize("word", ["risk_score", "priority", "fraud-suspicion", "ranking", "debt"])
def test_inv_20_nothing_is_said_of_a_person_that_judges_them(word: str) -> None:
    with pytest.raises(ServiceError, match=r"no \w+ of a person can be said here"):
        replace(SERVICE, who=(r.Rule(condition=w.age(born) < 7, because=word),))
    limit = r.Param(word, LIMIT.values)
    with pytest.raises(ServiceError, match=r"no \w+ of a person can be said here"):
        replace(SERVICE, who=(r.Rule(condition=w.age(born) < limit, because="is_young"),))


def test_inv_04_special_data_without_a_ground_are_refused() -> None:
    illness = fact("illness", "bool", category="special")
    named = {**USES, illness: "who is treated"}
    rules = (*SERVICE.who, r.Rule(condition=illness, because="is_ill"))
    with pytest.raises(ServiceError, match=r"name the ground of GDPR article 9\(2\)"):
        replace(SERVICE, who=rules, purpose=using(named))
    replace(SERVICE, who=rules, purpose=replace(using(named), art9="9(2)(h)"))


@pytest.mark.parametrize("level", ["L3", "L4"])
def test_inv_26_a_level_that_takes_silence_for_a_yes_is_refused(level: str) -> None:
    with pytest.raises(ServiceError, match="silence for a yes"):
        replace(SERVICE, level=level)


def test_a_level_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ServiceError, match="has level 'L9'"):
        replace(SERVICE, level="L9")


def test_a_service_without_a_rule_finds_nobody() -> None:
    with pytest.raises(ServiceError, match="at least one rule"):
        replace(SERVICE, who=(), purpose=using({town: "language", banned: "hidden"}))


def test_a_fact_of_many_rows_stands_inside_exists() -> None:
    deciding(~w.exists(PLACES, term == 2027), term)
    with pytest.raises(ServiceError, match=r"names test\.term outside exists"):
        deciding(term == 2027, term)
    with pytest.raises(ServiceError, match=r"names test\.term outside exists"):
        deciding(w.exists(PLACES, term == 2027) & (term == 2027), term)


def test_inv_33_a_text_that_is_empty_in_one_language_is_refused() -> None:
    for language in LANGUAGES:
        with pytest.raises(ValueError, match=f"empty in '{language}'"):
            Text(**{**dict.fromkeys(LANGUAGES, "words"), language: " "})


def test_an_unknown_language_is_met_in_english() -> None:
    assert [Text(fi="a", sv="b", en="{x}!").say(lang, x=1) for lang in ("fi", "sv", "", "et")] == [
        *("a", "b", "1!", "1!")
    ]
