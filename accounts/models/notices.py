"""Notices: what people are told, in the app and by mail, each once (B9)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> NoticeQuerySet:
        return self.filter(in_app=True, read_at=None)

    def unmailed(self) -> NoticeQuerySet:
        return self.filter(by_mail=True, mailed_at=None)


class Notice(models.Model):
    """One message to one person. ``key`` makes it a message that is sent once.

    ``mail_due_at`` is when a worker should (again) try to mail it: a claim moves it forward, so a
    worker that dies while sending costs a delay and not the mail.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="notices")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    title = models.CharField(max_length=150)
    body = models.TextField()
    url = models.CharField("URL", max_length=200, blank=True)
    in_app = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user", "key"], name="notice_is_sent_once"),
        ]
        indexes = [
            models.Index(name="notice_recent", fields=["user", "account", "-id"]),
            models.Index(
                name="notice_mail_due",
                fields=["mail_due_at"],
                condition=Q(mailed_at=None, by_mail=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NoticePreference(models.Model):
    """What a member wants to hear of one kind of notice. Without a row: both ways."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="notice_preferences")
    kind = models.CharField(max_length=40)
    in_app = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user", "kind"], name="notice_preference_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
