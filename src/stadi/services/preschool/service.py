"""A pre-primary place for every child who starts, offered before anyone applies."""

from datetime import date

from stadi.kit.rule import Dated, Param, Rule
from stadi.kit.service import (
    Assign,
    Basis,
    Decide,
    Guardians,
    Notify,
    Offer,
    Oversight,
    Place,
    Purpose,
    Service,
    Weight,
)
from stadi.kit.words import as_of, exists, year
from stadi.people import facts as pop

LINE = "Perusopetuslaki (628/1998)"
LAW = LINE + " 26 a §"
START = date(2015, 8, 1)
STARTING_AGE = Param("starting_age", (Dated(since=START, value=6, law=LAW),))
SAME_HOUSE = Param("same_house", (Dated(since=START, value=400, law=LAW),), "m")
LANGUAGE = Param("language_line", (Dated(since=START, value=20_000, law=LINE + " 10 §"),), "m")
SUPPORT = Param("support", (Dated(since=START, value=5_000, law=LINE + " 30 §"),), "m")

SERVICE = Service(
    id="preschool",
    line="A1",
    version="2027.1",
    level="L2",
    owner="early-childhood-education",
    purpose=Purpose(
        id="preschool.placement",
        basis=Basis(kind="public_task", law=LAW),
        uses={
            pop.birth_date: "who starts",
            pop.municipality: "whose duty it is",
            pop.placement_term: "who still needs a place",
            pop.home_x: "the shortest walk",
            pop.home_y: "the shortest walk",
            pop.care_unit: "the same friends, the same house",
            pop.support: "a unit that can give the support",
            pop.household: "siblings stay together",
            pop.guardian: "whom to ask",
            pop.contact_language: "in which language, and the line of teaching",
            pop.safety_ban: "what must never be shown",
        },
    ),
    who=(
        Rule(condition=year(as_of) - year(pop.birth_date) == STARTING_AGE, because="turns_six"),
        Rule(condition=pop.municipality == "091", because="lives_here"),
        Rule(
            condition=~exists(pop.PLACEMENT, pop.placement_term == year(as_of)),
            because="has_no_place_yet",
        ),
    ),
    propose=Assign(
        kind="preschool",
        home_x=pop.home_x,
        home_y=pop.home_y,
        weights=(
            Weight(fact=pop.care_unit, unit="id", metres=SAME_HOUSE),
            Weight(fact=pop.contact_language, unit="language", metres=LANGUAGE),
            Weight(fact=pop.support, unit="support", metres=SUPPORT),
        ),
        together=pop.household,
    ),
    recipient=Guardians(guardian=pop.guardian, language=pop.contact_language, guard=pop.safety_ban),
    offer=Offer(open_days=14, undo_hours=24, channels=("inbox", "email")),
    fulfil=(Place(), Decide(signer="head-of-service"), Notify()),
    oversight=Oversight(owner="head-of-service", queue="service-guidance", queue_days=10),
    cannot_reach="children without a birth date or a home municipality in the register",
    # "Apply for early childhood education on Asti": for pre-primary; for day care it stays.
    replaces=(4512,),
)
