"""Stored: the city's units, the places where services happen."""

from django.db import models
from django.db.models import Q


class Unit(models.Model):
    """A place where the city serves people, such as a pre-primary unit; EPSG:3067 metres.

    An event or an appointment is a unit of its own, which `starts` at a moment.
    """

    id = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    name = models.TextField()
    area = models.TextField()
    language = models.TextField()
    x = models.IntegerField()
    y = models.IntegerField()
    support = models.BooleanField(default=False)
    starts = models.DateTimeField(null=True)
    hours = models.IntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(hours__gte=1, hours__lte=168), name="a_week_has_168_hours"
            ),
            models.UniqueConstraint(fields=("kind", "name"), name="each_unit_has_its_own_name"),
        )
