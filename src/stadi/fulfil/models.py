"""Stored: how many places there are, who claims them, and the proof of each solved round."""

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


class Round(models.Model):
    """A solved assignment: the hash of its inputs and its certificate, which name no child."""

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    term = models.IntegerField()
    policy = models.TextField()
    seed = models.TextField()
    inputs = models.TextField()
    certificate = models.JSONField()
    solved_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(policy__in=("optimum", "stable")), name="policy_is_optimum_or_stable"
            ),
            models.CheckConstraint(
                condition=Q(inputs__regex="^[0-9a-f]{64}$"), name="inputs_are_named_by_their_sha256"
            ),
        )
        indexes = (models.Index(fields=("kind", "term"), name="rounds_of_a_term"),)
