"""Pages of the demo: its clock and its mails."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.web import signed_in, tell_refusal
from config import clock
from config.text import plural

from . import mails, rehearsal


@require_POST
@signed_in
def move_clock(request: HttpRequest) -> HttpResponse:
    """Forward the clock and go on where the visitor was."""
    by, now = request.POST.get("by", ""), clock.now()
    deadline = rehearsal.next_deadline()
    if by in rehearsal.STEPS:
        to = now + rehearsal.STEPS[by]
    elif by == "deadline" and deadline is not None:
        to = deadline.at
    else:
        raise Http404
    before = mails.count()
    try:
        rehearsal.forward(to)
    except rehearsal.ClockStuck as error:
        tell_refusal(request, error)
    else:
        written = mails.count() - before
        came = f" {plural(written, 'mail')} came meanwhile." if written else ""
        messages.success(request, f"Time has passed.{came}")
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, None) else "home")


@require_safe
def sent_mails(request: HttpRequest) -> HttpResponse:
    """The mails that would have been sent. Open to everybody: their readers need not sign in."""
    return render(request, "demo/mails.html", {"mails": mails.sent()})


@require_safe
def sent_mail(request: HttpRequest, key: str) -> HttpResponse:
    """One mail, with its links."""
    mail = mails.find(key)
    if mail is None:
        raise Http404
    return render(request, "demo/mail.html", {"mail": mail})
