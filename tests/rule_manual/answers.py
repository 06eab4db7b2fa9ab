"""Chapters on one person's own facts: answers, choices and days."""

from datetime import date

from rule_spec import Chapter, Entry, case


def day(text: str) -> date:
    return date.fromisoformat(text)


THREE_ANSWERS = Chapter(
    title="Yes, no and unknown",
    says=(
        "A rule is a condition on the facts of one person. It is true, false or unknown, and it is"
        " unknown wherever a missing fact could still turn it either way. Nothing makes a yes or a"
        " no of what nobody knows, and the language has no word for *is missing*: a person must"
        " never get less, or more, because a register has a hole."
    ),
    entries=(
        Entry(
            heading="A fact that is yes or no",
            says="It is a rule by itself.",
            code="support",
            cases=(case("yes", support=True), case("no", support=False), case("unknown")),
        ),
        Entry(
            heading="Equal",
            says="`==` compares; a missing fact equals nothing, not even what it is.",
            code='municipality == "091"',
            cases=(
                case("yes", municipality="091"),
                case("no", municipality="049"),
                case("unknown"),
            ),
        ),
        Entry(
            heading="Not equal",
            says="A missing fact is not unequal either.",
            code='municipality != "091"',
            cases=(
                case("no", municipality="091"),
                case("yes", municipality="049"),
                case("unknown"),
            ),
        ),
        Entry(
            heading="At least and at most",
            says="`>=` and `<=` hold where both sides are equal, too.",
            code="(rooms >= 2) & (rooms <= 4)",
            cases=(
                case("no", rooms=1),
                case("yes", rooms=2),
                case("yes", rooms=4),
                case("no", rooms=5),
                case("unknown"),
            ),
        ),
        Entry(
            heading="More and less",
            says="`>` and `<` do not; they compare numbers, days and texts.",
            code='(rooms > 2) | (municipality < "1")',
            cases=(
                case("yes", rooms=3, municipality="837"),
                case("no", rooms=2, municipality="837"),
                case("yes", rooms=2, municipality="091"),
                case("unknown", municipality="837"),
            ),
        ),
        Entry(
            heading="And",
            says="`&` holds where both sides do; one side that is false settles it.",
            code='support & (municipality == "091")',
            cases=(
                case("yes", support=True, municipality="091"),
                case("no", support=False, municipality="091"),
                case("no", support=False),
                case("unknown", support=True),
                case("unknown"),
            ),
        ),
        Entry(
            heading="Or",
            says="`|` holds where at least one side does; one side that is true settles it.",
            code='support | (municipality == "091")',
            cases=(
                case("yes", support=True, municipality="049"),
                case("yes", support=True),
                case("no", support=False, municipality="049"),
                case("unknown", support=False),
                case("unknown"),
            ),
        ),
        Entry(
            heading="Not",
            says="`~` turns yes and no round; not unknown is unknown.",
            code="~support",
            cases=(case("no", support=True), case("yes", support=False), case("unknown")),
        ),
        Entry(
            heading="Even what must be true is unknown",
            says="No cleverness finds out whether a fact is missing.",
            code="support | ~support",
            cases=(case("yes", support=True), case("yes", support=False), case("unknown")),
        ),
        Entry(
            heading="Several rules",
            says="A service finds whom all its rules hold for; one false rule is a no, else one"
            " unknown rule leaves it open.",
            code='(support, municipality == "091")',
            cases=(
                case("yes", support=True, municipality="091"),
                case("no", support=True, municipality="049"),
                case("no", municipality="049"),
                case("unknown", municipality="091"),
            ),
        ),
        Entry(
            heading="Stopped",
            says="Whoever has objected, or whose consent is missing, is neither yes nor no nor"
            " unknown, whatever the facts say.",
            code="support",
            cases=(
                case("stopped", basis="objected", support=True),
                case("stopped", basis="objected", support=False),
                case("stopped", basis="objected"),
            ),
        ),
    ),
)

