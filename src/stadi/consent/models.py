"""Stored: purposes, objections, answers, what each snapshot showed, requests to correct."""

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
    """One look: which purpose, at everyone or at a few subjects, at which times, how many rows.

    `asked_by` is the resident at whose own request it was taken, else it was the city's.
    """

    id = models.UUIDField(primary_key=True)
    purpose = models.TextField()
    subjects = ArrayField(models.BigIntegerField(), null=True)
    as_of = models.DateField()
    known_at = models.DateTimeField()
    rows = models.BigIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    asked_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = (GinIndex(fields=("subjects",), name="looks_at_a_subject"),)


class Correction(models.Model):
    """Somebody says that a fact of theirs is wrong; an official corrects it, or says why not."""

    id = models.UUIDField(primary_key=True)
    subject = models.BigIntegerField()
    asked_by = models.BigIntegerField()
    fact = models.TextField()
    said = models.CharField(max_length=200)
    why = models.CharField(max_length=1000)
    asked_at = models.DateTimeField()
    state = models.TextField(default="open")
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=1000, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "fact", "asked_by"),
                condition=Q(state="open"),
                name="one_request_to_correct_a_fact_is_open_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None, decided_by=None)
                | Q(state__in=("done", "refused"), decided_at__isnull=False, decided_by__gt=0),
                name="correction_is_open_or_somebody_decided_it",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(reason=""),
                name="correction_is_refused_with_a_reason",
            ),
        )
        indexes = (models.Index(fields=("state", "asked_at"), name="corrections_that_wait"),)
