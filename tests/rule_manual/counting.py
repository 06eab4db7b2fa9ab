"""Chapters on what is counted: numbers, rows, parameters and amounts."""

from datetime import date

from rule_spec import Chapter, Entry, Refusal, case

TOO_LARGE = 10**12 + 1


def day(text: str) -> date:
    return date.fromisoformat(text)


NUMBERS = Chapter(
    title="Numbers, units and money",
    says=(
        "Numbers are whole, and most carry a unit. Money is whole cents. What could grow beyond"
        " what every engine counts exactly is refused when it is written, and a register's number"
        " too large to trust is unknown."
    ),
    entries=(
        Entry(
            heading="Sum and difference",
            says="`+` and `-` need one unit on both sides.",
            code='savings + euros("0.50") - euros(1)',
            cases=(case(99_950, savings=100_000), case(-50, savings=0), case(None)),
        ),
        Entry(
            heading="Product",
            says="`*` multiplies; a rate times what it is per loses the per.",
            code='rent * counted(12, "month")',
            cases=(case(1_200_000, rent=100_000), case(0, rent=0), case(None)),
        ),
        Entry(
            heading="Quotient",
            says="`//` divides and rounds down, also below zero.",
            code="(savings - euros(1)) // 3",
            cases=(case(33, savings=200), case(-1, savings=99), case(-34, savings=0), case(None)),
        ),
        Entry(
            heading="Dividing by zero",
            says="Nobody knows what that is.",
            code="rooms // dwellers",
            cases=(
                case(2, rooms=5, dwellers=2),
                case(None, rooms=5, dwellers=0),
                case(None, rooms=5),
            ),
        ),
        Entry(
            heading="Per",
            says="A sum divided by counted months is one per month, and compares with such.",
            code='rent > savings // counted(12, "month")',
            cases=(
                case("yes", rent=100_001, savings=1_200_000),
                case("no", rent=100_000, savings=1_200_000),
                case("unknown", rent=100_000),
            ),
        ),
        Entry(
            heading="Per cent",
            says="Multiply first, then divide.",
            code="savings * 70 // 100",
            cases=(case(700, savings=1_000), case(0, savings=1), case(None)),
        ),
        Entry(
            heading="Too large to trust",
            says="A number in a register beyond a million millions is unknown.",
            code="savings > 0",
            cases=(
                case("yes", savings=TOO_LARGE - 1),
                case("unknown", savings=TOO_LARGE),
                case("unknown", savings=-TOO_LARGE),
            ),
        ),
    ),
)

