"""The rule language: a small, typed, total, three-valued expression tree.

Python operators build the tree; testing its truth raises, so that `and`, `or` and `if`
cannot silently drop a clause. Write `&`, `|` and `~` instead. There is no "is missing".
Numbers carry units and stay where every engine counts exactly; `kit.words` has the verbs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NoReturn

from stadi.kit.errors import StadiError

if TYPE_CHECKING:
    from stadi.kit.text import Text

Value = bool | int | str | date
TYPES = {bool: "bool", int: "int", str: "text", date: "date"}
LARGEST_VALUE = 10**12  # a larger number in a register, or a larger total, is unknown
LARGEST_RESULT = 2**53  # what every engine counts exactly, also those that divide in floating point


class RuleError(StadiError):
    """The rule cannot be read: it says where and what to write instead."""


class Expr:
    """A node of the tree.

    `type` is one of bool, int, text, date; `unit` is what a number counts, "" for a plain one;
    `most` is how far from zero a number can be.
    """

    type: str
    unit: str = ""
    most: int = LARGEST_VALUE

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

    def __sub__(self, other: object) -> Sum | Days:
        right = lift(other)
        return Days(self, right) if self.type == "date" else Sum(self, right, sign=-1)

    def __mul__(self, other: object) -> Product:
        return Product(self, lift(other))

    def __floordiv__(self, other: object) -> Quotient:
        return Quotient(self, lift(other))

    def __truediv__(self, other: object) -> NoReturn:
        message = "a rule counts in whole numbers: write // and say which way it is rounded"
        raise RuleError(message)

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


def need(node: Expr, wanted: str, where: str) -> None:
    """Raise RuleError unless the node is of the wanted type."""
    if not isinstance(node, Expr):
        message = f"{where} needs {wanted}, not the plain value {node!r}"  # type: ignore[unreachable]
        raise RuleError(message)
    if node.type != wanted:
        message = f"{where} needs {wanted}, not {node.type}"
        raise RuleError(message)


def _one_unit(left: Expr, right: Expr, where: str) -> str:
    """Return the unit that both sides count in; a plain number fits any but money."""
    if left.unit and right.unit and left.unit != right.unit:
        message = f"{where} mixes {left.unit} with {right.unit}: bring both to one unit first"
        raise RuleError(message)
    unit = left.unit or right.unit
    for side in (left, right):
        if unit.startswith("cents") and isinstance(side, Const) and not side.unit and side.value:
            message = f"{where} sets {unit} beside the plain number {side.value}: write euros(...)"
            raise RuleError(message)
    return unit


def _settle(node: Expr, unit: str, most: int, where: str) -> None:
    """Write what a number counts and how large it can be; too large for some engine is refused."""
    if most > LARGEST_RESULT:
        message = (
            f"{where} can grow beyond {LARGEST_RESULT}, which not every engine counts exactly:"
            " divide first, or count in a larger unit"
        )
        raise RuleError(message)
    object.__setattr__(node, "unit", unit)
    object.__setattr__(node, "most", most)


@dataclass(frozen=True, eq=False)
class Const(Expr):
    """A value written in the rule."""

    value: Value
    unit: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", TYPES[type(self.value)])
        if self.type == "int":
            size = abs(int(self.value))  # type: ignore[arg-type]
            _settle(self, self.unit, size, f"the number {self.value}")


@dataclass(frozen=True, eq=False)
class AsOf(Expr):
    """The day the rule is asked about."""

    type = "date"


@dataclass(frozen=True, eq=False)
class Shifted(Expr):
    """The as-of day moved by whole months, then by days; the 31st falls back to a month's last."""

    months: int
    days: int
    type = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A parameter's value from a day on, until the next or until a day, with its legal source."""

    since: date
    value: int
    law: str
    until: date | None = None


