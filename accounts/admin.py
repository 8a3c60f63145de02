"""People, keys, events and notices, for support staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from config.admin import Act, ReasonForm, SupportAdmin
from config.middleware import request_id_of

from . import actors
from .actors import Actor
from .models import Account, ApiKey, Event, Invitation, Membership, Notice, User
from .services import api_keys, people, support
from .states import ActorKind, Role


def acting(request: HttpRequest, data: dict[str, Any]) -> Actor:
    """The member of staff who acts, with the reason they gave."""
    user = cast(User, request.user)
    return actors.support(user, request_id=request_id_of(request), reason=data["reason"])


def list_url(model: str, **filters: Any) -> str:
    """The admin's list of ``model`` (``numbers_phonenumber``), filtered."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return f"{reverse(f'admin:{model}_changelist')}?{query}"


def _set_active(active: bool) -> Any:
    def run(user: User, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
        support.set_active(user.pk, active=active, actor=acting(request, data), at=at)
        return f"{user.email} {'can sign in again' if active else 'cannot sign in any more'}."

    return run


@admin.register(User)
class UserAdmin(SupportAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    acts = (
        Act(
            "lock",
            "Lock out",
            _set_active(False),
            means=lambda user: ("Signed out everywhere, and cannot sign in until unlocked.",),
            applies=lambda user: user.is_active,
            danger=True,
        ),
        Act("unlock", "Let in again", _set_active(True), applies=lambda user: not user.is_active),
    )

    def links(self, row: User) -> list[tuple[str, str]]:
        return [("Memberships", list_url("accounts_membership", user__id__exact=row.pk))]


class RoleForm(ReasonForm):
    role = forms.ChoiceField(choices=Role.choices)


def _change_role(
    membership: Membership, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    people.change_role(membership.pk, role=Role(data["role"]), actor=acting(request, data), at=at)
    return f"{membership.user} is now {Role(data['role']).label.lower()}."


@admin.register(Membership)
class MembershipAdmin(SupportAdmin):
    list_display = ("user", "account", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "account")
    search_fields = ("user__email", "account__slug", "account__name")
    acts = (Act("role", "Change role", _change_role, form=RoleForm),)


def _revoke(key: ApiKey, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    api_keys.revoke(key.pk, actor=acting(request, data), at=at)
    return f"The key “{key.name}” is revoked."


@admin.register(ApiKey)
class ApiKeyAdmin(SupportAdmin):
    list_display = ("name", "prefix", "account", "created_by", "last_used_at", "revoked_at")
    list_select_related = ("account",)
    search_fields = ("name", "prefix", "account__slug")
    exclude = ("secret_hash",)
    acts = (
        Act(
            "revoke",
            "Revoke",
            _revoke,
            means=lambda key: ("Programs that use this key get 401 from now on, for good.",),
            applies=lambda key: key.revoked_at is None,
            danger=True,
        ),
    )


@admin.register(Invitation)
class InvitationAdmin(SupportAdmin):
    list_display = ("email", "account", "role", "created_at", "expires_at", "accepted_at")
    list_select_related = ("account",)
    search_fields = ("email", "account__slug")
    exclude = ("token_hash",)


class ActedByKind(admin.SimpleListFilter):
    title = "who acted"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return ActorKind.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(actor_kind=self.value()) if self.value() else queryset


class EventFamily(admin.SimpleListFilter):
    """What an event is about: the noun before the dot of its type."""

    title = "about"
    parameter_name = "about"
    FAMILIES = (
        "account", "agent", "api_key", "connection", "grace", "import", "job", "license",
        "member", "number", "subscription", "support",
    )  # fmt: skip

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, name.replace("_", " ").capitalize()) for name in self.FAMILIES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.FAMILIES:
            return queryset
        return queryset.filter(type__startswith=f"{self.value()}.")


@admin.register(Event)
class EventAdmin(SupportAdmin):
    list_display = ("at", "account", "type", "subject_label", "summary", "actor_label", "reason")
    list_filter = (EventFamily, ActedByKind)
    list_select_related = ("account",)
    search_fields = ("subject_label",)
    search_help_text = "Exactly: a subject (numbers as +1…), a request id, who acted, an account."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Equality only: a pattern over a million rows would take seconds."""
        term = search_term.strip()
        if not term:
            return queryset, False
        account = Account.objects.filter(slug=term).values("pk")[:1]
        return queryset.filter(
            Q(subject_label=term) | Q(request_id=term) | Q(actor_label=term) | Q(account=account)
        ), False


@admin.register(Notice)
class NoticeAdmin(SupportAdmin):
    list_display = ("created_at", "account", "user", "kind", "title", "mailed_at", "mail_attempts")
    list_filter = ("kind",)
    list_select_related = ("account", "user")
    search_fields = ("=user__email", "=account__slug")
