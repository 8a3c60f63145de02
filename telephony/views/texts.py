"""Calls and texts of all numbers, newest first."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.web import AccountRequest, account_page, to
from config import clock
from config.paging import page
from config.spreadsheets import csv_response
from telephony.filters import WHY_NOT_CHOICES, choose
from telephony.forms import TextsForm
from telephony.listing import in_words, rows, with_row_fields
from telephony.models import Message, MessageQuerySet

PAGE_SIZE = 50
CHUNK = 2_000
CSV_HEADER = (
    "time", "from", "kind of sender", "to", "text", "attachments", "keyword", "not answered",
    "segments", "SID",
)  # fmt: skip


@require_safe
@account_page()
def texts(request: AccountRequest) -> HttpResponse:
    """Calls and texts, 50 a page (S4-22, S4-58); filters in the URL."""
    form = TextsForm(request.GET)
    valid = form.is_valid()
    found = _chosen(request, form) if valid else Message.objects.none()
    shown = page(with_row_fields(found), request.GET, size=PAGE_SIZE)
    chips = _chips(request, form)
    context = {
        "form": form,
        "page": shown,
        "rows": rows(shown.rows, request.account),
        "chips": chips,
        "filtered": bool(chips) or not valid,
        "csv_url": f"{to(request, 'telephony:texts_export')}?{request.GET.urlencode()}",
    }
    return render(request, "telephony/texts.html", context, status=200 if valid else 422)


@require_safe
@account_page()
def export(request: AccountRequest) -> HttpResponseBase:
    """The same as a file, all of it."""
    form = TextsForm(request.GET)
    if not form.is_valid():
        return redirect(f"{to(request, 'telephony:texts')}?{request.GET.urlencode()}")
    found = with_row_fields(_chosen(request, form)).order_by("-pk")
    name = f"texts-{request.account.slug}-{clock.now():%Y-%m-%d}.csv"
    lines = map(_line, found.iterator(chunk_size=CHUNK))
    return csv_response(CSV_HEADER, lines, filename=name, query=request.GET)


def _chosen(request: AccountRequest, form: TextsForm) -> MessageQuerySet:
    """What the filters leave; their days are whole ones in the account's zone."""
    wishes, account = dict(form.cleaned_data), request.account
    since, until = wishes.pop("since"), wishes.pop("until")
    mine = Message.objects.visible_to(request.actor)
    return choose(
        mine,
        account,
        **wishes,
        start=datetime.combine(since, time.min, account.zone) if since else None,
        end=datetime.combine(until + timedelta(days=1), time.min, account.zone) if until else None,
    )


def _chips(request: AccountRequest, form: TextsForm) -> list[dict[str, Any]]:
    """Each filter in force, as a link that takes it away."""
    reasons = dict(WHY_NOT_CHOICES)
    chips = []
    for name, field in form.fields.items():
        value = form.cleaned_data.get(name)
        if not value:
            continue
        query = request.GET.copy()
        for gone in (name, "before", "after"):
            query.pop(gone, None)
        text = reasons[value] if name == "not_answered" else f"{field.label}: {value}"
        url = f"{to(request, 'telephony:texts')}?{query.urlencode()}"
        chips.append({"label": text, "url": url, "on": True})
    return chips


def _line(message: Message) -> list[Any]:
    address = message.conversation.address
    return [
        message.occurred_at.isoformat(timespec="seconds"),
        address.canonical,
        address.get_kind_display(),
        message.conversation.number_e164,
        message.body,
        in_words(message.attachments),
        message.get_keyword_display(),
        message.not_answered,
        message.segments,
        message.provider_sid,
    ]
