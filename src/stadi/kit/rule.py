"""The rule language: a small, typed, total, three-valued expression tree.

Python operators build the tree; testing its truth raises, so that `and`, `or` and `if`
cannot silently drop a clause. Write `&`, `|` and `~` instead. There is no "is missing".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NoReturn

from stadi.kit.errors import StadiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stadi.kit.text import Text

Value = bool | int | str | date
TYPES = {bool: "bool", int: "int", str: "text", date: "date"}


class RuleError(StadiError):
    """The rule cannot be read: it says where and what to write instead."""


class Expr:
    """A node of the tree; `type` is one of bool, int, text, date."""

    type: str

    def __bool__(self) -> NoReturn:
        message = "a rule has no truth of its own: write & for and, | for or, ~ for not"
        raise RuleError(message)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Compare:  # type: ignore[override]
        return Compare("=", self, lift(other))

    def __ne__(self, other: object) -> Compare:  # type: ignore[override]
        return Compare("<>", self, lift(other))

    def __lt__(self, other: object) -> Compare:
        return Compare("<", self, lift(other))

    def __le__(self, other: object) -> Compare:
        return Compare("<=", self, lift(other))

    def __gt__(self, other: object) -> Compare:
        return Compare(">", self, lift(other))

    def __ge__(self, other: object) -> Compare:
        return Compare(">=", self, lift(other))

    def __and__(self, other: object) -> All:
        return All((self, lift(other)))

    def __or__(self, other: object) -> Some:
        return Some((self, lift(other)))

    def __invert__(self) -> Not:
        return Not(self)

    def __add__(self, other: object) -> Sum:
        return Sum(self, lift(other), sign=1)

    def __sub__(self, other: object) -> Sum:
        return Sum(self, lift(other), sign=-1)

    def children(self) -> tuple[Expr, ...]:
        """Return the nodes directly below this one."""
        return ()


def lift(value: object) -> Expr:
    """Return a node for a plain value; an Expr stays as it is."""
    if isinstance(value, Expr):
        return value
    if type(value) in TYPES:
        return Const(value)  # type: ignore[arg-type]
    message = f"a rule cannot hold {value!r}: use a bool, int, str or date"
    raise RuleError(message)


def _need(node: Expr, wanted: str, where: str) -> None:
    if not isinstance(node, Expr):
        message = f"{where} needs {wanted}, not the plain value {node!r}"  # type: ignore[unreachable]
        raise RuleError(message)
    if node.type != wanted:
        message = f"{where} needs {wanted}, not {node.type}"
        raise RuleError(message)


@dataclass(frozen=True, eq=False)
class Const(Expr):
    """A value written in the rule."""

    value: Value

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", TYPES[type(self.value)])


@dataclass(frozen=True, eq=False)
class AsOf(Expr):
    """The day the rule is asked about."""

    type = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A parameter's value from a day on, with its legal source."""

    since: date
    value: int
    law: str


