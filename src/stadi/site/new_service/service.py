"""CHANGE this to one sentence: what the service does for people."""

from datetime import date

from stadi.kit.rule import Dated, Param, Rule
from stadi.kit.service import Basis, Fixed, Offer, Oversight, Purpose, Self, Service
from stadi.kit.words import as_of, year
from stadi.people import facts as pop

# CHANGE: the law or decision that gives the right, and each number that it sets, from when on.
LAW = "An invented decision of 2026, 1 §"
TURNS = Param("turns", (Dated(since=date(2026, 1, 1), value=18, law=LAW),), "years")

SERVICE = Service(
    id="new_service",
    line="A3",
    version="1",
    level="L2",
    # CHANGE: the department that owns the service.
    owner="CHANGE-department",
    purpose=Purpose(
        id="new_service.offer",
        # CHANGE: public_task, legal_duty or consent.
        basis=Basis(kind="public_task", law=LAW),
        # CHANGE: exactly the facts that are read below, each with its reason.
        uses={
            pop.birth_date: "who comes of age",
            pop.municipality: "whose duty it is",
            pop.contact_language: "in which language to write",
            pop.safety_ban: "what must never be shown",
        },
    ),
    # CHANGE: whom the service finds. It is a yes where every rule holds; `because` names the
    # sentence in texts.toml. Write & for and, | for or, ~ for not.
    who=(
        Rule(condition=year(as_of) - year(pop.birth_date) == TURNS, because="comes_of_age"),
        Rule(condition=pop.municipality == "091", because="lives_here"),
    ),
    # CHANGE: what is offered, to whom, for how long, and who answers for it.
    propose=Fixed(),
    recipient=Self(language=pop.contact_language, guard=pop.safety_ban),
    offer=Offer(open_days=30),
    oversight=Oversight(owner="CHANGE-head", queue="CHANGE-queue", queue_days=10),
    cannot_reach="people without a birth date or a home municipality in the register",
)
