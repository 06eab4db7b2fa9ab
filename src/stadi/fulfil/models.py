"""Stored: how many places there are, and who claims them."""

from django.db import models
from django.db.models import F, Q


class Capacity(models.Model):
    """How many places a unit has for a term."""

    id = models.BigAutoField(primary_key=True)
    unit = models.BigIntegerField()
    term = models.IntegerField()
    places = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("unit", "term"), name="capacity_is_said_once_a_term"),
            models.CheckConstraint(condition=Q(places__gte=0), name="capacity_is_never_negative"),
        )


class Claim(models.Model):
    """A case's claim on a unit: soft while it is proposed, hard once accepted, or released."""

    id = models.BigAutoField(primary_key=True)
    unit = models.BigIntegerField()
    since = models.DateField()
    until = models.DateField()
    quantity = models.IntegerField(default=1)
    hold = models.TextField()
    case = models.UUIDField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(hold__in=("soft", "hard", "released")),
                name="claim_is_soft_hard_or_released",
            ),
            models.CheckConstraint(
                condition=Q(since__lt=F("until")), name="claim_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=("case",),
                condition=~Q(hold="released"),
                name="a_case_holds_one_place_at_a_time",
            ),
        )
        indexes = (models.Index(fields=("unit", "since"), name="claims_of_a_unit"),)
