"""Members and invitations of an account."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import gates
from accounts.forms import InvitationForm, RoleForm, roles_within
from accounts.models import Invitation, Membership
from accounts.services import invitations, people
from accounts.states import ROLE_PERMISSIONS, ROLE_WORDS, Permission, Role
from accounts.web import AccountRequest, account_page, attempt, to
from config import clock
from config.errors import DomainError
from config.refusals import add_refusal
from config.text import inside


@require_safe
@account_page()
def members(request: AccountRequest) -> HttpResponse:
    """Who is in the account, and who is invited."""
    return _members(request, InvitationForm(actor=request.actor))


@require_POST
@account_page(Permission.ADMIN)
def invite(request: AccountRequest) -> HttpResponse:
    form = InvitationForm(request.POST, actor=request.actor)
    if form.is_valid():
        try:
            invitation = invitations.invite(
                request.account.pk,
                email=form.cleaned_data["email"],
                role=Role(form.cleaned_data["role"]),
                actor=request.actor,
                at=clock.now(),
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{invitation.email} gets a mail with a link.")
            return redirect(to(request, "accounts:members"))
    return _members(request, form, status=422)


def _members(request: AccountRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    at = clock.now()
    memberships = Membership.objects.filter(account=request.account).select_related("user")
    roles = roles_within(request.actor)
    unanswered = Invitation.objects.filter(
        account=request.account, accepted_at=None, revoked_at=None
    )
    context = {
        "form": form,
        "role_words": [(Role(role).label, may) for role, may in ROLE_WORDS.items()],
        "rows": [
            {
                "membership": membership,
                "is_me": membership.user_id == request.user.pk,
                "roles": roles if _may_change(request, membership) else [],
            }
            for membership in memberships.order_by("user__email")
        ],
        "invitations": [
            {
                "invitation": invitation,
                "open": invitation.is_open(at),
                "may_change": _is_within(request, invitation.role),
            }
            for invitation in unanswered.order_by("-pk")
        ],
    }
    return render(request, "accounts/members.html", context, status=status)


def _may_change(request: AccountRequest, membership: Membership) -> bool:
    return _is_within(request, membership.role)


def _is_within(request: AccountRequest, role: str) -> bool:
    """Whether this person may give or take the role; the services ask again."""
    actor = request.actor
    return actor.can_admin and ROLE_PERMISSIONS[role] <= actor.permissions


@require_POST
@account_page(Permission.ADMIN)
def change_role(request: AccountRequest, pk: int) -> HttpResponse:
    membership = _member(request, pk)
    form = RoleForm(request.POST, actor=request.actor)
    then = to(request, "accounts:members")
    if not form.is_valid():
        messages.error(request, "You cannot give that role. Ask an owner.")
        return redirect(then)
    role = Role(form.cleaned_data["role"])
    return attempt(
        request,
        partial(people.change_role, membership.pk, role=role, actor=request.actor, at=clock.now()),
        success=f"{membership.user.email} is now {inside(role.label)}.",
        changes=role != membership.role,
        then=then,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@account_page()
def remove_member(request: AccountRequest, pk: int) -> HttpResponse:
    """Say what leaving means, then do it. Everybody may leave; an admin may remove others."""
    membership = _member(request, pk)
    is_me = membership.user_id == request.user.pk
    if not is_me:
        request.actor.require(Permission.ADMIN)
    if request.method == "POST":
        return attempt(
            request,
            partial(people.remove_member, membership.pk, actor=request.actor, at=clock.now()),
            success=f"{membership.user.email} is no longer in {request.account.name}.",
            then="/" if is_me else to(request, "accounts:members"),
        )
    is_owner = membership.role == Role.OWNER
    context = {
        "membership_to_end": membership,
        "is_me": is_me,
        "blockers": gates.stop_being_owner(membership) if is_owner else [],
    }
    return render(request, "accounts/remove_member.html", context)


@require_POST
@account_page(Permission.ADMIN)
def resend_invitation(request: AccountRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    return attempt(
        request,
        partial(invitations.resend, invitation.pk, actor=request.actor, at=clock.now()),
        success=f"{invitation.email} gets a new mail; the link in the earlier one is void.",
        then=to(request, "accounts:members"),
    )


@require_POST
@account_page(Permission.ADMIN)
def revoke_invitation(request: AccountRequest, pk: int) -> HttpResponse:
    invitation = _invitation(request, pk)
    return attempt(
        request,
        partial(invitations.revoke, invitation.pk, actor=request.actor, at=clock.now()),
        success=f"The invitation of {invitation.email} is revoked.",
        then=to(request, "accounts:members"),
    )


def _member(request: AccountRequest, pk: int) -> Membership:
    members = Membership.objects.filter(account=request.account).select_related("user")
    return get_object_or_404(members, pk=pk)


def _invitation(request: AccountRequest, pk: int) -> Invitation:
    return get_object_or_404(Invitation, account=request.account, pk=pk)
