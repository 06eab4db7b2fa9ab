"""What next? For a young person who left school and has no place: things to choose from."""

from stadi.kit.rule import Rule
from stadi.kit.service import (
    Basis,
    Choice,
    Event,
    Lapses,
    Notify,
    Offer,
    Oversight,
    Purpose,
    Self,
    Service,
)
from stadi.kit.words import age, ago, as_of, exists
from stadi.people import facts as pop

SERVICE = Service(
    id="next_step",
    line="A3",
    version="1.0",
    level="L2",
    owner="youth-services",
    purpose=Purpose(
        id="youth.next-step",
        basis=Basis(kind="public_task", law="Nuorisolaki (1285/2016) 10 §"),
        uses={
            pop.leaver_since: "who is in the register of those who left school",
            pop.left_school_on: "when it happened",
            pop.study_place: "who has no place now",
            pop.birth_date: "the service is for people under 30",
            pop.municipality: "whose task it is",
            pop.home_x: "what is near",
            pop.home_y: "what is near",
            pop.area: "where the workers' time is needed most",
            pop.contact_language: "in which language",
            pop.safety_ban: "what must never be shown",
        },
    ),
    when=Event(fact=pop.left_school_on),
    who=(
        Rule(condition=exists(pop.LEAVER, pop.leaver_since <= as_of), because="left_school"),
        Rule(condition=pop.left_school_on >= ago(days=60), because="not_long_ago"),
        Rule(condition=~pop.study_place, because="has_no_place_now"),
        Rule(condition=age(pop.birth_date) < 30, because="is_under_30"),
        Rule(condition=pop.municipality == "091", because="lives_here"),
    ),
    propose=Choice(kind="opportunity", home_x=pop.home_x, home_y=pop.home_y),
    recipient=Self(language=pop.contact_language, guard=pop.safety_ban),
    offer=Offer(
        open_days=60,
        remind_days=30,
        channels=("inbox", "email"),
        silence=Lapses(),
        self_check=10,
    ),
    fulfil=(Notify(),),
    oversight=Oversight(
        owner="head-of-youth-work",
        queue="outreach-worker",
        queue_days=7,
        keep_days=90,
        by_area=pop.area,
    ),
    cannot_reach="young people whose school does not tell the register that they left",
)
