"""Stored: the newest measure of each service, with what may be shown and nothing else."""

from django.db import models


class Measure(models.Model):
    """How far a service reached when it was measured, group by group, small numbers hidden."""

    service = models.TextField(primary_key=True)
    at = models.DateTimeField()
    figures = models.JSONField()
