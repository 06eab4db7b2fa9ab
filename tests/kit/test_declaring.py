"""A service.py declares: whatever else it tries is refused before a line of it has run."""

from pathlib import Path

import pytest

from stadi.kit.declaring import WORDS, faults
from stadi.services import preschool

FIT = Path(preschool.__file__).with_name("service.py").read_text("utf-8")
HEAD = """\
from datetime import date
from stadi.kit.rule import Amount, Dated, Param, Rule
from stadi.kit.service import Basis, Offer, Purpose, Service
from stadi.kit.words import age, ago, as_of, choose, count, exists, is_in, year
from stadi.people import facts as pop
from stadi.people.facts import area
"""
LINES = HEAD.count("\n")


def _said(line: str) -> list[tuple[int, str]]:
    return list(faults(f"{HEAD}{line}\nSERVICE = Service()\n"))


def test_the_services_of_the_house_only_declare() -> None:
    assert list(faults(FIT)) == []


@pytest.mark.parametrize(
    "line",
    [
        "X = 18",
        "X = -1",
        'X = "a" + " 26 a §"',
        "X = date(2027, 1, 31)",
        "X = (year(as_of) - year(pop.birth_date) == 6) & ~(age(pop.birth_date) < 18)",
        "X = is_in(area, 'a', 'b') | (pop.income_cents * 12 // 2 + 1 != 3)",
        "X = choose(age(pop.birth_date) >= 18, 1, 2)",
        "X = exists(pop.PLACEMENT, pop.placement_term == year(as_of))",
        'X = Purpose(id="a", basis=Basis(kind="consent", law="b"), uses={pop.area: "why"})',
        '"""A sentence between the lines."""',
    ],
)
def test_what_the_language_says_is_taken(line: str) -> None:
    assert _said(line) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("X = (area == 'a') and (area == 'b')", "write & between conditions"),
        ("X = (area == 'a') or (area == 'b')", "write | between conditions"),
        ("X = not (area == 'a')", "write ~ before a condition"),
        ("X = area in ('a', 'b')", "write is_in(fact, first, second)"),
        ("X = area not in ('a', 'b')", "write ~is_in(fact, first, second)"),
        ("X = area is True", "no part of the language"),
        ("X = 1 if area == 'a' else 2", "write choose(...)"),
        ("if True:\n    X = 1", "write choose(...)"),
        ("match 1:\n    case 1:\n        X = 1", "write choose(...)"),
        ("X = 18 <= age(pop.birth_date) < 65", "write (low <= fact) & (fact < high)"),
        ("X = 1 / 2", "write //"),
        ("X = 2 ** 9", "no part of the language"),
        ("X = 7 % 2", "no part of the language"),
        ("X = 1 ^ 2", "no part of the language"),
        ("X = 1.5", "1.5 is no text, whole number"),
        ("X = None", "None is no text"),
        ("X = b'a'", "is no text"),
        ("X = ...", "is no text"),
        ('X = f"{1}"', "put together with +"),
        ("X = [1]", "write a tuple"),
        ("X = {1}", "write a tuple"),
        ("X = (1, 2)[0]", "nothing is picked out"),
        ("X = (*(1, 2),)", "no * and no **"),
        ("X = {**{}}", "no * and no **"),
        ('X = Rule(**{"because": "a"})', "no * and no **"),
        ("X = (Y := 1)", "a line of its own"),
        ("X: int = 1", "without its type"),
        ("X = 1\nX += 1", "a value is said once"),
        ("X = 1\nX = 2", "X is said twice"),
        ("X = Y = 1", "no part of the language"),
        ("X, Y = 1, 2", "no part of the language"),
        ("age = 1", "age is said twice"),
        ("__builtins__ = 1", "belongs to Python"),
        ("def score(person):\n    return 1", "never decide"),
        ("async def score(person):\n    return 1", "never decide"),
        ("X = lambda person: 1", "never decide"),
        ("class Score:\n    pass", "stadi.kit.service"),
        ("for x in (1, 2):\n    pass", "exists(...) or count(...)"),
        ("while True:\n    pass", "exists(...) or count(...)"),
        ("X = [x for x in (1, 2)]", "exists(...) or count(...)"),
        ("X = {x: x for x in (1, 2)}", "exists(...) or count(...)"),
        ("X = count(x for x in (1, 2))", "exists(...) or count(...)"),
        ("try:\n    X = 1\nexcept Exception:\n    X = 2", "no part of the language"),
        ("with date(2027, 1, 1):\n    pass", "no part of the language"),
        ("raise Rule", "no part of the language"),
        ("assert True", "no part of the language"),
        ("del age", "no part of the language"),
        ("global X", "no part of the language"),
        ("pass", "no part of the language"),
        ("Rule(condition=area == 'a', because='a')", "says nothing of the service"),
        ("import os", "nothing else"),
        ("import stadi.people.facts", "nothing else"),
        ("from os import system", "'system' cannot be imported"),
        ("from stadi.kit.rule import *", "'*' cannot be imported"),
        ("from stadi.people.facts import *", "'*' cannot be imported"),
        ("from stadi.people.facts import __builtins__ as b", "cannot be imported"),
        ("from stadi.kit.rule import Fact", "'Fact' cannot be imported"),
        ("from stadi.kit.rule import Const", "'Const' cannot be imported"),
        ("from stadi.kit.service import Plugin", "'Plugin' cannot be imported"),
        ("from stadi.kit.service import StadiError", "'StadiError' cannot be imported"),
        ("from stadi.people import models", "'models' cannot be imported"),
        ("from stadi.people.actions import load", "'load' cannot be imported"),
        ("from stadi.services.preschool.service import SERVICE", "cannot be imported"),
        ("from datetime import datetime", "'datetime' cannot be imported"),
        ("from . import facts", "'facts' cannot be imported"),
        ("from .stadi.people import facts as near", "'facts' cannot be imported"),
        ("from .service import Service as S", "'Service' cannot be imported"),
        ("X = open('/etc/passwd')", "open(...) is no word of the kit"),
        ("X = getattr(pop, 'area')", "getattr(...) is no word of the kit"),
        ("X = __import__('os')", "__import__(...) is no word of the kit"),
        ("X = date.today()", "date.today(...) is no word of the kit"),
        ("X = date(2027, 1, 1 + 1)", "a date is written out"),
        ("X = date(year=2027, month=1, day=1)", "a date is written out"),
        ("X = area.relation", "a dot names a fact of a room"),
        ("X = pop.area.label.fi", "a dot names a fact of a room"),
        ("X = pop.__dict__", "__dict__ is no fact"),
        ("X = 'a'.format(1)", "is no word of the kit"),
        ("X = pop.Fact(name='x')", "pop.Fact(...) is no word of the kit"),
        ("from stadi.people.facts import Fact\nX = Fact(name='x')", "Fact(...) is no word of"),
        ("MINE = Rule\nX = MINE(because='a')", "MINE(...) is no word of the kit"),
        ("X = Offer()()", "is no word of the kit"),
        ("X = nobody", "nobody is not known here"),
        ("X = print", "print is not known here"),
    ],
)
def test_whatever_is_no_declaration_is_refused_with_its_line_and_what_to_write(
    line: str, sentence: str
) -> None:
    said = _said(line)
    assert said, "it is taken"
    assert said[0][0] > LINES
    assert any(sentence in words for _, words in said), said