@dataclass(frozen=True, eq=False)
class Param(Expr):
    """A dated number set by law or by decision."""

    name: str
    values: tuple[Dated, ...]
    unit: str = ""
    type = "int"

    def __post_init__(self) -> None:
        where = f"the parameter {self.name}"
        if not self.values:
            message = f"{where} has no value: give at least one, dated, with its law"
            raise RuleError(message)
        for value in self.values:
            if not value.law.strip():
                message = f"{where} names no law for its value since {value.since}"
                raise RuleError(message)
            if value.until is not None and value.until <= value.since:
                message = f"{where}: the value since {value.since} ends before it begins"
                raise RuleError(message)
        for one, later in zip(self.values, self.values[1:], strict=False):
            if later.since <= one.since or (one.until is not None and one.until > later.since):
                message = f"{where} has two values on {later.since}: order them, end one before"
                raise RuleError(message)
        _settle(self, self.unit, max(abs(v.value) for v in self.values), where)

    def at(self, day: date) -> int:
        """Return the value in force on `day`; a gap is an error, never a guess."""
        in_force = [v for v in self.values if v.since <= day]
        if not in_force or (in_force[-1].until is not None and in_force[-1].until <= day):
            message = f"the parameter {self.name} has no value on {day}: add one with its law"
            raise RuleError(message)
        return in_force[-1].value


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table of facts: one row a subject, or `many`; `absence` says what no row means.

    absence "none": the register is complete, no row is a no. "missing": no row is unknown.
    `member` names the column that holds another resident, whose facts may be reached through it;
    `rows_of` is a relation of that resident's rows. `history`: every row that is known, whenever
    it is true; else the rows true on the as-of day.
    """

    name: str
    table: str
    key: str = "subject"
    many: bool = False
    absence: str = "missing"
    member: str = ""
    rows_of: Relation | None = None
    history: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Fact(Expr):
    """A register fact that a rule may name; its owner is the room that declares it.

    `through` is the fact of another resident that this one shows, reached by the relation's
    member. A `lasting` fact, such as a birth date, never changes in a life. `provenance` says
    whether a register holds it or a model learned it, by which no service may go.
    """

    name: str
    relation: Relation
    column: str
    type: str
    label: Text
    unit: str = ""
    category: str = "ordinary"
    polarity: str = "help"
    provenance: str = "register"
    through: Fact | None = None
    lasting: bool = False

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Year(Expr):
    """The calendar year of a date."""

    day: Expr
    type = "int"

    def __post_init__(self) -> None:
        need(self.day, "date", "year(...)")
        _settle(self, "", 9999, "year(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.day,)


@dataclass(frozen=True, eq=False)
class Age(Expr):
    """Whole years from a birth date to the as-of day; 29 February counts from 1 March."""

    born: Expr
    type = "int"

    def __post_init__(self) -> None:
        need(self.born, "date", "age(...)")
        _settle(self, "years", 9999, "age(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.born,)


@dataclass(frozen=True, eq=False)
class Days(Expr):
    """Days from one date to a later one; below zero where it is earlier."""

    later: Expr
    earlier: Expr
    type = "int"

    def __post_init__(self) -> None:
        need(self.later, "date", "date - date")
        need(self.earlier, "date", "date - date")
        _settle(self, "days", 9999 * 366, "date - date")

    def children(self) -> tuple[Expr, ...]:
        return (self.later, self.earlier)


@dataclass(frozen=True, eq=False)
class Sum(Expr):
    """left + sign * right, of whole numbers in one unit."""

    left: Expr
    right: Expr
    sign: int
    type = "int"

    def __post_init__(self) -> None:
        need(self.left, "int", "+ and -")
        need(self.right, "int", "+ and -")
        unit = _one_unit(self.left, self.right, "+ or -")
        _settle(self, unit, self.left.most + self.right.most, "a sum")

    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False)
class Product(Expr):
    """left * right; at most one side has a unit, or one counts what the other is given per."""

    left: Expr
    right: Expr
    type = "int"

    def __post_init__(self) -> None:
        need(self.left, "int", "*")
        need(self.right, "int", "*")
        _settle(self, self._unit(), self.left.most * self.right.most, "a product")

    def _unit(self) -> str:
        one, other = self.left.unit, self.right.unit
        for rate, counted in ((one, other), (other, one)):
            if counted and rate.endswith(f"/{counted}"):
                return rate.removesuffix(f"/{counted}")
        if one and other:
            message = f"* of {one} and {other} counts nothing we know: drop a unit"
            raise RuleError(message)
        return one or other

    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False)
class Quotient(Expr):
    """left // right, rounded down; by zero it is unknown."""

    left: Expr
    right: Expr
    type = "int"

    def __post_init__(self) -> None:
        need(self.left, "int", "//")
        need(self.right, "int", "//")
        one, other = self.left.unit, self.right.unit
        unit = "" if one == other else f"{one}/{other}" if other else one
        _settle(self, unit, self.left.most + 1, "a quotient")

    def children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, eq=False)
