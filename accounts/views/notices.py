"""What a member was told, and how they want to be told."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import PreferencesForm
from accounts.models import Notice
from accounts.registries import kinds_for
from accounts.services import inbox
from accounts.services.notices import MAX_MAIL_ATTEMPTS
from accounts.web import AccountRequest, account_page, tell_saved, to
from config import clock
from config.paging import page

PAGE_SIZE = 50


@require_safe
@account_page()
def notices(request: AccountRequest) -> HttpResponse:
    """The log: every notice to this person, by which way and when, unread ones marked."""
    mine = Notice.objects.filter(account=request.account, user=request.user)
    shown = page(mine, request.GET, size=PAGE_SIZE)
    context = {
        "page": shown,
        "max_mail_attempts": MAX_MAIL_ATTEMPTS,
        "can_choose": bool(kinds_for(request.actor)),
    }
    return render(request, "accounts/notices.html", context)


@require_POST
@account_page()
def notice(request: AccountRequest, pk: int) -> HttpResponse:
    """Mark one notice read and go to the page it is about."""
    found = get_object_or_404(Notice, account=request.account, user=request.user, pk=pk)
    inbox.mark_read(request.account.pk, user_id=request.user.pk, notice_id=found.pk, at=clock.now())
    return redirect(found.url or to(request, "accounts:notices"))


@require_POST
@account_page()
def read_all_notices(request: AccountRequest) -> HttpResponse:
    inbox.mark_read(request.account.pk, user_id=request.user.pk, at=clock.now())
    return redirect(to(request, "accounts:notices"))


@require_http_methods(["GET", "HEAD", "POST"])
@account_page()
def notice_preferences(request: AccountRequest) -> HttpResponse:
    """For each kind of notice: in the app, by mail, both or neither."""
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        account=request.account,
        user=request.user,
        actor=request.actor,
    )
    if form.is_bound and form.is_valid():
        inbox.set_preferences(request.account.pk, user_id=request.user.pk, wishes=form.wishes())
        tell_saved(request, changes=form.has_changed())
        return redirect(to(request, "accounts:notice_preferences"))
    return render(request, "accounts/notice_preferences.html", {"form": form})
