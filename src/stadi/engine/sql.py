"""Rules to SQL: one small common subset that PostgreSQL, DuckDB, Sail and Spark all read.

The as-of date and every parameter become literals; unknown is null all the way. Numbers are
bigint and stay within what `kit.rule` allows, so that no engine overflows or rounds.
"""

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from stadi.kit import rule as r
from stadi.kit.errors import StadiError

OUTCOMES = ("no", "yes", "unknown", "stopped")
UNKNOWN_SHIFT = 16
MOST_RULES = 16
LONGEST = 200_000  # characters; nested divisions repeat their parts
UNKNOWN = "cast(null as boolean)"
# Inside quotes Spark reads a backslash and ${...} otherwise than the rest, older ones also ''.
ODD = {"'": "chr(39)", "\\": "chr(92)", "$": "chr(36)"}
LIMITS = f"between {-r.LARGEST_VALUE} and {r.LARGEST_VALUE}"


class CompileError(StadiError):
    """The rules cannot be written as SQL."""


def shift(as_of: date, node: r.Shifted) -> date:
    """Return the as-of day moved by months, then days; past a month's end is its last day."""
    month = as_of.year * 12 + as_of.month - 1 + node.months
    try:
        last = calendar.monthrange(month // 12, month % 12 + 1)[1]
        moved = date(month // 12, month % 12 + 1, min(as_of.day, last))
        return date.fromordinal(moved.toordinal() + node.days)
    except (ValueError, OverflowError, calendar.IllegalMonthError) as error:
        message = f"{node.months} months and {node.days} days from {as_of} is no day we can write"
        raise r.RuleError(message) from error


def literal(value: r.Value) -> str:
    """Return a value as SQL text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"cast({value} as bigint)"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    parts = [part for part in re.split(r"(['\\$])", value) if part] or [""]
    shown = [ODD.get(part, f"'{part}'") for part in parts]
    return shown[0] if len(shown) == 1 else f"({' || '.join(shown)})"


def _part(name: str, day: str) -> str:
    return f"cast(extract({name} from {day}) as bigint)"


def _floor(above: str, below: str) -> str:
    """Return an exact division rounded down; the engines differ in what / means of whole numbers.

    Once the rest is taken off, nothing is left to round, also where / is in floating point.
    """
    rest = f"((({above}) % {below} + {below}) % {below})"
    return f"cast((({above}) - {rest}) / {below} as bigint)"


def _day_number(day: str) -> str:
    """Return the days since a fixed day long ago, from year, month and day alone.

    Years begin in March, so that the leap day is the last; every number here is positive.
    """
    month = _part("month", day)
    years = f"({_part('year', day)} - case when {month} <= 2 then 1 else 0 end)"
    months = f"(({month} + 9) % 12)"
    leaps = f"{_floor(years, '4')} - {_floor(years, '100')} + {_floor(years, '400')}"
    return f"({years} * 365 + {leaps} + {_floor(f'{months} * 153 + 2', '5')} + {_part('day', day)})"


class _Writer:
    """Writes one service's rules; collects the questions about rows of relations."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.looks: list[r.Over] = []
        self.relations: dict[r.Relation, str] = {}

    def write(self, node: r.Expr) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a node kind
        match node:
            case r.Const(value):
                return literal(value)
            case r.AsOf():
                return literal(self.as_of)
            case r.Shifted():
                return literal(shift(self.as_of, node))
            case r.Param():
                return literal(node.at(self.as_of))
            case r.Fact():
                return node.column
            case r.Year(day):
                return _part("year", self.write(day))
            case r.Age(born):
                return self._age(self.write(born))
            case r.Days(later, earlier):
                return f"({_day_number(self.write(later))} - {_day_number(self.write(earlier))})"
            case r.Sum(left, right, sign=sign):
                return f"({self.write(left)} {'+' if sign > 0 else '-'} {self.write(right)})"
            case r.Product(left, right):
                return f"({self.write(left)} * {self.write(right)})"
            case r.Quotient(left, right):
                return _floor(self.write(left), f"nullif({self.write(right)}, 0)")
            case r.Choose(condition, then, otherwise):
                truth = self.write(condition)
                return (
                    f"(case when {truth} then {self.write(then)}"
                    f" when not {truth} then {self.write(otherwise)} end)"
                )
            case r.Compare(op, left, right):
                return f"({self.write(left)} {op} {self.write(right)})"
            case r.In(item, values):
                return f"({self.write(item)} in ({', '.join(literal(v) for v in values)}))"
            case r.All(items):
                return "(" + " and ".join(self.write(i) for i in items) + ")"
            case r.Some(items):
                return "(" + " or ".join(self.write(i) for i in items) + ")"
            case r.Not(item):
                return f"(not {self.write(item)})"
            case r.Over():
                self.looks.append(node)
                look = self.relations.setdefault(node.relation, f"x{len(self.relations)}")
                return _found(node, f"{look}.{{}}{len(self.looks) - 1}")
        message = f"no SQL for {type(node).__name__}"
        raise CompileError(message)

    def _age(self, born: str) -> str:
        today = self.as_of.month * 100 + self.as_of.day
        turned = f"{_part('month', born)} * 100 + {_part('day', born)}"
        return (
            f"({literal(self.as_of.year)} - {_part('year', born)}"
            f" - case when {turned} > {today} then 1 else 0 end)"
        )


def _found(node: r.Over, column: str) -> str:
    """Return what a question found, for a subject that may have no row in the relation."""
    found, doubt = column.format("found"), column.format("doubt")
    if node.how == "exists":
        absent = "false" if node.relation.absence == "none" else UNKNOWN
        return (
            f"(case when {found} = 2 then true when {found} = 1 then {UNKNOWN} else {absent} end)"
        )
    if node.how in ("min", "max"):
        return f"(case when {doubt} = 0 then {found} end)"
    return f"(case when {doubt} = 1 then null when {found} is null then 0 else {found} end)"


def relation_view(relation: r.Relation) -> str:
    """Return the name of the wall's view that holds a relation."""
    return relation.name if relation.many else "subject"


def place(schema: str, view: str) -> str:
    """Return where a view lies: in a schema, or, with "", among what only this session sees."""
    return f"{schema}.{view}" if schema else f"extract_of_{view}"


def by_view(facts: Iterable[r.Fact]) -> dict[str, list[r.Fact]]:
    """Return each view's facts; `subject` has one row a resident and comes first."""
    found: dict[str, list[r.Fact]] = {"subject": []}
    for fact in sorted(facts, key=lambda f: f.column):
        found.setdefault(relation_view(fact.relation), []).append(fact)
    return found


def _columns(facts: Iterable[r.Fact]) -> str:
    """Return columns in which a number is bigint, and unknown where it is too large to trust."""
    shown = ""
    for fact in sorted(facts, key=lambda f: f.column):
        name = fact.column
        kept = f"cast(case when {name} {LIMITS} then {name} end as bigint)"
        shown += f", {kept if fact.type == 'int' else name} as {name}"
    return shown


def _look(nodes: Mapping[int, r.Over], name: str, schema: str, as_of: date) -> str:
    """Return the CTE that asks a relation once: one row for each subject that has any."""
    first, *_ = nodes.values()
    inside = {f for node in nodes.values() for part in node.children() for f in r.facts_in(part)}
    view = place(schema, relation_view(first.relation))
    rows = f"(select subject as subject{_columns(inside)} from {view}) rows_of_{name}"
    asked = "".join(f", {_asked(node, i, _Writer(as_of))}" for i, node in nodes.items())
    sums = f"(select subject as subject{asked} from {rows} group by subject) sums_of_{name}"
    trusted = "".join(f", {_trusted(node, i)}" for i, node in nodes.items())
    return f"{name} as (select subject as subject{trusted} from {sums})"


def _asked(node: r.Over, i: int, writer: _Writer) -> str:
    """Return the aggregates that answer a question about the rows of one subject."""
    test = writer.write(node.where)
    if node.how == "exists":
        return f"max(case when {test} then 2 when not {test} then 0 else 1 end) as found{i}"
    value = writer.write(node.value) if node.value is not None else "1"
    blank = f"{test} and ({value}) is null"
    doubt = f"max(case when {blank} then 1 when {test} then 0 when not {test} then 0 else 1 end)"
    held = f"case when {test} then {'1' if node.how == 'count' else value} end"
    how = "sum" if node.how == "count" else node.how
    return f"{doubt} as doubt{i}, {how}({held}) as found{i}"


def _trusted(node: r.Over, i: int) -> str:
    """Return the answer's columns; a total too large to trust is in doubt, like a value."""
    if node.how == "exists":
        return f"found{i} as found{i}"
    if node.type == "date":
        return f"doubt{i} as doubt{i}, found{i} as found{i}"
    fits = f"found{i} {LIMITS}"
    return (
        f"case when found{i} is null or {fits} then doubt{i} else 1 end as doubt{i},"
        f" cast(case when {fits} then found{i} end as bigint) as found{i}"
    )


def compile_rules(
    rules: Sequence[r.Rule],
    *,
    schema: str,
    as_of: date,
    scope: Iterable[int] | None = None,
    amounts: Sequence[r.Amount] = (),
) -> str:
    """Return the SQL that gives subject, outcome (0 no, 1 yes, 2 unknown, 3 stopped) and bits.

    Bit i is set where rule i is false, bit 16 + i where it is unknown; the amounts follow as
    columns a0, a1 ..., null where unknown or stopped. `scope` limits the subjects; None means
    everyone.
    """
    if len(rules) > MOST_RULES:
        message = f"a service may have {MOST_RULES} rules, not {len(rules)}: join some with &"
        raise CompileError(message)
    writer = _Writer(as_of)
    truths = [writer.write(rule.condition) for rule in rules]
    worth = [writer.write(amount.value) for amount in amounts]
    roots = [rule.condition for rule in rules] + [amount.value for amount in amounts]
    own = {f for root in roots for f in r.facts_in(root) if not f.relation.many}
    only = "" if scope is None else f" where subject in ({', '.join(map(str, scope))})"
    subjects = place(schema, "subject")
    facts = f"select subject as subject, basis as basis{_columns(own)} from {subjects}{only}"
    looks = [
        _look({i: n for i, n in enumerate(writer.looks) if n.relation == one}, name, schema, as_of)
        for one, name in writer.relations.items()
    ]
    names = writer.relations.values()
    joins = "".join(f" left join {name} on {name}.subject = facts.subject" for name in names)
    shown = "".join(
        f", case when {t} then 1 when not {t} then 0 else 2 end as r{i}"
        for i, t in enumerate(truths)
    ) + "".join(f", {w} as a{i}" for i, w in enumerate(worth))
    truth = f"select facts.subject as subject, facts.basis as basis{shown} from facts{joins}"
    ctes = [f"facts as ({facts})", *looks, f"truth as ({truth})"]
    text = f"with {', '.join(ctes)} {_verdict(len(rules), amounts)}"
    if len(text) > LONGEST:
        message = f"the rules come to {len(text)} characters of SQL: nest fewer divisions"
        raise CompileError(message)
    return text


def _verdict(count: int, amounts: Sequence[r.Amount]) -> str:
    any_false = " or ".join(f"r{i} = 0" for i in range(count)) or "false"
    all_true = " and ".join(f"r{i} = 1" for i in range(count)) or "true"
    bits = " + ".join(
        f"case r{i} when 0 then {1 << i} when 2 then {1 << (UNKNOWN_SHIFT + i)} else 0 end"
        for i in range(count)
    )
    kinds = {"int": "bigint", "date": "date"}
    shown = "".join(
        f", cast(case when basis = 'ok' then a{i} end as {kinds[amount.value.type]}) as a{i}"
        for i, amount in enumerate(amounts)
    )
    return (
        "select subject as subject, case when basis <> 'ok' then 3"
        f" when {any_false} then 0 when {all_true} then 1 else 2 end as outcome,"
        f" cast(case when basis <> 'ok' then 0 else {bits or '0'} end as bigint) as bits{shown}"
        " from truth"
    )