class Choose(Expr):
    """`then` where the condition holds, else `otherwise`; unknown where the condition is."""

    condition: Expr
    then: Expr
    otherwise: Expr

    def __post_init__(self) -> None:
        need(self.condition, "bool", "choose(...)")
        need(self.otherwise, self.then.type, "the last part of choose(...)")
        object.__setattr__(self, "type", self.then.type)
        unit = _one_unit(self.then, self.otherwise, "choose(...)")
        _settle(self, unit, max(self.then.most, self.otherwise.most), "choose(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.condition, self.then, self.otherwise)


@dataclass(frozen=True, eq=False)
class Compare(Expr):
    """left op right; unknown when either side is."""

    op: str
    left: Expr
    right: Expr
    type = "bool"

    def __post_init__(self) -> None:
        need(self.right, self.left.type, f"{self.op} after a {self.left.type}")
        _one_unit(self.left, self.right, self.op)

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
            need(lift(value), self.item.type, "is_in(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True, eq=False)
class All(Expr):
    """Every part holds; one false part settles it, whatever is unknown."""

    items: tuple[Expr, ...]
    type = "bool"

    def __post_init__(self) -> None:
        for item in self.items:
            need(item, "bool", "&")

    def children(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True, eq=False)
class Some(Expr):
    """At least one part holds; one true part settles it, whatever is unknown."""

    items: tuple[Expr, ...]
    type = "bool"

    def __post_init__(self) -> None:
        for item in self.items:
            need(item, "bool", "|")

    def children(self) -> tuple[Expr, ...]:
        return self.items


@dataclass(frozen=True, eq=False)
class Not(Expr):
    """The contrary; not unknown is unknown."""

    item: Expr
    type = "bool"

    def __post_init__(self) -> None:
        need(self.item, "bool", "~")

    def children(self) -> tuple[Expr, ...]:
        return (self.item,)


@dataclass(frozen=True, eq=False)
class Over(Expr):
    """Something said of a subject's rows of one relation: those where `where` holds.

    `how` is exists, count, sum, min or max; the last three are of `value`. A row of which `where`
    or the value is unknown makes all but exists unknown; exists waits for another row that
    settles it. min and max of no row are unknown.
    """

    how: str
    relation: Relation
    where: Expr
    value: Expr | None = field(default=None)

    def __post_init__(self) -> None:
        need(self.where, "bool", f"{self.how}(...)")
        named = [n for part in self.children() for n in walk(part)]
        facts = [n for n in named if isinstance(n, Fact)]
        strangers = [f.name for f in facts if f.relation != self.relation]
        nested = any(isinstance(n, Over) for n in named)
        if strangers or nested or not self.relation.many or not facts:
            message = (
                f"{self.how}(...) over {self.relation.name} may name facts of that relation only"
                f" and at least one of them; found {strangers or 'no such fact'}"
            )
            raise RuleError(message)
        if self.how != "exists" and self.relation.absence == "missing":
            message = (
                f"{self.how}(...) over {self.relation.name} is never known, since rows may be"
                " missing from it: ask exists(...), or declare the register complete"
            )
            raise RuleError(message)
        self._settle()

    def _settle(self) -> None:
        if self.how == "exists":
            object.__setattr__(self, "type", "bool")
            return
        wanted = self.value.type if self.value is not None else "int"
        if self.how == "sum":
            need(self.value, "int", "total(...)")  # type: ignore[arg-type]
        elif wanted not in ("int", "date"):
            message = f"{self.how}(...) needs a number or a date, not {wanted}"
            raise RuleError(message)
        counting = self.how == "count"
        object.__setattr__(self, "type", "int" if counting else wanted)
        unit = "" if counting or self.value is None else self.value.unit
        _settle(self, unit, LARGEST_VALUE, f"{self.how}(...)")

    def children(self) -> tuple[Expr, ...]:
        return (self.where,) if self.value is None else (self.where, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One named condition; `because` is the key of its sentence in texts.toml."""

    condition: Expr
    because: str

    def __post_init__(self) -> None:
        need(self.condition, "bool", f"the rule {self.because!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A named quantity that a service yields: integer cents, a count or a date."""

    name: str
    value: Expr

    def __post_init__(self) -> None:
        if self.value.type not in ("int", "date"):
            message = f"the amount {self.name!r} must be a number or a date, not {self.value.type}"
            raise RuleError(message)


def walk(node: Expr) -> list[Expr]:
    """Return the node and everything below it."""
    return [node, *(n for child in node.children() for n in walk(child))]


def reads_relatives(node: Expr) -> bool:
    """Return whether a tree reads rows of a relation whose members are other residents."""
    return any(fact.relation.member for fact in facts_in(node))


def facts_in(node: Expr) -> frozenset[Fact]:
    """Return every fact the tree names."""
    return frozenset(n for n in walk(node) if isinstance(n, Fact))
