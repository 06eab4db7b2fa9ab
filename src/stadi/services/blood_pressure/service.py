"""A blood-pressure check for whoever is treated and was not measured for a year."""

from stadi.kit.rule import Rule
from stadi.kit.service import (
    Assign,
    Basis,
    Every,
    Lapses,
    Notify,
    Offer,
    Oversight,
    Purpose,
    Self,
    Service,
)
from stadi.kit.words import ago, exists
from stadi.people import facts as pop

MEASURED = (pop.measurement_kind == "blood_pressure") & (pop.measured_on > ago(years=1))

SERVICE = Service(
    id="blood_pressure",
    line="A2",
    version="1.0",
    level="L2",
    owner="health-stations",
    purpose=Purpose(
        id="health.care-gap",
        basis=Basis(kind="public_task", law="Terveydenhuoltolaki (1326/2010) 13 §"),
        art9="9(2)(h)",
        uses={
            pop.diagnosis_code: "who is treated for high blood pressure",
            pop.measurement_kind: "which measurement it was",
            pop.measured_on: "when it was last measured",
            pop.municipality: "whose duty it is",
            pop.own_clinician: "who sees it first and decides",
            pop.home_x: "the nearest health station",
            pop.home_y: "the nearest health station",
            pop.contact_language: "in which language",
            pop.safety_ban: "what must never be shown",
        },
    ),
    when=Every(period="month"),
    who=(
        Rule(condition=exists(pop.DIAGNOSIS, pop.diagnosis_code == "I10"), because="is_treated"),
        Rule(condition=~exists(pop.MEASUREMENT, MEASURED), because="not_measured_for_a_year"),
        Rule(condition=pop.municipality == "091", because="lives_here"),
    ),
    propose=Assign(kind="nurse_time", home_x=pop.home_x, home_y=pop.home_y),
    recipient=Self(
        language=pop.contact_language, guard=pop.safety_ban, reviewed_first_by=pop.own_clinician
    ),
    offer=Offer(
        open_days=30,
        remind_days=14,
        rest_days=90,
        channels=("inbox", "email"),
        silence=Lapses(),
    ),
    fulfil=(Notify(),),
    oversight=Oversight(
        owner="chief-physician",
        queue="own-clinician",
        queue_days=14,
        contest_days=30,
        keep_days=180,
    ),
    cannot_reach="people who are treated elsewhere, or whose measurement was never written down",
)
