"""Two free events a year near home for every small child, from birth on."""

from datetime import date

from stadi.kit.rule import Dated, Param, Rule
from stadi.kit.service import (
    Assign,
    Basis,
    Every,
    Feedback,
    Guardians,
    Lapses,
    Notify,
    Offer,
    Oversight,
    Purpose,
    Service,
)
from stadi.kit.words import age
from stadi.people import facts as pop

LAW = "Laki kuntien kulttuuritoiminnasta (166/2019) 3 §"
UNDER = Param("culture_kids_under", (Dated(since=date(2026, 1, 1), value=2, law=LAW),))

SERVICE = Service(
    id="culture_kids",
    line="A3",
    version="1.0",
    level="L2",
    owner="culture-services",
    purpose=Purpose(
        id="culture.kids",
        basis=Basis(kind="public_task", law=LAW),
        uses={
            pop.birth_date: "who is small",
            pop.municipality: "whose children they are",
            pop.home_x: "what is near",
            pop.home_y: "what is near",
            pop.household: "siblings go together",
            pop.guardian: "whom to ask",
            pop.contact_language: "in which language",
            pop.safety_ban: "what must never be shown",
        },
    ),
    when=Every(period="half-year"),
    who=(
        Rule(condition=age(pop.birth_date) < UNDER, because="is_small"),
        Rule(condition=pop.municipality == "091", because="lives_here"),
    ),
    propose=Assign(
        kind="culture_event",
        home_x=pop.home_x,
        home_y=pop.home_y,
        together=pop.household,
        wait_days=120,
    ),
    recipient=Guardians(guardian=pop.guardian, language=pop.contact_language, guard=pop.safety_ban),
    offer=Offer(open_days=21, remind_days=7, channels=("inbox", "email"), silence=Lapses()),
    fulfil=(Notify(),),
    feedback=Feedback(after_days=1),
    oversight=Oversight(owner="head-of-culture", queue="culture-guidance", queue_days=14),
    cannot_reach="children whose guardians no register knows",
)
