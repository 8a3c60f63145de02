"""Users, accounts, and who is what in which account."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.states import Role
from config.email_addresses import as_kept, is_plain, same_as
from config.fields import FoldedField

from .scope import OwnedQuerySet


class UserManager(BaseUserManager["User"]):
    @transaction.atomic
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user who signs in with ``email``; without a password one must be set by mail first.

        The address counts as proven: an invitation reached it, or an operator answers for it.
        After one proven address, others must be proven as well before they take its place.
        """
        if not is_plain(email):
            raise ValueError("An address is kept in small letters only.")
        user = self.model(email=as_kept(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        user.emailaddress_set.create(  # type: ignore[attr-defined]
            email=user.email, verified=True, primary=True
        )
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(same_as(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address. Staff use the Django admin."""

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("support staff", default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_is_unique_in_any_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def get_short_name(self) -> str:
        return self.name or self.email


def validate_time_zone(name: str) -> None:
    """Refuse anything that is not an IANA time zone name such as ``America/Los_Angeles``."""
    if name not in available_timezones():
        raise ValidationError("Choose a time zone from the list, such as America/Los_Angeles.")


class AccountQuerySet(OwnedQuerySet["Account"]):
    account_path = "pk"

    def of_user(self, user: User) -> Self:
        return self.filter(memberships__user=user)


class Account(models.Model):
    """The tenant: a team that holds numbers. Everything belongs to one account."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    search_name = FoldedField("name")
    time_zone = models.CharField(
        max_length=50, default="America/Los_Angeles", validators=[validate_time_zone]
    )
    country = models.CharField(
        max_length=2,
        default="US",
        help_text="Home country; its numbers show without a country code.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = AccountQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Membership(models.Model):
    """A user's role in an account."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="membership_is_unique"),
            models.CheckConstraint(
                name="membership_role_is_known", condition=Q(role__in=Role.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def about(self) -> tuple[str, int, str]:
        return ("member", self.user_id, self.user.email)
