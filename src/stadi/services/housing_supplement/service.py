"""An invented supplement to the rent of small incomes, worked out and paid without being asked."""

from datetime import date

from stadi.kit.rule import Amount, Dated, Param, Rule
from stadi.kit.service import (
    Award,
    Basis,
    Decide,
    Every,
    Grants,
    Offer,
    Oversight,
    Pay,
    Purpose,
    Self,
    Service,
)
from stadi.kit.words import as_of, at_least, at_most, choose, count, euros, exists, total, year
from stadi.people import facts as pop

ACT = "Invented: Act on the housing supplement of a demo city"
LAW = ACT + ", section 4"
SINCE = date(2027, 1, 1)
RENT_ONE = Param("rent_of_one", (Dated(since=SINCE, value=58_000, law=LAW),), "cents")
RENT_TWO = Param("rent_of_two", (Dated(since=SINCE, value=76_000, law=LAW),), "cents")
RENT_MORE = Param("rent_of_more", (Dated(since=SINCE, value=98_000, law=LAW),), "cents")
FREE_ONE = Param("free_income_of_one", (Dated(since=SINCE, value=45_000, law=LAW),), "cents")
FREE_TWO = Param("free_income_of_two", (Dated(since=SINCE, value=70_000, law=LAW),), "cents")
FREE_MORE = Param("free_income_of_more", (Dated(since=SINCE, value=110_000, law=LAW),), "cents")
RENT_SHARE = Param("share_of_rent", (Dated(since=SINCE, value=70, law=LAW),))
INCOME_SHARE = Param("share_of_income", (Dated(since=SINCE, value=60, law=LAW),))

SIZE = count(pop.member)
LAST_YEAR = year(pop.household_income_month) == year(as_of) - 1
INCOME = total(pop.household_income_cents, LAST_YEAR) // 12
MOST = choose(SIZE == 1, RENT_ONE, choose(SIZE == 2, RENT_TWO, RENT_MORE))
FREE = choose(SIZE == 1, FREE_ONE, choose(SIZE == 2, FREE_TWO, FREE_MORE))
RENT = at_most(pop.rent_cents, MOST) // 100 * RENT_SHARE
OWN = at_least(INCOME - FREE, euros(0)) // 100 * INCOME_SHARE
SUPPLEMENT = at_least(RENT - OWN, euros(0))

SERVICE = Service(
    id="housing_supplement",
    line="A3",
    version="1.0",
    level="L3",
    owner="housing",
    purpose=Purpose(
        id="housing.supplement",
        basis=Basis(kind="legal_duty", law=LAW),
        uses={
            pop.tenant_since: "who is the main tenant",
            pop.rent_cents: "how much the rent is",
            pop.member: "how many live there",
            pop.household_income_month: "the twelve months of last year",
            pop.household_income_cents: "what they earned together",
            pop.municipality: "whose duty it is",
            pop.contact_language: "in which language",
            pop.safety_ban: "what must never be shown",
        },
    ),
    when=Every(period="month"),
    who=(
        Rule(condition=exists(pop.TENANT, pop.tenant_since <= as_of), because="rents_the_home"),
        Rule(condition=pop.municipality == "091", because="lives_here"),
        Rule(condition=SUPPLEMENT >= euros(50), because="income_is_small"),
    ),
    amounts=(Amount(name="supplement", value=SUPPLEMENT),),
    propose=Award(amount="supplement"),
    recipient=Self(language=pop.contact_language, guard=pop.safety_ban),
    offer=Offer(
        open_days=30,
        remind_days=14,
        channels=("inbox", "email"),
        silence=Grants(law=ACT + ", section 5"),
    ),
    fulfil=(Decide(signer="head-of-housing"), Pay()),
    oversight=Oversight(owner="head-of-housing", queue="housing-guidance", queue_days=14),
    cannot_reach="tenants whose lease or income no register holds",
)