@pytest.mark.parametrize(
    "keyword",
    [
        *("score", "label", "ranking", "rank_by", "order", "share_with", "sanction", "debt"),
        *("claw_back", "recover", "police", "nationality", "on_silence_deny", "model", "priority"),
    ],
)
@pytest.mark.parametrize("word", ["Service", "Rule", "Amount", "Offer", "Purpose", "Basis"])
def test_inv_20_no_word_of_the_kit_takes_a_score_a_label_or_a_sharing(
    word: str, keyword: str
) -> None:
    ((line, sentence), *_) = _said(f"X = {word}({keyword}=1)")
    assert line == LINES + 1
    assert sentence.startswith(f"{word}(...) cannot say `{keyword}`: it says ")
    assert "share with those who control" in sentence


@pytest.mark.parametrize(
    "name", ["nationality", "native_language", "religion", "name", "appearance", "free_text"]
)
def test_inv_05_no_forbidden_attribute_can_be_named_even_if_a_room_had_it(name: str) -> None:
    for line in (f"X = pop.{name} == 'a'", f"from stadi.people.facts import {name}"):
        assert _said(line)[0] == (
            LINES + 1,
            f"no service may go by {name.replace('_', ' ')}, for whatever reason",
        )


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("X = (", "this is no Python"),
        ("X = 1\0", "this"),
        ("X = " + "-" * 5_000 + "1", "this"),
        ("X = " + "(" * 400 + ")" * 400, "this is no Python"),
        ("X = " + "+".join("1" * 20_000), "this cannot be read: it nests too deep"),
        ("X = 1", "nothing is declared"),
        ("", "nothing is declared"),
    ],
)
def test_what_cannot_be_read_is_refused_and_never_breaks_the_reader(
    source: str, sentence: str
) -> None:
    assert next(faults(source))[1].startswith(sentence)


def test_the_words_that_may_be_imported_are_those_that_declare() -> None:
    assert set(WORDS["stadi.kit.rule"]) == {"Amount", "Dated", "Param", "Rule"}
    assert {"age", "as_of", "exists", "choose"} < set(WORDS["stadi.kit.words"])
    assert {"Service", "Offer", "Guardians"} < set(WORDS["stadi.kit.service"])
    assert not {"Plugin", "Example", "ServiceError"} & set(WORDS["stadi.kit.service"])
