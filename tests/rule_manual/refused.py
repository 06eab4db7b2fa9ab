"""The chapter on what is refused, and in which words."""

from rule_spec import Chapter, Refusal

REFUSED = Chapter(
    title="What is refused, and what it says",
    says=(
        "A rule that could mean two things, or that no engine could count, never runs: it is"
        " refused while Python reads it, or when the service is registered, with a sentence that"
        " says what to write instead."
    ),
    refusals=(
        Refusal(
            code='support and municipality == "091"',
            sentence="a rule has no truth of its own: write & for and, | for or, ~ for not",
        ),
        Refusal(code="municipality == 91", sentence="= after a text needs text, not int"),
        Refusal(code="support & 1", sentence="& needs bool, not int"),
        Refusal(
            code="rooms == 2.5",
            sentence="a rule cannot hold 2.5: use a bool, int, str or date",
        ),
        Refusal(
            code="rooms / 2",
            sentence="a rule counts in whole numbers: write // and say which way it is rounded",
        ),
        Refusal(
            code="savings > 1000",
            sentence="> sets cents beside the plain number 1000: write euros(...)",
        ),
        Refusal(
            code="savings > rent",
            sentence="> mixes cents with cents/month: bring both to one unit first",
        ),
        Refusal(code='euros("9.999")', sentence="euros('9.999') holds a part of a cent"),
        Refusal(
            code="rooms * dwellers",
            sentence="a product can grow beyond 9007199254740992, which not every engine counts"
            " exactly: divide first, or count in a larger unit",
        ),
        Refusal(code="is_in(municipality)", sentence="is_in(...) needs at least one value"),
        Refusal(
            code="exists(PLACEMENT, rooms == 1)",
            sentence="exists(...) over placement may name facts of that relation only and at least"
            " one of them; found ['example.rooms']",
        ),
        Refusal(
            code="count(trade)",
            sentence="count(...) over training is never known, since rows may be missing from it:"
            " ask exists(...), or declare the register complete",
        ),
        Refusal(
            code="register(placement_term == 2027, placement_term)",
            sentence="service example: the rule 'it' names people.placement_term outside"
            " exists(...), count(...) or total(...)",
        ),
        Refusal(
            code="register(support)",
            sentence="service example: reads ['people.support'] which its purpose does not name:"
            " add a reason, or drop it",
        ),
        Refusal(
            code="register(support, support, birth_date)",
            sentence="service example: its purpose names ['people.birth_date'] which nothing"
            " reads: drop it (minimisation)",
        ),
        Refusal(
            code='register(religion == "any", religion)',
            sentence="service example: the rule 'it' decides by example.religion, which no rule"
            " may",
        ),
    ),
)
