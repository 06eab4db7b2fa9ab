"""The verbs of the rule language: what a service writes between its facts."""

from decimal import Decimal

from stadi.kit.rule import (
    Age,
    AsOf,
    Choose,
    Const,
    Expr,
    Fact,
    In,
    Over,
    Relation,
    RuleError,
    Shifted,
    Value,
    Year,
    lift,
)

as_of = AsOf()


def year(day: Expr) -> Year:
    """Return the calendar year of a date."""
    return Year(lift(day))


def age(born: Expr) -> Age:
    """Return whole years of age on the as-of day."""
    return Age(lift(born))


def ago(*, years: int = 0, months: int = 0, days: int = 0) -> Shifted:
    """Return the day that lies this far before the as-of day."""
    return Shifted(-12 * years - months, -days)


def ahead(*, years: int = 0, months: int = 0, days: int = 0) -> Shifted:
    """Return the day that lies this far after the as-of day."""
    return Shifted(12 * years + months, days)


def euros(amount: int | str) -> Const:
    """Return money as integer cents; "12.50" is 1250, and a part of a cent is refused."""
    cents = Decimal(amount) * 100
    if cents != int(cents):
        message = f"euros({amount!r}) holds a part of a cent"
        raise RuleError(message)
    return Const(int(cents), "cents")


def counted(number: int, unit: str) -> Const:
    """Return a number with its unit; a yearly sum over twelve of unit month is one a month."""
    return Const(number, unit)


def is_in(item: Expr, *values: Value) -> In:
    """Return whether the value is one of `values`."""
    return In(lift(item), values)


def choose(condition: Expr, then: object, otherwise: object) -> Choose:
    """Return `then` where the condition holds, else `otherwise`."""
    return Choose(condition, lift(then), lift(otherwise))


def at_most(value: Expr, bound: object) -> Choose:
    """Return the smaller of the two."""
    return Choose(value < lift(bound), value, lift(bound))


def at_least(value: Expr, bound: object) -> Choose:
    """Return the larger of the two."""
    return Choose(value > lift(bound), value, lift(bound))


def exists(relation: Relation, where: Expr) -> Over:
    """Return whether some row of the relation satisfies `where`."""
    return Over("exists", relation, where)


def count(of: Fact, where: Expr | None = None) -> Over:
    """Return in how many rows `of` stands and `where` holds."""
    return _over("count", of, where)


def total(of: Fact, where: Expr | None = None) -> Over:
    """Return the sum of `of` over the rows where `where` holds; 0 where there is none."""
    return _over("sum", of, where)


def smallest(of: Fact, where: Expr | None = None) -> Over:
    """Return the smallest or earliest `of`; unknown where there is no row."""
    return _over("min", of, where)


def largest(of: Fact, where: Expr | None = None) -> Over:
    """Return the largest or latest `of`; unknown where there is no row."""
    return _over("max", of, where)


def _over(how: str, of: Fact, where: Expr | None) -> Over:
    return Over(how, of.relation, Const(value=True) if where is None else where, of)