@dataclass(frozen=True, eq=False)
class Param(Expr):
    """A dated number set by law or by decision."""

    name: str
    values: tuple[Dated, ...]
    type = "int"

    def at(self, day: date) -> int:
        """Return the value in force on `day`; a gap is an error, never a guess."""
        in_force = [v for v in self.values if v.since <= day]
        if not in_force:
            message = f"the parameter {self.name} has no value on {day}: add one with its law"
            raise RuleError(message)
        return max(in_force, key=lambda v: v.since).value


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table of facts: one row a subject, or `many`; `absence` says what no row means.

    absence "none": the register is complete, no row is a no. "missing": no row is unknown.
    """

    name: str
    table: str
    key: str = "subject"
    many: bool = False
    absence: str = "missing"


@dataclass(frozen=True, eq=False, kw_only=True)
class Fact(Expr):
    """A register fact that a rule may name; its owner is the room that declares it."""

    name: str
    relation: Relation
    column: str
    type: str
    label: Text
    unit: str = ""
    category: str = "ordinary"
    polarity: str = "help"

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Year(Expr):
    """The calendar year of a date."""

    day: Expr
    type = "int"

    def __post_init__(self) -> None:
        _need(self.day, "date", "year(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.day,)


@dataclass(frozen=True, eq=False)
class Age(Expr):
    """Whole years from a birth date to the as-of day; 29 February counts from 1 March."""

    born: Expr
    type = "int"

    def __post_init__(self) -> None:
        _need(self.born, "date", "age(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.born,)


@dataclass(frozen=True, eq=False)
class Sum(Expr):
    """left + sign * right, of whole numbers."""

    left: Expr
    right: Expr
    sign: int
    type = "int"

    def __post_init__(self) -> None:
        _need(self.left, "int", "+ and -")
        _need(self.right, "int", "+ and -")

    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False)
class Compare(Expr):
    """left op right; unknown when either side is."""

    op: str
    left: Expr
    right: Expr
    type = "bool"

    def __post_init__(self) -> None:
        _need(self.right, self.left.type, f"{self.op} after a {self.left.type}")

    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False)
class In(Expr):
    """The value is one of a fixed list."""

    item: Expr
    values: tuple[Value, ...]
    type = "bool"

    def __post_init__(self) -> None:
        if not self.values:
            message = "is_in(...) needs at least one value"
            raise RuleError(message)
        for value in self.values:
            _need(lift(value), self.item.type, "is_in(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True, eq=False)
class All(Expr):
    """Every part holds; one false part settles it, whatever is unknown."""

    items: tuple[Expr, ...]
    type = "bool"

    def __post_init__(self) -> None:
        for item in self.items:
            _need(item, "bool", "&")

    def children(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True, eq=False)
class Some(Expr):
    """At least one part holds; one true part settles it, whatever is unknown."""

    items: tuple[Expr, ...]
    type = "bool"

    def __post_init__(self) -> None:
        for item in self.items:
            _need(item, "bool", "|")

    def children(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True, eq=False)
class Not(Expr):
    """The contrary; not unknown is unknown."""

    item: Expr
    type = "bool"

    def __post_init__(self) -> None:
        _need(self.item, "bool", "~")

    def children(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True, eq=False)
class Exists(Expr):
    """Some row of a relation satisfies `where`; the relation says what no row means."""

    relation: Relation
    where: Expr
    type = "bool"

    def __post_init__(self) -> None:
        _need(self.where, "bool", "exists(...)")
        facts = [n for n in walk(self.where) if isinstance(n, Fact)]
        strangers = [f.name for f in facts if f.relation != self.relation]
        nested = any(isinstance(n, Exists) for n in walk(self.where))
        if strangers or nested or not self.relation.many or not facts:
            message = (
                f"exists(...) over {self.relation.name} may name facts of that relation only"
                f" and at least one of them; found {strangers or 'no such fact'}"
            )
            raise RuleError(message)

    def children(self) -> tuple[Expr, ...]:
        return (self.where,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One named condition; `because` is the key of its sentence in texts.toml."""

    condition: Expr
    because: str

    def __post_init__(self) -> None:
        _need(self.condition, "bool", f"the rule {self.because!r}")


as_of = AsOf()


def year(day: Expr) -> Year:
    """Return the calendar year of a date."""
    return Year(lift(day))


def age(born: Expr) -> Age:
    """Return whole years of age on the as-of day."""
    return Age(lift(born))


def is_in(item: Expr, *values: Value) -> In:
    """Return whether the value is one of `values`."""
    return In(lift(item), values)


def exists(relation: Relation, where: Expr) -> Exists:
    """Return whether some row of the relation satisfies `where`."""
    return Exists(relation, where)


def walk(node: Expr) -> Iterator[Expr]:
    """Yield the node and everything below it."""
    yield node
    for child in node.children():
        yield from walk(child)


def facts_in(node: Expr) -> frozenset[Fact]:
    """Return every fact the tree names."""
    return frozenset(n for n in walk(node) if isinstance(n, Fact))
