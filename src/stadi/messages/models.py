"""Stored: messages as they were sent, in the city's own inbox."""

from django.db import models
from django.db.models import F, Q


class Message(models.Model):
    """One message to one resident; `key` makes a second sending of the same one impossible."""

    id = models.UUIDField(primary_key=True)
    recipient = models.BigIntegerField(db_index=True)
    key = models.TextField()
    subject = models.TextField()
    body = models.TextField()
    link = models.TextField()
    sent_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("key",), name="a_message_is_sent_once"),
            models.CheckConstraint(
                condition=Q(opened_at=None) | Q(opened_at__gte=F("sent_at")),
                name="a_message_is_opened_after_it_is_sent",
            ),
        )
