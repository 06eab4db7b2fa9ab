"""A small city after a round, and services that read of relatives and of health, for checks."""

from datetime import date
from typing import Any

from django.db import connection

from stadi.consent import actions as consent
from stadi.kit.actor import SYSTEM
from stadi.kit.rule import Fact, Relation, Rule
from stadi.kit.service import Basis, Fixed, Offer, Oversight, Plugin, Purpose, Self, Service
from stadi.kit.text import Text
from stadi.kit.words import age, ago, euros, exists, total
from stadi.offers.plugins import plugins
from stadi.people import actions as people
from stadi.people import facts as pop
from stadi.people import paavo
from stadi.people.city import draw
from stadi.people.domain import Batch
from stadi.record import actions as record
from stadi.site import demo
from stadi.site.fill import fill

AINO, MIKAEL, EINO, SARA, ELLA, KAISA, ONNI, TESFAY, SELAM, VENLA = range(1, 11)
OLD = date(1990, 1, 1)
HEALTH = Fact(
    name="test.care_support",
    relation=Relation(name="test_care", table="people_care"),
    column="support",
    type="bool",
    category="health",
    label=Text(fi="tuki", sv="stöd", en="support"),
)


def small_city() -> None:
    """Draw a city, run a round of pre-school, and give a wall to the other services."""
    areas = paavo.built_in()
    fill(draw(areas=areas, residents=300, seed=3, today=demo.START.date(), first_id=1000), areas)
    demo.run_service("preschool", demo.Stopwatch())
    for made in plugins().values():
        if made.service.id != "preschool":
            consent.register(purpose=made.service.purpose, by=SYSTEM, at=record.now())


def made_up(name: str, uses: dict[Fact, str], **rules: Any) -> Plugin:
    """Return a service of a few rules, with words enough to be shown."""
    service = Service(
        id=name,
        line="A3",
        version="1",
        level="L2",
        owner="tests",
        purpose=Purpose(
            id=f"test.{name}",
            basis=Basis(kind="public_task", law="an invented act"),
            uses={**uses, pop.contact_language: "in which language", pop.safety_ban: "hidden"},
            art9="9(2)(h)",
        ),
        who=tuple(Rule(condition=rule, because=because) for because, rule in rules.items()),
        propose=Fixed(),
        recipient=Self(language=pop.contact_language, guard=pop.safety_ban),
        offer=Offer(open_days=7),
        oversight=Oversight(owner="tests", queue="tests", queue_days=5),
        cannot_reach="nobody",
    )
    said = ("title", "tag", "law", *(f"because.{because}" for because in rules))
    texts = {key: Text(fi=f"{name} {key}", sv=f"{name} {key}", en=f"{name} {key}") for key in said}
    return Plugin(service=service, texts=texts, examples=(), digest="")


def of_the_home() -> Plugin:
    """A service that reads what others in the home earn and when they were born."""
    uses = dict.fromkeys(
        (
            *(pop.birth_date, pop.member, pop.member_birth_date),
            *(pop.household_income_month, pop.household_income_cents),
        ),
        "a test",
    )
    earned = total(pop.household_income_cents, pop.household_income_month >= ago(years=2))
    young = exists(pop.HOUSEHOLD, (pop.member > 0) & (age(pop.member_birth_date) < 18))
    return made_up(
        "home", uses, grown_up=age(pop.birth_date) >= 18, earns=earned > euros(1), alone=~young
    )


def of_ages() -> Plugin:
    """A service that reads one's own age, and whether somebody at home is 17."""
    uses = dict.fromkeys((pop.birth_date, pop.member, pop.member_birth_date), "a test")
    seventeen = exists(pop.HOUSEHOLD, (pop.member > 0) & (age(pop.member_birth_date) == 17))
    return made_up("ages", uses, is_forty=age(pop.birth_date) >= 40, nobody_is_17=~seventeen)


def of_health() -> Plugin:
    """A service that reads of health."""
    return made_up("health", {HEALTH: "a test"}, supported=HEALTH == True)  # noqa: E712 - a rule


def say(table: str, subject: int, **values: object) -> None:
    """Let a register say something else of a resident, as if it always had."""
    names = ", ".join(f"{name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} set {names} where subject = %s", [*values.values(), subject]
        )


def link(child: int, guardian: int) -> None:
    """Let a register say that somebody answers for a child."""
    rows = Batch.of("people_guardianship", ("subject", "guardian"), [(child, guardian)])
    people.load(batches=[rows], true_since=OLD, source="a test", by=SYSTEM, at=record.now())
