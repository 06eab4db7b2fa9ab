"""Stored: screenings, cases with their every step, offers and to whom they went."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from stadi.offers.domain import ENDED, NOBODY, STATES, TASKS


class Screening(models.Model):
    """One sweep of a service over everyone: its manifest and its counts, constant in size.

    `resting` are those entitled who are left in peace: a case of theirs runs or ran lately.
    """

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
    resting = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(screened=F("yes") + F("no") + F("unknown") + F("stopped")),
                name="every_screened_resident_has_one_outcome",
            ),
            models.CheckConstraint(
                condition=Q(resting__lte=F("yes")), name="only_who_is_entitled_rests"
            ),
        )


class Trial(models.Model):
    """One trial of a service's rules on the whole city, which lets them run: counts, nobody named.

    `tree` is the digest of the rules and amounts; `gained` and `lost` are how many more and fewer
    there are than by the rules in force, or whose money grows and shrinks; null where there were
    none in force, or none that can be read.
    """

    id = models.BigAutoField(primary_key=True)
    service = models.TextField()
    version = models.TextField()
    tree = models.TextField()
    at = models.DateTimeField()
    by = models.BigIntegerField()
    yes = models.BigIntegerField()
    no = models.BigIntegerField()
    unknown = models.BigIntegerField()
    stopped = models.BigIntegerField()
    gained = models.BigIntegerField(null=True)
    lost = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(gained=None, lost=None)
                | Q(gained__isnull=False, lost__isnull=False, gained__gte=0, lost__gte=0),
                name="who_gains_and_who_loses_are_told_together",
            ),
        )
        indexes = (models.Index(fields=("service", "tree"), name="trials_of_rules"),)


class Version(models.Model):
    """What a version of a service promised, for as long as it has cases."""

    id = models.BigAutoField(primary_key=True)
    service = models.TextField()
    version = models.TextField()
    terms = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("service", "version"), name="a_version_has_one_set_of_terms"
            ),
        )


class Case(models.Model):
    """One service, one subject, one round; an erased case is counted and forgets whose it was.

    `before` is where a contested case stood; `ended` is how it ended, whatever was filed later;
    `sent_at` is when the latest offer went out; `assignee` is the professional who decides it;
    `place` is the area by which a service gives its scarce hands, `term` the year whose places it
    may claim.
    """

    id = models.UUIDField(primary_key=True)
    service = models.TextField()
    version = models.TextField()
    subject = models.BigIntegerField()
    round = models.TextField()
    term = models.IntegerField()
    state = models.TextField()
    before = models.TextField(default="")
    ended = models.TextField(default="")
    reason = models.TextField(default="")
    level = models.SmallIntegerField(default=0)
    since = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    assignee = models.BigIntegerField(null=True)
    place = models.TextField(default="")
    screening = models.ForeignKey(Screening, models.PROTECT)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=STATES), name="case_is_in_a_known_state"),
            models.UniqueConstraint(
                fields=("service", "subject", "round"),
                condition=~Q(state__in=ENDED),
                name="one_open_case_per_service_subject_and_round",
            ),
            models.CheckConstraint(
                condition=Q(state="contested") | (Q(state__in=ENDED) ^ Q(ended="")),
                name="only_an_ended_case_ended_somehow",
            ),
            models.CheckConstraint(
                condition=Q(state="erased") ^ ~Q(subject=NOBODY),
                name="only_an_erased_case_is_about_nobody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=TASKS) | Q(deadline__isnull=False),
                name="a_task_has_a_deadline",
            ),
        )
        indexes = (
            models.Index(fields=("service", "state"), name="cases_by_state"),
            models.Index(fields=("subject",), name="cases_by_subject"),
        )


class Transition(models.Model):
    """One step of a case."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE)
    old = models.TextField()
    new = models.TextField()
    at = models.DateTimeField()
    actor = models.BigIntegerField()
    actor_kind = models.TextField(default="system")
    name = models.TextField(default="screen")


class Offer(models.Model):
    """What was offered in a case, on which grounds, until when.

    A unit, with the moment where it takes place at one, or money in cents a month.
    """

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True)
    unit = models.BigIntegerField(null=True)
    metres = models.IntegerField(null=True)
    starts_at = models.DateTimeField(null=True)
    cents = models.BigIntegerField(null=True)
    others = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.BigIntegerField(null=True)
    feedback_at = models.DateTimeField(null=True)


class Recipient(models.Model):
    """A person who may answer an offer; the id is what a signed link carries.

    `felt` says whether they told how it was, never what: that is counted without a name.
    """

    id = models.UUIDField(primary_key=True)
    offer = models.ForeignKey(Offer, models.CASCADE)
    person = models.BigIntegerField(db_index=True)
    language = models.TextField(default="")
    felt = models.BooleanField(db_default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("offer", "person"), name="an_offer_goes_to_a_person_once"
            ),
        )


class Feeling(models.Model):
    """How often those who took part in a round of a service said that it was so good, 1 to 5."""

    id = models.BigAutoField(primary_key=True)
    service = models.TextField()
    round = models.TextField()
    good = models.SmallIntegerField()
    times = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("service", "round", "good"), name="feelings_of_a_round_are_counted_once"
            ),
            models.CheckConstraint(condition=Q(good__range=(1, 5)), name="feelings_are_1_to_5"),
        )


class Opening(models.Model):
    """An official opened a case, for a stated reason; `spent` is what it took until an act."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE)
    official = models.BigIntegerField()
    at = models.DateTimeField()
    reason = models.TextField()
    spent = models.DurationField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(reason=""), name="a_case_is_opened_for_a_stated_reason"
            ),
        )


class Note(models.Model):
    """What an official, or somebody who contests, wrote about a case."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE)
    by = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.TextField()
    text = models.TextField()


class Question(models.Model):
    """One question about one missing fact, to those who may know; the first answer counts."""

    id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, models.CASCADE)
    fact = models.TextField()
    people = ArrayField(models.BigIntegerField())
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("case", "fact"),
                condition=Q(answered_at=None),
                name="a_question_is_asked_once_at_a_time",
            ),
        )
