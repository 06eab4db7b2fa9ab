"""Stored: registers of residents, each row with when it is true and when it was known.

An open end is the database's `infinity`. Names, identity codes and addresses of e-mail lie in
`Identity`, which no view of the wall ever reads.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

ENDLESS = RawSQL("'infinity'", [])


class Identity(models.Model):
    """Who a resident is to other people: invented names, an identity code 900-999, an e-mail."""

    subject = models.BigIntegerField(primary_key=True)
    given_name = models.TextField()
    family_name = models.TextField()
    identity_code = models.TextField(null=True)
    persona = models.TextField(default="")
    email = models.TextField(null=True)


class Bitemporal(models.Model):
    """A register row: true in [true_since, true_until), known in [known_since, known_until)."""

    subject = models.BigIntegerField()
    true_since = models.DateField()
    true_until = models.DateField()
    known_since = models.DateTimeField()
    known_until = models.DateTimeField()
    source = models.TextField()

    class Meta:
        abstract = True


def _ranges(name: str, *more: str) -> tuple[models.BaseConstraint, ...]:
    """Return the sentences that hold of every register, with its name in front."""
    key = ("subject", *more)
    return (
        models.CheckConstraint(
            condition=Q(true_since__lt=F("true_until")), name=f"{name}_ends_after_it_begins"
        ),
        models.CheckConstraint(
            condition=Q(known_since__lt=F("known_until")), name=f"{name}_is_known_before_it_is_not"
        ),
        models.UniqueConstraint(
            fields=(*key, "true_since"),
            condition=Q(known_until=RawSQL("'infinity'::timestamptz", [])),
            name=f"{name}_says_one_thing_at_a_time",
        ),
    )


class Person(Bitemporal):
    """When a resident was born."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    birth_date = models.DateField(null=True)
    sex = models.SmallIntegerField()

    class Meta:
        constraints = _ranges("person")


class Residence(Bitemporal):
    """Where a resident lives; the home point in EPSG:3067 metres."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    household = models.BigIntegerField()
    municipality = models.TextField(null=True)
    area = models.TextField()
    home_x = models.IntegerField(null=True)
    home_y = models.IntegerField(null=True)
    tenure = models.TextField(null=True)

    class Meta:
        constraints = (
            *_ranges("residence"),
            models.CheckConstraint(
                condition=Q(home_x__isnull=True, home_y__isnull=True)
                | Q(home_x__isnull=False, home_y__isnull=False),
                name="home_point_has_both_coordinates_or_neither",
            ),
            models.CheckConstraint(
                condition=Q(tenure__in=("owned", "rented", "right_of_occupancy")),
                name="tenure_is_owned_rented_or_right_of_occupancy",
            ),
        )
        # Whole, not only what is known now: the view of households also answers for the past.
        indexes = (models.Index(fields=("household",), name="residence_by_household"),)


class Contact(Bitemporal):
    """In which language a resident is met, and whether the home must never be shown."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    language = models.TextField(null=True)
    safety_ban = models.BooleanField()

    class Meta:
        constraints = _ranges("contact")


class Care(Bitemporal):
    """A child's early education and care: municipal, private or at home; with support or not."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    form = models.TextField()
    unit = models.BigIntegerField(null=True)
    support = models.BooleanField(null=True)

    class Meta:
        constraints = (
            *_ranges("care"),
            models.CheckConstraint(
                condition=Q(form__in=("municipal", "private", "home")),
                name="care_is_municipal_private_or_at_home",
            ),
        )


class Placement(Bitemporal):
    """A place that a child has for a term, named by the year it starts."""

    pk = models.CompositePrimaryKey("subject", "term", "known_since", "true_since")
    term = models.IntegerField()
    unit = models.BigIntegerField()

    class Meta:
        constraints = _ranges("placement", "term")


class Guardianship(Bitemporal):
    """Who decides for a child."""

    pk = models.CompositePrimaryKey("subject", "guardian", "known_since", "true_since")
    guardian = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = (
            *_ranges("guardianship", "guardian"),
            models.CheckConstraint(
                condition=~Q(subject=F("guardian")), name="nobody_is_their_own_guardian"
            ),
        )


class Income(Bitemporal):
    """A year's income by month, in cents; a null month is missing.

    Twelve rows would say the same in twelve times the space: `people_income_month` shows them.
    """

    pk = models.CompositePrimaryKey("subject", "year", "known_since", "true_since")
    year = models.IntegerField()
    cents = ArrayField(models.IntegerField(null=True))

    class Meta:
        constraints = (
            *_ranges("income", "year"),
            models.CheckConstraint(
                condition=Q(cents__len=12), name="income_of_a_year_has_twelve_months"
            ),
        )


class Diagnosis(Bitemporal):
    """A diagnosis that a resident is treated for: its code alone, in ICD-10."""

    pk = models.CompositePrimaryKey("subject", "code", "known_since", "true_since")
    code = models.TextField()

    class Meta:
        constraints = _ranges("diagnosis", "code")


class Measurement(Bitemporal):
    """The day on which something was last measured; what was measured, never how much."""

    pk = models.CompositePrimaryKey("subject", "kind", "known_since", "true_since")
    kind = models.TextField()
    taken_on = models.DateField()

    class Meta:
        constraints = (
            *_ranges("measurement", "kind"),
            models.CheckConstraint(
                condition=Q(kind__in=("blood_pressure",)), name="measurement_is_of_blood_pressure"
            ),
        )


class Clinician(Bitemporal):
    """The professional who answers for a patient's care."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    clinician = models.BigIntegerField()

    class Meta:
        constraints = _ranges("clinician")


class Education(Bitemporal):
    """That a young person left school; when, and whether they have a study place now."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    left_on = models.DateField(null=True)
    study_place = models.BooleanField(null=True)

    class Meta:
        constraints = _ranges("education")


class Tenancy(Bitemporal):
    """That a household's home is rented in this resident's name, and for how many cents a month."""

    pk = models.CompositePrimaryKey("subject", "known_since", "true_since")
    rent_cents = models.IntegerField(null=True)

    class Meta:
        constraints = (
            *_ranges("tenancy"),
            models.CheckConstraint(
                condition=Q(rent_cents__gte=0), name="rent_is_never_below_nothing"
            ),
        )
