"""Reads a service.py before it may run: it declares in the words of the kit, and does no more."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from datetime import date
from inspect import isfunction, signature
from types import ModuleType
from typing import Any

from stadi.kit import rule, service, words

_ROOM = re.compile(r"stadi\.[a-z_]+")
_FACTS, _PLAIN = "facts", "plain"
"""What a name stands for, other than a word of the kit: a room's facts, or a value of one's own."""


def _own(module: ModuleType, kind: Callable[[object], bool]) -> dict[str, Any]:
    """Return what a module has of a kind for everyone to use, by name."""
    there = {name: made for name, made in vars(module).items() if kind(made) and name[0] != "_"}
    return {name: made for name, made in there.items() if made.__module__ == module.__name__}


WORDS: dict[str, dict[str, object]] = {
    rule.__name__: {w.__name__: w for w in (rule.Amount, rule.Dated, rule.Param, rule.Rule)},
    words.__name__: {"as_of": _PLAIN} | _own(words, isfunction),
    service.__name__: {
        name: made
        for name, made in _own(service, is_dataclass).items()
        if made not in (service.Example, service.Plugin)
    },
    "datetime": {"date": date},
}
"""What a service may import from where, and what each name stands for."""

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.BitAnd, ast.BitOr, ast.Invert, ast.USub)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_LOOP = "a loop asks while the file is read: write the rule once, with exists(...) or count(...)"
_BRANCH = "`if` would choose while the file is read, not for each person: write choose(...)"
_FUNCTION = "a Python function may prepare data, never decide: say it with the words of stadi.kit"
_IMPORT = (
    "a service imports words of stadi.kit.rule, .words and .service, a room's facts, and date from"
    " datetime; nothing else"
)
_INSTEAD: dict[type[ast.AST], str] = {
    ast.And: "`and` would drop a clause in silence: write & between conditions",
    ast.Or: "`or` would drop a clause in silence: write | between conditions",
    ast.Not: "`not` would drop a clause in silence: write ~ before a condition",
    ast.In: "`in` would decide while the file is read: write is_in(fact, first, second)",
    ast.NotIn: "`not in` would decide while the file is read: write ~is_in(fact, first, second)",
    ast.Div: "a rule counts in whole numbers: write //, which rounds down",
    ast.FunctionDef: _FUNCTION,
    ast.AsyncFunctionDef: _FUNCTION,
    ast.Lambda: _FUNCTION,
    ast.ClassDef: "a class of one's own means nothing here: say it with those of stadi.kit.service",
    ast.Import: _IMPORT,
    ast.If: _BRANCH,
    ast.IfExp: _BRANCH,
    ast.Match: _BRANCH,
    ast.AugAssign: "a value is said once: give the new one a name of its own",
    ast.NamedExpr: "a value gets its name in a line of its own: NAME = ...",
    ast.AnnAssign: "a value is said without its type: NAME = ...",
    ast.JoinedStr: 'a text is put together with +, such as LAW + " 26 a §"',
    ast.List: "a list may change: write a tuple, in parentheses",
    ast.Set: "a set has no order: write a tuple, in parentheses",
    ast.Subscript: "nothing is picked out of anything: name the fact or the value itself",
    **dict.fromkeys((ast.Starred, ast.Dict), "everything is written out: no * and no **"),
    ast.Attribute: "a dot names a fact of a room, such as pop.birth_date, and nothing else",
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.While), _LOOP),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _LOOP),
}
"""For what people write out of habit: why not, and what to write instead."""

_Known = dict[str, object]
_Fault = tuple[int, str]


def faults(source: str) -> Iterator[_Fault]:
    """Yield line and sentence of whatever in the source is no declaration; none for a fit one."""
    known: _Known = {}
    try:
        for line in ast.parse(source).body:
            yield from _statement(line, known)
    except SyntaxError as error:
        yield error.lineno or 1, f"this is no Python: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        yield 1, "this cannot be read: it nests too deep, or holds what is no text"
    if "SERVICE" not in known:
        yield 1, "nothing is declared: write SERVICE = Service(...)"


def _statement(line: ast.stmt, known: _Known) -> Iterator[_Fault]:
    match line:
        case ast.Expr(value=ast.Constant(value=str())):  # a docstring
            return
        case ast.ImportFrom():
            yield from _import(line, known)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield from _expression(value, known)
            yield from _take(line, known, name, _PLAIN)
        case ast.Expr(value=value):
            yield from _expression(value, known)
            yield line.lineno, "this line says nothing of the service: drop it, or give it a name"
        case _:
            yield _no(line)


def _import(line: ast.ImportFrom, known: _Known) -> Iterator[_Fault]:
    module = "" if line.level else line.module or ""
    for found in line.names:
        if _ROOM.fullmatch(module) and found.name == "facts":
            stands: object = _FACTS
        elif _ROOM.fullmatch(module.removesuffix(".facts")) and module.endswith(".facts"):
            stands = None if found.name == "*" or found.name.startswith("_") else _PLAIN
        else:
            stands = WORDS.get(module, {}).get(found.name)
        if found.name in service.FORBIDDEN:
            yield from _fact(line, found.name)
        elif stands is None:
            yield line.lineno, f"{found.name!r} cannot be imported from here: {_IMPORT}"
        yield from _take(line, known, found.asname or found.name, stands)


def _take(line: ast.stmt, known: _Known, name: str, stands: object) -> Iterator[_Fault]:
    if name in known:
        yield line.lineno, f"{name} is said twice: give the second a name of its own"
    if name.startswith("__"):
        yield line.lineno, f"{name} belongs to Python: choose another name"
    known[name] = stands


def _expression(node: ast.expr, known: _Known) -> Iterator[_Fault]:
    """Yield what is wrong with a value: with itself, then with its parts."""
    match node:
        case ast.Constant(value=value) if type(value) not in (str, int, bool):
            yield node.lineno, f"{value!r} is no text, whole number, True or False"
        case ast.Name(id=name) if name not in known:
            yield node.lineno, f"{name} is not known here: import it, or give it a value above"
        case ast.Attribute(value=ast.Name(id=room), attr=name) if known.get(room) == _FACTS:
            yield from _fact(node, name)
        case ast.Call():
            yield from _call(node, known)
        case ast.Attribute():
            yield _no(node)
    parts = _parts(node)
    if parts is None:
        yield _no(node)
    for part in parts or ():
        yield from _expression(part, known)


def _parts(node: ast.expr) -> list[ast.expr] | None:  # noqa: PLR0911 - one line a form
    """Return the values that a value of a known form is made of; None for another form."""
    match node:
        case ast.Constant() | ast.Name() | ast.Attribute():
            return []
        case ast.Tuple(elts=parts):
            return parts
        case ast.Call(args=args, keywords=keywords):
            return [*args, *(keyword.value for keyword in keywords)]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return [*(key for key in keys if key), *values]
        case ast.BinOp(op=op, left=left, right=right) if isinstance(op, _OPERATORS):
            return [left, right]
        case ast.UnaryOp(op=op, operand=operand) if isinstance(op, _OPERATORS):
            return [operand]
        case ast.Compare(ops=[op], left=left, comparators=[right]) if isinstance(op, _COMPARISONS):
            return [left, right]
        case _:
            return None


def _fact(node: ast.expr | ast.stmt, name: str) -> Iterator[_Fault]:
    if name in service.FORBIDDEN:
        yield node.lineno, f"no service may go by {name.replace('_', ' ')}, for whatever reason"
    elif name.startswith("_"):
        yield node.lineno, f"{name} is no fact"


def _call(node: ast.Call, known: _Known) -> Iterator[_Fault]:
    word = known.get(node.func.id) if isinstance(node.func, ast.Name) else None
    if not callable(word):
        called = ast.unparse(node.func)
        yield node.lineno, f"{called}(...) is no word of the kit; only those can be used so"
        return
    for keyword in node.keywords:
        if keyword.arg is None:
            yield node.lineno, _INSTEAD[ast.Starred]
        elif word is not date and keyword.arg not in signature(word).parameters:
            yield keyword.value.lineno, _unsaid(word, keyword.arg)
    literal = all(isinstance(part, ast.Constant) for part in node.args)
    if word is date and (node.keywords or not literal):
        yield node.lineno, "a date is written out, such as date(2027, 1, 31)"


def _unsaid(word: Callable[..., object], keyword: str) -> str:
    """Return why a keyword cannot be said, and what can."""
    said = ", ".join(signature(word).parameters) or "nothing"
    return (
        f"{word.__name__}(...) cannot say `{keyword}`: it says {said}. No service can score, label"
        " or rank people, punish, claw back, or share with those who control"
    )


def _no(node: ast.AST) -> _Fault:
    """Return the sentence on what is no part of the language."""
    line = getattr(node, "lineno", 1)
    named = [node, getattr(node, "op", None), *getattr(node, "ops", ())]
    for part in named:
        if sentence := _INSTEAD.get(type(part)):
            return line, sentence
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return line, "a comparison has two sides: write (low <= fact) & (fact < high)"
    return line, f"{type(node).__name__} is no part of the language a service is written in"
