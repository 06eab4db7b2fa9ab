"""Stored: the city's units, the places where services happen."""

from django.db import models


class Unit(models.Model):
    """A place where the city serves people, such as a pre-primary unit; EPSG:3067 metres."""

    id = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    name = models.TextField()
    area = models.TextField()
    language = models.TextField()
    x = models.IntegerField()
    y = models.IntegerField()
    support = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("kind", "name"), name="each_unit_has_its_own_name"),
        )
