"""OpenFisca's country template, its seven variables of 2027, said in our rule language.

Money is whole cents. The formulas and figures are those of version 8.2, file by file; its
pension is one euro, since the template gives back the truth of a comparison.
"""

from datetime import date

from stadi.kit.rule import Amount, Const, Dated, Expr, Fact, Over, Param, Relation
from stadi.kit.text import Text
from stadi.kit.words import age, at_least, choose, count, counted, euros, exists, is_in, total

SELF = Relation(name="self", table="persons")
HOME = Relation(name="home", table="households")
MEMBER = Relation(name="member", table="persons", many=True, absence="none")
LABEL = Text(fi="-", sv="-", en="-")
HERE = "openfisca_country_template/parameters"


def fact(relation: Relation, column: str, kind: str, unit: str = "") -> Fact:
    """Return a column of the bench's tables as a fact."""
    name = f"{relation.name}.{column}"
    return Fact(name=name, relation=relation, column=column, type=kind, label=LABEL, unit=unit)


def param(name: str, since: str, value: int, *, unit: str = "", where: str) -> Param:
    """Return a parameter with the file of the template that sets it as its law."""
    dated = Dated(since=date.fromisoformat(since), value=value, law=f"{HERE}/{where}.yaml")
    return Param(name, (dated,), unit)


MAJORITY = param("majority", "1971-01-01", 18, unit="years", where="general/age_of_majority")
RETIREMENT = param("retirement", "2017-01-01", 62, unit="years", where="general/age_of_retirement")
BASIC_INCOME = param(
    "basic_income", "2015-12-01", 600_00, unit="cents", where="benefits/basic_income"
)
PARENTING = "benefits/parenting_allowance"
ALLOWANCE = param("allowance", "2015-12-01", 600_00, unit="cents", where=f"{PARENTING}/amount")
LOW_INCOME = param(
    "low_income", "2015-12-01", 500_00, unit="cents", where=f"{PARENTING}/income_threshold"
)
INCOME_TAX = param("income_tax", "2015-01-01", 15, where="taxes/income_tax_rate")  # per cent
PER_METRE = param("per_metre", "2010-01-01", 10_00, unit="cents/m2", where="taxes/housing_tax")
LEAST = param("least", "2010-01-01", 200_00, unit="cents", where="taxes/housing_tax")
SCALE = "taxes/social_security_contribution"
# Where a bracket begins, and by how many per cent more is paid from there on.
BRACKETS = tuple(
    (
        param(f"from_{i}", "2017-01-01", begins, unit="cents", where=SCALE),
        param(f"more_{i}", "2017-01-01", more, where=SCALE),
    )
    for i, (begins, more) in enumerate(((0, 2), (6_000_00, 4), (12_400_00, 6)))
)
HUNDRED = Const(100)


class Earner:
    """What the template says of one person, whichever relation the person is read through."""

    def __init__(self, relation: Relation) -> None:
        self.born = fact(relation, "birth", "date")
        self.salary = fact(relation, "salary", "int", "cents")
        self.returns = fact(relation, "capital_returns", "int", "cents")
        self.adult = age(self.born) >= MAJORITY

    def pension(self) -> Expr:
        """Return the pension: one euro from the age of retirement on."""
        return choose(age(self.born) >= RETIREMENT, euros(1), euros(0))

    def income_tax(self) -> Expr:
        """Return the tax on everything earned."""
        return (self.salary + self.returns + self.pension()) * INCOME_TAX // HUNDRED

    def contribution(self) -> Expr:
        """Return the social security contribution, by brackets of the salary."""
        (_, first), *higher = BRACKETS
        owed: Expr = self.salary * first
        for begins, more in higher:
            owed = owed + at_least(self.salary - begins, euros(0)) * more
        return owed // HUNDRED


ONE, EACH = Earner(SELF), Earner(MEMBER)
SIZE, STATUS = fact(HOME, "accommodation_size", "int", "m2"), fact(HOME, "status", "text")
ROLE = fact(MEMBER, "role", "text")


def housing_tax() -> Expr:
    """Return the year's tax of a home that is owned or rented."""
    return choose(is_in(STATUS, "owner", "tenant"), at_least(SIZE * PER_METRE, LEAST), euros(0))


def parenting_allowance() -> Expr:
    """Return the allowance of a home of little income with a small child."""
    single = count(EACH.born, ROLE == "adult") == 1
    young = single & exists(MEMBER, age(EACH.born) < 8) | exists(MEMBER, age(EACH.born) < 6)
    return choose((total(EACH.salary) <= LOW_INCOME) & young, ALLOWANCE, euros(0))


def members(value: Expr) -> Over:
    """Return the sum of a value over the members of a household."""
    return Over("sum", MEMBER, Const(value=True), value)


def total_taxes() -> Expr:
    """Return a month's taxes of a home, a twelfth of the year's rounded to the nearest cent."""
    monthly = (housing_tax() * Const(2) + counted(12, "cents")) // Const(24)
    return members(EACH.income_tax() + EACH.contribution()) + monthly


OF_PERSONS = (
    Amount(name="basic_income", value=choose(ONE.adult, BASIC_INCOME, euros(0))),
    Amount(name="pension", value=ONE.pension()),
    Amount(name="income_tax", value=ONE.income_tax()),
)
OF_HOUSEHOLDS = (
    Amount(name="parenting_allowance", value=parenting_allowance()),
    Amount(name="total_benefits", value=members(choose(EACH.adult, BASIC_INCOME, euros(0)))),
    Amount(name="total_taxes", value=total_taxes()),
    Amount(name="housing_tax", value=housing_tax()),
)
