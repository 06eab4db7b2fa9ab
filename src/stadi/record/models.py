"""Stored: the city clock and one entry for every action."""

from django.db import models


class Clock(models.Model):
    """The city's own time, one row; it only moves forward."""

    id = models.SmallIntegerField(primary_key=True)
    mode = models.TextField()
    now = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_city_clock"),
            models.CheckConstraint(
                condition=models.Q(mode__in=("demo", "real")), name="clock_is_demo_or_real"
            ),
        )


class Kept(models.Model):
    """A text that decisions name by its sha256: a rule tree, its SQL, its parameters."""

    digest = models.TextField(primary_key=True)
    text = models.TextField()


class Entry(models.Model):
    """What happened, by whom, when; `leaf` commits to it, `seq` numbers it later.

    Once its case is erased only the commitment is left.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    kind = models.TextField()
    actor_kind = models.TextField()
    actor = models.BigIntegerField()
    case = models.UUIDField(null=True, db_index=True)
    body = models.JSONField(null=True)
    salt = models.BinaryField(null=True)
    leaf = models.BinaryField()
    seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("seq",), name="each_leaf_has_its_own_number"),
        )