CHOICES = Chapter(
    title="One of several",
    says="Words that choose among values. All of them stay unknown where the choice is.",
    entries=(
        Entry(
            heading="One of a list",
            says="`is_in` holds where the value is one of those listed.",
            code='is_in(municipality, "091", "049", "092")',
            cases=(
                case("yes", municipality="049"),
                case("no", municipality="837"),
                case("unknown"),
            ),
        ),
        Entry(
            heading="This or that",
            says="`choose` gives the second where the first holds, else the third.",
            code="choose(support, rooms, 1)",
            cases=(
                case(3, support=True, rooms=3),
                case(1, support=False, rooms=3),
                case(1, support=False),
                case(None, support=True),
                case(None, rooms=3),
            ),
        ),
        Entry(
            heading="At most",
            says="`at_most` gives the smaller of the two.",
            code="at_most(rooms, 3)",
            cases=(case(2, rooms=2), case(3, rooms=3), case(3, rooms=4), case(None)),
        ),
        Entry(
            heading="At least",
            says="`at_least` gives the larger of the two.",
            code="at_least(rooms, 3)",
            cases=(case(3, rooms=2), case(3, rooms=3), case(4, rooms=4), case(None)),
        ),
    ),
)

DAYS = Chapter(
    title="Days",
    says=(
        "A rule is always asked about a day. It reads no clock, so the same facts and the same day"
        " give the same answer for ever. Where a table shows no day, it is 15 January 2027."
    ),
    entries=(
        Entry(
            heading="The day that is asked about",
            says="`as_of` is that day.",
            code="birth_date <= as_of",
            cases=(
                case("yes", birth_date=day("2027-01-15")),
                case("no", birth_date=day("2027-01-16")),
                case("unknown"),
            ),
        ),
        Entry(
            heading="Year",
            says="`year` is the calendar year of a day.",
            code="year(as_of) - year(birth_date) == 6",
            cases=(
                case("yes", birth_date=day("2021-01-01")),
                case("yes", birth_date=day("2021-12-31")),
                case("no", birth_date=day("2020-12-31")),
                case("unknown"),
            ),
        ),
        Entry(
            heading="Age",
            says="`age` is whole years on the day; it grows on the birthday.",
            code="age(birth_date)",
            cases=(
                case(5, birth_date=day("2021-01-16")),
                case(6, birth_date=day("2021-01-15")),
                case(-1, birth_date=day("2027-01-16")),
                case(None),
            ),
        ),
        Entry(
            heading="Born on 29 February",
            says="In a common year the birthday is 1 March: nobody is a year older before the year"
            " is full.",
            code="age(birth_date)",
            cases=(
                case(17, birth_date=day("2008-02-29"), day=day("2026-02-28")),
                case(18, birth_date=day("2008-02-29"), day=day("2026-03-01")),
                case(19, birth_date=day("2008-02-29"), day=day("2028-02-28")),
                case(20, birth_date=day("2008-02-29"), day=day("2028-02-29")),
            ),
        ),
        Entry(
            heading="Before the day",
            says="`ago` counts years and months back by the calendar, then days; a month that is"
            " too short ends on its last day.",
            code="birth_date == ago(months=1)",
            cases=(
                case("yes", birth_date=day("2026-12-15")),
                case("yes", birth_date=day("2027-02-28"), day=day("2027-03-31")),
                case("yes", birth_date=day("2028-02-29"), day=day("2028-03-31")),
                case("no", birth_date=day("2027-03-01"), day=day("2027-03-31")),
                case("unknown"),
            ),
        ),
        Entry(
            heading="After the day",
            says="`ahead` counts the other way; a year after 29 February is 28 February.",
            code="birth_date == ahead(years=1)",
            cases=(
                case("yes", birth_date=day("2028-01-15")),
                case("yes", birth_date=day("2029-02-28"), day=day("2028-02-29")),
                case("no", birth_date=day("2029-03-01"), day=day("2028-02-29")),
                case("unknown"),
            ),
        ),
        Entry(
            heading="Days between",
            says="`-` between two days counts the days, below zero where the first is earlier.",
            code="as_of - birth_date",
            cases=(
                case(14, birth_date=day("2027-01-01")),
                case(366, birth_date=day("2028-02-29"), day=day("2029-03-01")),
                case(-1, birth_date=day("2027-01-16")),
                case(None),
            ),
        ),
    ),
)
