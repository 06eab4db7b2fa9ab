"""Numbers carry units, cannot overflow, and money is whole cents."""

from collections.abc import Callable
from datetime import date

import pytest

from rule_worlds import CHILD, OWN, TRIP, fact
from stadi.kit import rule as r
from stadi.kit import words as w

NUMBER = fact(OWN, "int")
MONEY = r.Fact(
    name="test.pay", relation=OWN, column="pay", type="int", label=NUMBER.label, unit="cents"
)
SINCE = date(2020, 1, 1)


def limit(*values: r.Dated) -> r.Param:
    return r.Param("limit", values)


def dated(
    value: int = 1, since: date = SINCE, law: str = "an act", until: date | None = None
) -> r.Dated:
    return r.Dated(since=since, value=value, law=law, until=until)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: MONEY < 1_000, r"write euros\(\.\.\.\)"),
        (lambda: MONEY + w.age(fact(OWN, "date")), "mixes cents with years"),
        (lambda: w.counted(1, "cents/month") == MONEY, "mixes"),
        (lambda: MONEY * MONEY, "counts nothing we know"),
        (lambda: NUMBER * NUMBER, "can grow beyond"),
        (lambda: r.lift(2**53 + 1), "can grow beyond"),
        (lambda: NUMBER / 2, "write //"),
        (lambda: w.euros("0.005"), "part of a cent"),
        (lambda: w.choose(NUMBER == 1, NUMBER, "a"), r"choose\(\.\.\.\) needs int, not text"),
        (lambda: w.total(fact(CHILD, "text")), "needs int, not text"),
        (lambda: w.largest(fact(CHILD, "text")), "a number or a date"),
        (lambda: w.count(fact(TRIP, "int")), r"ask exists\(\.\.\.\)"),
        (lambda: w.total(fact(CHILD, "int"), NUMBER == 1), "facts of that relation only"),
        (limit, "has no value"),
        (lambda: limit(dated(law=" ")), "names no law"),
        (lambda: limit(dated(until=SINCE)), "ends before it begins"),
        (lambda: limit(dated(), dated(2)), "two values on 2020-01-01"),
        (
            lambda: limit(dated(until=date(2022, 1, 1)), dated(2, date(2021, 1, 1))),
            "two values on 2021-01-01",
        ),
        (lambda: r.Amount(name="it", value=fact(OWN, "text")), "must be a number or a date"),
    ],
)
def test_what_does_not_count_is_refused_and_told(make: Callable[[], object], says: str) -> None:
    with pytest.raises(r.RuleError, match=says):
        make()


def test_a_parameter_has_no_value_in_a_gap() -> None:
    gap = limit(dated(until=date(2021, 1, 1)), dated(2, date(2022, 1, 1)))
    assert gap.at(date(2020, 12, 31)) == 1
    assert gap.at(date(2022, 1, 1)) == 2
    for day in (date(2019, 12, 31), date(2021, 1, 1), date(2021, 12, 31)):
        with pytest.raises(r.RuleError, match="add one with its law"):
            gap.at(day)


def test_units_follow_the_arithmetic() -> None:
    yearly = w.total(
        r.Fact(
            name="test.month_pay",
            relation=CHILD,
            column="pay",
            type="int",
            label=NUMBER.label,
            unit="cents",
        )
    )
    monthly = yearly // w.counted(12, "month")
    assert (yearly.unit, monthly.unit) == ("cents", "cents/month")
    assert (monthly * w.counted(12, "month")).unit == "cents"
    assert (MONEY * 70 // 100).unit == "cents"
    assert (MONEY // MONEY).unit == ""
    assert (fact(OWN, "date") - w.as_of).unit == "days"
    assert w.euros("12.50").value == 1250
