"""Stored: messages as they were sent, in the city's own inbox, and how each is told of outside."""

from django.db import models
from django.db.models import F, Q

# waiting for its turn on the ladder; the last four are ends
STATES = ("waiting", "queued", "sending", "sent", "refused", "given_up", "cancelled")


class Message(models.Model):
    """One message to one resident; `key` makes a second sending of the same one impossible.

    `about` is the case it tells of, `language` that of notices outside, and `counted` whether it
    is one of the contacts that a person gets in a month.
    """

    id = models.UUIDField(primary_key=True)
    recipient = models.BigIntegerField(db_index=True)
    key = models.TextField()
    subject = models.TextField()
    body = models.TextField()
    link = models.TextField()
    sent_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    about = models.UUIDField(null=True)
    language = models.TextField()
    counted = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("key",), name="a_message_is_sent_once"),
            models.CheckConstraint(
                condition=Q(opened_at=None) | Q(opened_at__gte=F("sent_at")),
                name="a_message_is_opened_after_it_is_sent",
            ),
        )
        indexes = (
            models.Index(
                fields=("about",), condition=Q(about__isnull=False), name="messages_by_case"
            ),
        )


class Delivery(models.Model):
    """One notice of a message through one channel: the `rung` of its ladder, and how it fares.

    `due_at` is when it is next looked at, also after it was sent or failed: then it is the next
    rung's turn. `error` is a code, never the words of a server.
    """

    id = models.UUIDField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE)
    channel = models.TextField()
    rung = models.SmallIntegerField()
    state = models.TextField()
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("message", "channel"), name="a_message_takes_a_channel_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=STATES), name="a_delivery_is_in_a_known_state"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("queued", "sending")) | Q(due_at__isnull=False),
                name="a_delivery_under_way_is_due",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="a_delivery_has_a_time_once_it_is_sent",
            ),
        )
        indexes = (
            models.Index(
                fields=("channel", "due_at"),
                condition=Q(due_at__isnull=False),
                name="deliveries_that_are_due",
            ),
        )


class Contacts(models.Model):
    """How often the city wrote to a person of its own accord in a month, all services together."""

    pk = models.CompositePrimaryKey("person", "month")
    person = models.BigIntegerField()
    month = models.DateField()
    made = models.SmallIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(made__gte=0), name="contacts_are_counted_from_none"),
        )