ROWS = Chapter(
    title="Many rows",
    says=(
        "Some relations hold many rows of one person: incomes, months, members of a household."
        " What no row means is said where the relation is declared, once, by who knows the"
        ' register. Where it is complete (`absence="none"`), no row means no; else no row is'
        " unknown. Inside a question, the facts are those of one row."
    ),
    entries=(
        Entry(
            heading="Some row, in a complete register",
            says="`exists` holds where at least one row fits.",
            code="exists(PLACEMENT, placement_term == year(as_of))",
            cases=(
                case("yes", placement=[(2026,), (2027,)]),
                case("no", placement=[(2026,)]),
                case("no", placement=[]),
                case("yes", placement=[(None,), (2027,)]),
                case("unknown", placement=[(None,), (2026,)]),
            ),
        ),
        Entry(
            heading="Some row, where rows may be missing",
            says="A row that fits is a yes; a no cannot be known.",
            code='exists(TRAINING, trade == "carpenter")',
            cases=(
                case("yes", training=[("carpenter",)]),
                case("unknown", training=[("baker",)]),
                case("unknown", training=[]),
            ),
        ),
        Entry(
            heading="How many",
            says="`count` is the number of rows that fit, 0 where there is none; a row nobody can"
            " judge makes it unknown.",
            code="count(member, age(member_birth_date) < 18)",
            cases=(
                case(1, household_member=[(7, day("1990-05-05")), (8, day("2020-05-05"))]),
                case(0, household_member=[(7, day("1990-05-05"))]),
                case(0, household_member=[]),
                case(None, household_member=[(7, day("1990-05-05")), (8, None)]),
            ),
        ),
        Entry(
            heading="Total",
            says="`total` adds up, 0 where there is no row; one amount that is missing makes the"
            " total unknown.",
            code="total(income_cents)",
            cases=(
                case(350_000, income=[(200_000,), (150_000,)]),
                case(0, income=[]),
                case(None, income=[(200_000,), (None,)]),
            ),
        ),
        Entry(
            heading="The last twelve months",
            says="A second part says which rows count.",
            code="total(income_cents, (income_month >= ago(months=12)) & (income_month < as_of))",
            cases=(
                case(150_000, income=[(150_000, day("2026-12-01")), (90_000, day("2025-12-01"))]),
                case(0, income=[(90_000, day("2026-01-01"))]),
                case(None, income=[(150_000, day("2026-12-01")), (90_000, None)]),
                case(150_000, income=[(150_000, day("2026-12-01")), (None, day("2025-12-01"))]),
            ),
        ),
        Entry(
            heading="The household's means",
            says="A relation of a household reaches the incomes of all its members, each month a"
            " row.",
            code="total(household_income_cents, household_income_month >= ago(months=12))"
            " < euros(40_000)",
            cases=(
                case(
                    "yes",
                    household_income=[
                        (2_000_000, day("2026-11-01")),
                        (1_999_999, day("2026-11-01")),
                    ],
                ),
                case(
                    "no",
                    household_income=[
                        (2_000_000, day("2026-11-01")),
                        (2_000_000, day("2026-11-01")),
                    ],
                ),
                case("yes", household_income=[]),
                case("unknown", household_income=[(None, day("2026-11-01"))]),
            ),
        ),
        Entry(
            heading="Smallest and earliest",
            says="`smallest` is unknown where there is no row: nothing is the smallest of none.",
            code="smallest(member_birth_date)",
            cases=(
                case(
                    day("1990-05-05"),
                    household_member=[(day("2020-05-05"),), (day("1990-05-05"),)],
                ),
                case(None, household_member=[]),
                case(None, household_member=[(day("1990-05-05"),), (None,)]),
            ),
        ),
        Entry(
            heading="Largest and latest",
            says="`largest` is the same from the other end.",
            code="largest(income_cents, income_month >= ago(months=3))",
            cases=(
                case(
                    200_000,
                    income=[
                        (150_000, day("2026-12-01")),
                        (200_000, day("2026-11-01")),
                        (900_000, day("2026-01-01")),
                    ],
                ),
                case(None, income=[(900_000, day("2026-01-01"))]),
                case(None, income=[]),
            ),
        ),
    ),
)

PARAMETERS = Chapter(
    title="What the law sets",
    says=(
        "A parameter is a number with the days between which it is in force and the law that says"
        " so. The rule is asked about a day, and uses what was in force on it. In these examples"
        " `LEAVING_AGE` was 17 years from 1999 until 1 August 2020, and is 18 years from 1 August"
        " 2021 on."
    ),
    entries=(
        Entry(
            heading="A value changes on its day",
            says="The same facts, another day.",
            code="age(birth_date) < LEAVING_AGE",
            cases=(
                case("no", birth_date=day("2003-01-15"), day=day("2020-07-31")),
                case("yes", birth_date=day("2003-09-15"), day=day("2020-07-31")),
                case("yes", birth_date=day("2003-09-15"), day=day("2021-08-01")),
                case("no", birth_date=day("2003-08-01"), day=day("2021-08-01")),
                case("unknown", day=day("2021-08-01")),
            ),
        ),
    ),
    refusals=(
        Refusal(
            code="LEAVING_AGE.at(date(2020, 8, 1))",
            sentence="the parameter leaving_age has no value on 2020-08-01: add one with its law",
        ),
        Refusal(
            code='Param("limit", (Dated(since=date(2020, 1, 1), value=1, law=" "),))',
            sentence="the parameter limit names no law for its value since 2020-01-01",
        ),
    ),
)

AMOUNTS = Chapter(
    title="Amounts",
    says=(
        "A service may also yield amounts: money, a count or a day. An amount is unknown where a"
        " fact it needs is, and is not given to whoever is stopped."
    ),
    entries=(
        Entry(
            heading="A fee that grows with income, between two bounds",
            says="Words nest as in any other arithmetic.",
            code="at_most(at_least(total(income_cents) * 10 // 100 - euros(50), euros(0)),"
            " euros(300))",
            cases=(
                case(10_000, income=[(150_000,)]),
                case(0, income=[(20_000,)]),
                case(30_000, income=[(900_000,)]),
                case(0, income=[]),
                case(None, income=[(None,)]),
                case(None, basis="objected", income=[(150_000,)]),
            ),
        ),
    ),
)
