"""A made-up service over another relation, to show that the layers know no pre-school."""

from stadi.kit.rule import Rule
from stadi.kit.service import Basis, Fixed, Offer, Oversight, Purpose, Self, Service
from stadi.kit.words import age, exists
from stadi.people import facts as pop

SERVICE = Service(
    id="sample",
    line="A3",
    version="1",
    level="L2",
    owner="tests",
    purpose=Purpose(
        id="sample.grandparents",
        basis=Basis(kind="public_task", law="an invented act"),
        uses={
            pop.birth_date: "who is grown up",
            pop.guardian: "who has a second guardian on record",
            pop.contact_language: "in which language",
            pop.safety_ban: "what must never be shown",
        },
    ),
    who=(
        Rule(condition=age(pop.birth_date) < 18, because="is_young"),
        Rule(condition=exists(pop.GUARDIANSHIP, pop.guardian < 10), because="knows_a_persona"),
    ),
    propose=Fixed(),
    recipient=Self(language=pop.contact_language, guard=pop.safety_ban),
    offer=Offer(open_days=7),
    oversight=Oversight(owner="tests", queue="tests", queue_days=5),
    cannot_reach="people without a birth date",
)
