"""Stored: purposes, objections and what each snapshot showed."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q


class Purpose(models.Model):
    """Why the city may look, and at which facts."""

    id = models.TextField(primary_key=True)
    basis = models.TextField()
    law = models.TextField()
    facts = models.JSONField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(basis__in=("public_task", "legal_duty", "consent")),
                name="purpose_has_a_legal_basis",
            ),
        )


class Objection(models.Model):
    """A resident said stop to a purpose; it holds until it is lifted."""

    id = models.BigAutoField(primary_key=True)
    subject = models.BigIntegerField()
    purpose = models.TextField()
    given_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "purpose"),
                condition=Q(lifted_at=None),
                name="one_objection_holds_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None) | Q(lifted_at__gt=F("given_at")),
                name="objection_is_lifted_after_it_is_given",
            ),
        )


class Told(models.Model):
    """What a resident answered to a question: a fact that only the asking purpose sees."""

    id = models.BigAutoField(primary_key=True)
    subject = models.BigIntegerField()
    purpose = models.TextField()
    fact = models.TextField()
    value = models.TextField()
    by = models.BigIntegerField()
    known_since = models.DateTimeField()
    known_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "purpose", "fact"),
                condition=Q(known_until=None),
                name="one_answer_holds_at_a_time",
            ),
        )


class Snapshot(models.Model):
    """One look: which purpose, at everyone or at a few subjects, at which times, how many rows."""

    id = models.UUIDField(primary_key=True)
    purpose = models.TextField()
    subjects = ArrayField(models.BigIntegerField(), null=True)
    as_of = models.DateField()
    known_at = models.DateTimeField()
    rows = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (GinIndex(fields=("subjects",), name="looks_at_a_subject"),)
