"""People, keys, events and notices, for support staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

from allauth.socialaccount.models import SocialAccount
from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from config import clock
from config.admin import Act, ReasonForm, SupportAdmin
from config.middleware import request_id_of
from config.phone_numbers import whole
from config.text import inside, tidy

from . import actors
from .actor import Actor
from .job_kinds import kind_of
from .models import (
    Account,
    ApiKey,
    Event,
    HookDelivery,
    Invitation,
    Job,
    JobItem,
    Look,
    Membership,
    Notice,
    Postponed,
    User,
)
from .overview import LOOKED_AT_FOR
from .registries import SUBJECTS
from .services import api_keys, hooks, invitations, job_items, people, support
from .states import ActorKind, DeliveryState, JobState, Role


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


def _forget_logins(user: User, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    support.forget_logins(user.pk, actor=acting(request, data), at=at)
    return f"{user.email} is known by no login of the provider any more."


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
        Act(
            "forget",
            "Forget single sign-on",
            _forget_logins,
            means=lambda user: (
                "For somebody who has got a new login at the OpenID Connect provider: the next one "
                "with their verified address takes the old one's place.",
            ),
            applies=lambda user: SocialAccount.objects.filter(user=user).exists(),
            danger=True,
        ),
    )

    def links(self, row: User) -> list[tuple[str, str]]:
        return [("Memberships", list_url("accounts_membership", user__id__exact=row.pk))]


class RoleForm(ReasonForm):
    role = forms.ChoiceField(choices=Role.choices)


def _change_role(
    membership: Membership, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    people.change_role(membership.pk, role=Role(data["role"]), actor=acting(request, data), at=at)
    return f"{membership.user} is now {inside(Role(data['role']).label)}."


@admin.register(Membership)
class MembershipAdmin(SupportAdmin):
    list_display = ("user", "account", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "account")
    search_fields = ("user__email", "account__slug")
    name_column = "account__search_name"
    acts = (Act("role", "Change role", _change_role, form=RoleForm),)


def _revoke(key: ApiKey, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    api_keys.revoke(key.pk, actor=acting(request, data), at=at)
    return f"The key “{key.name}” is revoked."


@admin.register(ApiKey)
class ApiKeyAdmin(SupportAdmin):
    list_display = ("name", "prefix", "account", "created_by", "last_used_at", "revoked_at")
    list_select_related = ("account",)
    search_fields = ("name", "prefix", "account__slug")
    exclude = ("secret_hash", "sheet")
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


def _revoke_invitation(
    invitation: Invitation, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    invitations.revoke(invitation.pk, actor=acting(request, data), at=at)
    return f"The invitation of {invitation.email} is revoked."


@admin.register(Invitation)
class InvitationAdmin(SupportAdmin):
    list_display = ("email", "account", "role", "created_at", "expires_at", "accepted_at")
    list_select_related = ("account",)
    search_fields = ("email", "account__slug")
    exclude = ("token_hash",)
    acts = (
        Act(
            "revoke",
            "Revoke",
            _revoke_invitation,
            means=lambda invitation: ("The link in the mail is void from now on.",),
            applies=lambda invitation: not (invitation.accepted_at or invitation.revoked_at),
            danger=True,
        ),
    )


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
    search_help_text = (
        "A number in any format or by its last digits; or, exactly as it stands there, another "
        "subject, a request id, who acted, an account."
    )
    #: Numbers of all accounts that end with the same digits.
    MOST_MEANT = 200

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Equality only: a pattern over a million rows would take seconds."""
        term = tidy(search_term)
        if not term:
            return queryset, False
        account = Account.objects.filter(slug=term).values("pk")[:1]
        meant = (
            Q(subject_label__in=[term, *whole(term)])
            | Q(request_id=term)
            | Q(actor_label=term)
            | Q(account=account)
        )
        for subject_type, subject in SUBJECTS.items():
            if subject.find_anywhere is not None:
                ids = list(subject.find_anywhere(term)[: self.MOST_MEANT])
                meant |= Q(subject_type=subject_type, subject_id__in=ids)
        return queryset.filter(meant), False


