"""Stored: places, claims and the proof of each round; what is done for a case, and decisions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q

STEPS = Func(F("steps"), function="jsonb_array_length", output_field=models.IntegerField())
DIGEST = Func(
    F("content"),
    template="encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')",
    output_field=models.TextField(),
)


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


class Saga(models.Model):
    """What is done for one case: steps in a row, of which the first `standing` stand.

    A step that waits for a person is not due. `content` are the words of a decision until it is
    made of them.
    """

    case = models.UUIDField(primary_key=True)
    service = models.TextField()
    purpose = models.TextField()
    subject = models.BigIntegerField()
    term = models.IntegerField()
    unit = models.BigIntegerField(null=True)
    cents = models.BigIntegerField(null=True)
    recipients = ArrayField(models.BigIntegerField())
    steps = models.JSONField()
    content = models.TextField(null=True)
    state = models.TextField()
    why = models.TextField(default="")
    error = models.TextField(default="")
    standing = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("doing", "finished"), why="")
                | Q(state__in=("undoing", "undone"), why__in=("failed", "stopped", "asked")),
                name="a_saga_goes_on_or_says_why_it_is_undone",
            ),
            models.CheckConstraint(
                condition=Q(standing__gte=0, standing__lte=STEPS),
                name="no_more_steps_stand_than_there_are",
            ),
            models.CheckConstraint(
                condition=~Q(state="finished") | Q(standing=STEPS),
                name="finished_means_that_every_step_stands",
            ),
            models.CheckConstraint(
                condition=~Q(state="undone") | Q(standing=0),
                name="undone_means_that_no_step_stands",
            ),
            models.CheckConstraint(
                condition=Q(state="doing", ended_at=None)
                | Q(state="undoing", ended_at=None, due_at__isnull=False)
                | Q(state__in=("finished", "undone"), ended_at__isnull=False, due_at=None),
                name="what_has_ended_is_not_due_and_what_is_undone_is",
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(state__in=("doing", "undoing")), name="sagas_due"
            ),
        )


class Decision(models.Model):
    """A decision's words as they were made; annulled ones are kept and say so."""

    id = models.UUIDField(primary_key=True)
    case = models.UUIDField(db_index=True)
    service = models.TextField()
    subject = models.BigIntegerField()
    recipients = ArrayField(models.BigIntegerField())
    signer = models.TextField()
    content = models.TextField()
    digest = models.TextField()
    made_at = models.DateTimeField()
    signed_by = models.BigIntegerField(null=True)
    signer_name = models.TextField(null=True)
    signer_title = models.TextField(null=True)
    signed_at = models.DateTimeField(null=True)
    annulled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("case",),
                condition=Q(annulled_at=None),
                name="a_case_has_one_decision_in_force",
            ),
            models.CheckConstraint(
                condition=Q(digest=DIGEST), name="a_decision_says_what_was_made"
            ),
            models.CheckConstraint(
                condition=Q(signed_by=None, signer_name=None, signer_title=None, signed_at=None)
                | Q(
                    signed_by__isnull=False,
                    signer_name__isnull=False,
                    signer_title__isnull=False,
                    signed_at__gte=F("made_at"),
                ),
                name="a_signature_is_whole_and_comes_after_the_words",
            ),
            models.CheckConstraint(
                condition=Q(annulled_at=None) | Q(annulled_at__gte=F("made_at")),
                name="a_decision_is_annulled_after_it_is_made",
            ),
        )
        indexes = (
            models.Index(
                fields=("service", "made_at"),
                condition=Q(signed_at=None, annulled_at=None),
                name="decisions_to_sign",
            ),
        )


class Award(models.Model):
    """Cents a month that a subject gets of a service, from one first of a month until another.

    What was paid stays paid: an end lies ahead, and no amount is below nothing. `review_cents` is
    the smaller amount that the facts of today come to, null where that is unknown; whether it
    follows is decided by a person before `review_by`.
    """

    id = models.BigAutoField(primary_key=True)
    case = models.UUIDField(db_index=True)
    service = models.TextField()
    subject = models.BigIntegerField()
    cents = models.BigIntegerField()
    since = models.DateField()
    until = models.DateField(null=True)
    review_cents = models.BigIntegerField(null=True)
    review_by = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(cents__gt=0), name="an_award_is_above_nothing"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="an_award_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(review_cents=None)
                | Q(review_cents__gte=0, review_cents__lt=F("cents")),
                name="only_a_smaller_amount_waits_for_a_person",
            ),
            models.UniqueConstraint(
                fields=("service", "subject"),
                condition=Q(until=None),
                name="one_award_of_a_service_runs_at_a_time",
            ),
        )


class Notice(models.Model):
    """What a unit was told: to expect a case's subject, or, once untold, not to."""

    id = models.BigAutoField(primary_key=True)
    unit = models.BigIntegerField(db_index=True)
    case = models.UUIDField()
    told_at = models.DateTimeField()
    untold_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("case",), condition=Q(untold_at=None), name="a_case_is_told_once"
            ),
            models.CheckConstraint(
                condition=Q(untold_at=None) | Q(untold_at__gte=F("told_at")),
                name="a_notice_is_untold_after_it_is_told",
            ),
        )
