"""Stored: the files of the errand register, and every errand that one of them held."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from stadi.catalogue.domain import TYPES


class File(models.Model):
    """One file that was imported; the last one is the register as it stands."""

    id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    digest = models.TextField()
    at = models.DateTimeField()


class Errand(models.Model):
    """An errand as the newest file that holds it tells it; `gone_at` is when one did not.

    `words` are name and description by language; channels are told with their languages.
    """

    id = models.BigIntegerField(primary_key=True)
    service = models.BigIntegerField()
    type = models.TextField()
    words = models.JSONField()
    target_groups = ArrayField(models.TextField())
    life_events = ArrayField(models.TextField())
    channels = models.JSONField()
    file = models.ForeignKey(File, models.PROTECT)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(type__in=TYPES), name="every_errand_is_of_a_known_type"
            ),
            models.CheckConstraint(
                condition=~Q(words={}), name="every_errand_is_told_in_some_language"
            ),
        )
