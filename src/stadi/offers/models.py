"""Stored: screenings, cases with their every step, offers and to whom they went."""

from django.db import models
from django.db.models import F, Q

from stadi.offers.domain import ENDED, STATES


class Screening(models.Model):
    """One sweep of a service over everyone: its manifest and its counts, constant in size."""

    id = models.UUIDField(primary_key=True)
    service = models.TextField()
    round = models.TextField()
    at = models.DateTimeField()
    manifest = models.JSONField()
    screened = models.BigIntegerField()
    yes = models.BigIntegerField()
    no = models.BigIntegerField()
    unknown = models.BigIntegerField()
    stopped = models.BigIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(screened=F("yes") + F("no") + F("unknown") + F("stopped")),
                name="every_screened_resident_has_one_outcome",
            ),
        )


class Case(models.Model):
    """One service, one subject, one round."""

    id = models.UUIDField(primary_key=True)
    service = models.TextField()
    version = models.TextField()
    subject = models.BigIntegerField()
    round = models.TextField()
    state = models.TextField()
    reason = models.TextField(default="")
    since = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    screening = models.ForeignKey(Screening, models.PROTECT)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=STATES), name="case_is_in_a_known_state"),
            models.UniqueConstraint(
                fields=("service", "subject", "round"),
                condition=~Q(state__in=ENDED),
                name="one_open_case_per_service_subject_and_round",
            ),
        )
        indexes = (models.Index(fields=("service", "state"), name="cases_by_state"),)


class Transition(models.Model):
    """One step of a case."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE)
    old = models.TextField()
    new = models.TextField()
    at = models.DateTimeField()
    actor = models.BigIntegerField()


class Offer(models.Model):
    """What was offered in a case, on which grounds, until when."""

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True)
    unit = models.BigIntegerField(null=True)
    metres = models.IntegerField(null=True)
    others = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.BigIntegerField(null=True)


class Recipient(models.Model):
    """A person who may answer an offer; the id is what a signed link carries."""

    id = models.UUIDField(primary_key=True)
    offer = models.ForeignKey(Offer, models.CASCADE)
    person = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("offer", "person"), name="an_offer_goes_to_a_person_once"
            ),
        )
