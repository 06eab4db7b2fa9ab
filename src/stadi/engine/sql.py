"""Rules to SQL: one small common subset that PostgreSQL, DuckDB, Sail and Spark all read.

The as-of date and every parameter become literals; unknown is null all the way.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from stadi.kit import rule as r
from stadi.kit.errors import StadiError

OUTCOMES = ("no", "yes", "unknown", "stopped")
UNKNOWN_SHIFT = 16
MOST_RULES = 16


class CompileError(StadiError):
    """The rules cannot be written as SQL."""


def literal(value: r.Value) -> str:
    """Return a value as SQL text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"cast({value} as bigint)"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _part(name: str, day: str) -> str:
    return f"cast(extract({name} from {day}) as bigint)"


class _Writer:
    """Writes one service's rules; collects the relations that exists(...) looks into."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.looks: list[r.Exists] = []

    def write(self, node: r.Expr) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a node kind
        match node:
            case r.Const(value):
                return literal(value)
            case r.AsOf():
                return literal(self.as_of)
            case r.Param():
                return literal(node.at(self.as_of))
            case r.Fact():
                return node.column
            case r.Year(day):
                return _part("year", self.write(day))
            case r.Age(born):
                return self._age(self.write(born))
            case r.Sum(left, right, sign=sign):
                # PostgreSQL adds two 4-byte columns in 4 bytes; DuckDB's extract holds 8.
                first = f"cast({self.write(left)} as bigint)"
                return f"({first} {'+' if sign > 0 else '-'} {self.write(right)})"
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
            case r.Exists():
                self.looks.append(node)
                found = f"x{len(self.looks) - 1}.found"
                absent = "false" if node.relation.absence == "none" else "cast(null as boolean)"
                return (
                    f"(case when {found} = 2 then true when {found} = 1 then"
                    f" cast(null as boolean) else {absent} end)"
                )
        message = f"no SQL for {type(node).__name__}"
        raise CompileError(message)

    def _age(self, born: str) -> str:
        today = self.as_of.month * 100 + self.as_of.day
        turned = f"{_part('month', born)} * 100 + {_part('day', born)}"
        return (
            f"({literal(self.as_of.year)} - {_part('year', born)}"
            f" - case when {turned} > {today} then 1 else 0 end)"
        )


def relation_view(relation: r.Relation) -> str:
    """Return the name of the wall's view that holds a relation."""
    return relation.name if relation.many else "subject"


def by_view(facts: Iterable[r.Fact]) -> dict[str, list[r.Fact]]:
    """Return each view's facts; `subject` has one row a resident and comes first."""
    found: dict[str, list[r.Fact]] = {"subject": []}
    for fact in sorted(facts, key=lambda f: f.column):
        found.setdefault(relation_view(fact.relation), []).append(fact)
    return found


def compile_rules(
    rules: Sequence[r.Rule], *, schema: str, as_of: date, scope: Iterable[int] | None = None
) -> str:
    """Return the SQL that gives subject, outcome (0 no, 1 yes, 2 unknown, 3 stopped) and bits.

    Bit i is set where rule i is false, bit 16 + i where it is unknown. `scope` limits the
    subjects; None means everyone.
    """
    if len(rules) > MOST_RULES:
        message = f"a service may have {MOST_RULES} rules, not {len(rules)}: join some with &"
        raise CompileError(message)
    writer = _Writer(as_of)
    truths = [writer.write(rule.condition) for rule in rules]
    inside = {f for look in writer.looks for f in r.facts_in(look.where)}
    columns = sorted({f.column for rule in rules for f in r.facts_in(rule.condition) - inside})
    only = "" if scope is None else f" where subject in ({', '.join(map(str, scope))})"
    ctes = [
        "facts as (select subject as subject, basis as basis"
        + "".join(f", {c} as {c}" for c in columns)
        + f" from {schema}.subject{only})"
    ]
    joins = ""
    for i, look in enumerate(writer.looks):
        test = _Writer(as_of).write(look.where)
        ctes.append(
            f"x{i} as (select subject as subject, max(case when {test} then 2"
            f" when not {test} then 0 else 1 end) as found"
            f" from {schema}.{relation_view(look.relation)} group by subject)"
        )
        joins += f" left join x{i} on x{i}.subject = facts.subject"
    shown = "".join(
        f", case when {t} then 1 when not {t} then 0 else 2 end as r{i}"
        for i, t in enumerate(truths)
    )
    ctes.append(
        "truth as (select facts.subject as subject, facts.basis as basis"
        + shown
        + f" from facts{joins})"
    )
    return f"with {', '.join(ctes)} {_verdict(len(rules))}"


def _verdict(count: int) -> str:
    any_false = " or ".join(f"r{i} = 0" for i in range(count))
    all_true = " and ".join(f"r{i} = 1" for i in range(count))
    bits = " + ".join(
        f"case r{i} when 0 then {1 << i} when 2 then {1 << (UNKNOWN_SHIFT + i)} else 0 end"
        for i in range(count)
    )
    return (
        "select subject as subject, case when basis <> 'ok' then 3"
        f" when {any_false} then 0 when {all_true} then 1 else 2 end as outcome,"
        f" cast(case when basis <> 'ok' then 0 else {bits} end as bigint) as bits from truth"
    )
