"""Facts of residents that a rule may name."""

from stadi.kit.rule import Fact, Relation
from stadi.kit.text import Text

PERSON = Relation(name="person", table="people_person")
RESIDENCE = Relation(name="residence", table="people_residence")
CONTACT = Relation(name="contact", table="people_contact")
CARE = Relation(name="care", table="people_care", absence="none")
PLACEMENT = Relation(name="placement", table="people_placement", many=True, absence="none")
INCOME = Relation(
    name="income", table="people_income_month", many=True, absence="none", history=True
)
HOUSEHOLD = Relation(
    name="household_member",
    table="people_household",
    many=True,
    absence="none",
    member="member",
)
HOUSEHOLD_INCOME = Relation(
    name="household_income",
    table="people_household",
    many=True,
    absence="none",
    member="member",
    rows_of=INCOME,
)
GUARDIANSHIP = Relation(name="guardianship", table="people_guardianship", many=True, absence="none")
DIAGNOSIS = Relation(name="diagnosis", table="people_diagnosis", many=True, absence="none")
MEASUREMENT = Relation(name="measurement", table="people_measurement", many=True, absence="none")
CLINICIAN = Relation(name="clinician", table="people_clinician")
# Few have a row in the next two. A missing one is a known no only where rows are asked for: so
# `exists(LEAVER, ...)` tells who has a row, and the facts of EDUCATION what stands in it, where
# what is missing is unknown and may be asked of the resident. TENANT and TENANCY are the same.
LEAVER = Relation(name="school_leaver", table="people_education", many=True, absence="none")
EDUCATION = Relation(name="education", table="people_education")
TENANT = Relation(name="main_tenant", table="people_tenancy", many=True, absence="none")
TENANCY = Relation(name="tenancy", table="people_tenancy")

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
area = Fact(
    name="people.area",
    relation=RESIDENCE,
    column="area",
    type="text",
    label=Text(fi="postinumeroalue", sv="postnummerområde", en="postal area"),
)
household = Fact(
    name="people.household",
    relation=RESIDENCE,
    column="household",
    type="int",
    label=Text(fi="kotitalous", sv="hushåll", en="household"),
)
tenure = Fact(
    name="people.tenure",
    relation=RESIDENCE,
    column="tenure",
    type="text",
    label=Text(fi="asunnon hallintamuoto", sv="bostadens upplåtelseform", en="tenure of the home"),
)
support = Fact(
    name="people.support",
    relation=CARE,
    column="support",
    type="bool",
    label=Text(fi="tuen tarve", sv="behov av stöd", en="need of support"),
)
income_month = Fact(
    name="people.income_month",
    relation=INCOME,
    column="month",
    type="date",
    unit="first day of the month",
    label=Text(fi="tulokuukausi", sv="inkomstmånad", en="month of income"),
)
income_cents = Fact(
    name="people.income_cents",
    relation=INCOME,
    column="cents",
    type="int",
    unit="cents",
    label=Text(fi="kuukauden tulot", sv="månadens inkomster", en="income of the month"),
)
member = Fact(
    name="people.member",
    relation=HOUSEHOLD,
    column="member",
    type="int",
    label=Text(fi="kotitalouden jäsenet", sv="hushållets medlemmar", en="household members"),
)
member_birth_date = Fact(
    name="people.member_birth_date",
    relation=HOUSEHOLD,
    column="member_birth_date",
    type="date",
    label=Text(
        fi="jäsenten syntymäpäivät", sv="medlemmarnas födelsedatum", en="members' dates of birth"
    ),
    through=birth_date,
    lasting=True,
)
household_income_month = Fact(
    name="people.household_income_month",
    relation=HOUSEHOLD_INCOME,
    column="month",
    type="date",
    label=Text(fi="tulokuukausi", sv="inkomstmånad", en="month of income"),
    through=income_month,
)
household_income_cents = Fact(
    name="people.household_income_cents",
    relation=HOUSEHOLD_INCOME,
    column="cents",
    type="int",
    unit="cents",
    label=Text(fi="kotitalouden tulot", sv="hushållets inkomster", en="income of the household"),
    through=income_cents,
)
diagnosis_code = Fact(
    name="people.diagnosis_code",
    relation=DIAGNOSIS,
    column="code",
    type="text",
    category="health",
    label=Text(fi="hoidettava sairaus", sv="sjukdom som behandlas", en="illness treated"),
)
measurement_kind = Fact(
    name="people.measurement_kind",
    relation=MEASUREMENT,
    column="kind",
    type="text",
    category="health",
    label=Text(fi="mitä on mitattu", sv="vad som har mätts", en="what was measured"),
)
measured_on = Fact(
    name="people.measured_on",
    relation=MEASUREMENT,
    column="taken_on",
    type="date",
    category="health",
    label=Text(fi="viimeksi mitattu", sv="senast mätt", en="last measured on"),
)
own_clinician = Fact(
    name="people.own_clinician",
    relation=CLINICIAN,
    column="clinician",
    type="int",
    category="health",
    label=Text(fi="oma hoitaja", sv="egen vårdare", en="own clinician"),
)
leaver_since = Fact(
    name="people.leaver_since",
    relation=LEAVER,
    column="true_since",
    type="date",
    label=Text(
        fi="on koulun keskeyttäneiden rekisterissä",
        sv="finns i registret över dem som lämnat skolan",
        en="is in the register of those who left school",
    ),
)
left_school_on = Fact(
    name="people.left_school_on",
    relation=EDUCATION,
    column="left_on",
    type="date",
    label=Text(fi="koulun lopettamispäivä", sv="dagen då skolan slutade", en="left school on"),
)
study_place = Fact(
    name="people.study_place",
    relation=EDUCATION,
    column="study_place",
    type="bool",
    label=Text(fi="opiskelupaikka", sv="studieplats", en="study place"),
)
tenant_since = Fact(
    name="people.tenant_since",
    relation=TENANT,
    column="true_since",
    type="date",
    label=Text(fi="vuokrasopimus omissa nimissä", sv="hyresavtal i eget namn", en="rents the home"),
)
rent_cents = Fact(
    name="people.rent_cents",
    relation=TENANCY,
    column="rent_cents",
    type="int",
    unit="cents",
    label=Text(fi="kuukausivuokra", sv="månadshyra", en="monthly rent"),
)