@admin.register(Notice)
class NoticeAdmin(SupportAdmin):
    list_display = ("created_at", "account", "user", "kind", "title", "mailed_at", "mail_attempts")
    list_filter = ("kind",)
    list_select_related = ("account", "user")
    search_fields = ("user__email__exact", "=account__slug")


def _run_again(job: Job, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    return support.run_again(job.pk, actor=acting(request, data), at=at)


class WantsALookFilter(admin.SimpleListFilter):
    """What the first page counts: ``words`` for it, and which rows it is ``since`` a moment."""

    title = "what wants a look"
    parameter_name = "wants"
    words: ClassVar[str]

    def since(self, moment: datetime) -> QuerySet[Any]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("look", self.words)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "look":
            return queryset
        return queryset.filter(pk__in=self.since(clock.now() - LOOKED_AT_FOR).values("pk"))


class FailedJobsFilter(WantsALookFilter):
    words = f"Failed in the last {LOOKED_AT_FOR.days} days, and not tried again"

    def since(self, moment: datetime) -> QuerySet[Any]:
        return Job.objects.for_support(moment)


@admin.register(Job)
class JobAdmin(SupportAdmin):
    list_display = (
        "id", "account", "kind", "title", "state", "done", "total", "actor_label", "created_at",
        "error",
    )  # fmt: skip
    list_filter = (FailedJobsFilter, "state")
    list_select_related = ("account",)
    search_fields = ("=account__slug", "title")
    exclude = ("lease", "params", "task")
    acts = (
        Act(
            "again",
            "Run again",
            _run_again,
            means=lambda job: (
                "It begins anew."
                if kind_of(job).run_again
                else "It continues where it stopped; what is done is not done twice.",
            ),
            applies=lambda job: job.state == JobState.FAILED,
        ),
    )

    def links(self, row: Job) -> list[tuple[str, str]]:
        mine = {"job__id__exact": row.pk}
        gone = job_items.are_gone(row, at=clock.now())
        removed = f" (removed {job_items.KEPT.days} days after it ended)" if gone else ""
        others = {"Undoes job": row.undoes_id, "Undone by job": row.undone_by_id}
        return [
            (f"Results{removed}", list_url("accounts_jobitem", **mine)),
            ("Events", list_url("accounts_event", **mine)),
            *(
                (f"{words} {pk}", reverse("admin:accounts_job_change", args=[pk]))
                for words, pk in others.items()
                if pk is not None
            ),
        ]


@admin.register(JobItem)
class JobItemAdmin(SupportAdmin):
    list_display = ("key", "state", "attempts", "code", "message")
    list_filter = ("state",)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Not in the index: items make sense inside their job."""
        return {}


@admin.register(Look)
class LookAdmin(SupportAdmin):
    """Who looks, or has looked, at which account as its members see it."""

    list_display = ("began_at", "account", "user", "reason", "ends_at", "ended_at")
    list_select_related = ("account", "user")
    search_fields = ("user__email__exact", "=account__slug")


@admin.register(Postponed)
class PostponedAdmin(SupportAdmin):
    """What sweeps tried in vain; a row leaves this list when it goes through."""

    list_display = ("what", "row_id", "failures", "until", "error")
    ordering = ("-failures", "-pk")
    search_fields = ("=what",)


def _handle_again(
    delivery: HookDelivery, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    answer = hooks.run_again(delivery.pk, actor=acting(request, data), at=at)
    return f"Handled now; the answer would have been {answer.status}."


@admin.register(HookDelivery)
class HookDeliveryAdmin(SupportAdmin):
    list_display = ("received_at", "account", "source", "key", "state", "attempts", "error")
    list_filter = ("state", "source")
    list_select_related = ("account",)
    search_fields = ("=key", "=account__slug", "=request_id")
    exclude = ("body", "answer_body", "address")  # words of customers, and secrets in addresses
    acts = (
        Act(
            "run_again",
            "Run again",
            _handle_again,
            means=lambda delivery: (
                "What came is handled as if it came now; whoever called hears nothing of it.",
            ),
            applies=lambda delivery: delivery.state != DeliveryState.ANSWERED,
        ),
    )
