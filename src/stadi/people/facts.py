"""Facts of residents that a rule may name."""

from stadi.kit.rule import Fact, Relation
from stadi.kit.text import Text

PERSON = Relation(name="person", table="people_person")
RESIDENCE = Relation(name="residence", table="people_residence")
CONTACT = Relation(name="contact", table="people_contact")
CARE = Relation(name="care", table="people_care", absence="none")
PLACEMENT = Relation(name="placement", table="people_placement", many=True, absence="none")
GUARDIANSHIP = Relation(name="guardianship", table="people_guardianship", many=True, absence="none")

birth_date = Fact(
    name="people.birth_date",
    relation=PERSON,
    column="birth_date",
    type="date",
    lasting=True,
    label=Text(fi="syntymäpäivä", sv="födelsedatum", en="date of birth"),
)
municipality = Fact(
    name="people.municipality",
    relation=RESIDENCE,
    column="municipality",
    type="text",
    label=Text(fi="kotikunta", sv="hemkommun", en="home municipality"),
)
home_x = Fact(
    name="people.home_x",
    relation=RESIDENCE,
    column="home_x",
    type="int",
    unit="m, EPSG:3067 east",
    label=Text(fi="kodin sijainti", sv="hemmets läge", en="home point"),
)
home_y = Fact(
    name="people.home_y",
    relation=RESIDENCE,
    column="home_y",
    type="int",
    unit="m, EPSG:3067 north",
    label=Text(fi="kodin sijainti", sv="hemmets läge", en="home point"),
)
contact_language = Fact(
    name="people.contact_language",
    relation=CONTACT,
    column="language",
    type="text",
    label=Text(fi="asiointikieli", sv="kontaktspråk", en="contact language"),
)
safety_ban = Fact(
    name="people.safety_ban",
    relation=CONTACT,
    column="safety_ban",
    type="bool",
    label=Text(fi="turvakielto", sv="spärrmarkering", en="safety ban"),
)
care_form = Fact(
    name="people.care_form",
    relation=CARE,
    column="form",
    type="text",
    label=Text(fi="hoitomuoto", sv="vårdform", en="form of care"),
)
care_unit = Fact(
    name="people.care_unit",
    relation=CARE,
    column="unit",
    type="int",
    label=Text(fi="nykyinen yksikkö", sv="nuvarande enhet", en="present unit"),
)
placement_term = Fact(
    name="people.placement_term",
    relation=PLACEMENT,
    column="term",
    type="int",
    unit="year the term starts",
    label=Text(fi="esiopetuspaikka", sv="plats i förskoleundervisning", en="pre-primary place"),
)
guardian = Fact(
    name="people.guardian",
    relation=GUARDIANSHIP,
    column="guardian",
    type="int",
    label=Text(fi="huoltajat", sv="vårdnadshavare", en="guardians"),
)
