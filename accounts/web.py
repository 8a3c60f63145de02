"""What every page inside an account starts with: who acts, in which account, and who may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import unquote, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from config.errors import DomainError, Forbidden
from config.middleware import request_id_of
from config.refusals import reasons_of

from . import actors
from .actor import Actor
from .looking import SAFE, ended, look_of
from .models import Account, Job, Membership, User
from .states import Permission, Role

P = ParamSpec("P")

#: The cookie with the slug of the account that a browser was in last: no more than a hint.
LAST_ACCOUNT = "account"

NOTHING_CHANGED = "Nothing has changed."


class AccountRequest(HttpRequest):
    """A request inside an account (only a type: the decorator adds the attributes)."""

    user: User
    account: Account
    membership: Membership
    actor: Actor


def account_page(
    permission: Permission = Permission.READ,
) -> Callable[
    [Callable[Concatenate[AccountRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]
]:
    """Decorate a view under ``/a/<slug:account>/``: signed in, a member, and allowed.

    A stranger gets 404, as if the account did not exist. A member whose role lacks ``permission``
    gets a page that says who may (403); so does a view that raises ``Forbidden`` itself. Sets
    ``request.account``, ``.membership``, ``.actor``.
    """

    def decorate(
        view: Callable[Concatenate[AccountRequest, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        @signed_in
        def page(request: HttpRequest, account: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                inside = enter(request, account)
                inside.actor.require(permission)
                response = view(inside, *args, **kwargs)
            except Forbidden as error:
                return render(request, "403.html", {"reason": error.message}, status=403)
            _remember(request, response, account)
            return response

        return page

    return decorate


def _remember(request: HttpRequest, response: HttpResponseBase, slug: str) -> None:
    """Note in the browser that it was in this account; support that looks leaves no trace."""
    if look_of(request) is None and request.COOKIES.get(LAST_ACCOUNT) != slug:
        response.set_cookie(
            LAST_ACCOUNT,
            slug,
            path=settings.SESSION_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def signed_in(view: Callable[P, HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view for people who have signed in; the others are asked to."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return page


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in page, and from there back to where the browser is.

    Never to an address that only takes what is sent to it. A part of a page that htmx asked for
    sends the whole page there. What was typed is kept by ``static/typed.js``.
    """
    is_part = request.headers.get("HX-Request") == "true"
    was_sent = request.method not in SAFE
    back = request.get_full_path()
    if is_part or was_sent:
        back = _place(request, "HX-Current-URL") or _place(request, "Referer") or back
    address = f"{reverse('account_login')}?{urlencode({'next': back}, safe='/')}"
    if was_sent:
        messages.warning(
            request,
            "You were signed out, so nothing was changed. Sign in, and then send it again.",
        )
    if is_part:
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return redirect(address)


def _place(request: HttpRequest, header: str) -> str:
    """The page of ours that a header of the browser names, without the host."""
    url = request.headers.get(header, "")
    ours = {request.get_host(), urlsplit(settings.PUBLIC_URL).netloc}
    if not url_has_allowed_host_and_scheme(url, ours):
        return ""
    parts = urlsplit(url)
    return parts._replace(scheme="", netloc="", fragment="").geturl() if parts.path else ""


def enter(request: HttpRequest, slug: str) -> AccountRequest:
    """Resolve the account and the actor of a signed-in request; ``Http404`` for strangers.

    Support that looks at an account is in that one only. Raises ``Forbidden`` once that is over.
    """
    inside = cast(AccountRequest, request)
    look = look_of(request)
    if look is not None and look.account.slug == slug:
        inside.membership = Membership(account=look.account, user=look.user, role=Role.VIEWER)
        inside.actor = actors.looking(look, request_id=request_id_of(request))
    else:
        membership = None if look else _membership(request, slug)
        if membership is None:
            raise Http404("No such account.")
        inside.membership = membership
        inside.actor = actors.member(membership, request_id=request_id_of(request))
    inside.account = inside.membership.account
    return inside


def _membership(request: HttpRequest, slug: str) -> Membership | None:
    membership = (
        Membership.objects.select_related("account", "user")
        .filter(account__slug=slug, user=cast(User, request.user))
        .first()
    )
    if membership is None and ended(request, slug):
        raise Forbidden(
            "You no longer look at this account: the time for it is over, or you may not any more. "
            "Begin again on its page in the support console."
        )
    return membership


def came_from(request: AccountRequest) -> str:
    """The page of this account that ``?next=`` names; empty where it names none."""
    wanted = request.GET.get("next", "")
    inside = wanted.startswith(f"{get_script_prefix()}a/{request.account.slug}/")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if inside and is_ours and not _leads_out(wanted) else ""


#: So often a path is decoded at most; nothing of ours is encoded at all.
_DECODED = 4


def _leads_out(address: str) -> bool:
    """Whether an address has what a browser or a server may take for a way up, however encoded."""
    path = re.split("[?#]", address, maxsplit=1)[0]
    for _ in range(_DECODED):
        steps = (step.split(";")[0] for step in path.split("/"))
        if "\\" in path or ".." in steps or not path.isprintable():
            return True
        path, before = unquote(path), path
        if path == before:
            return not address.isprintable() or "\\" in address
    return True


def job_page(request: AccountRequest, job: Job) -> str:
    """The page of a job, which leads back to where one came from."""
    page, back = to(request, "accounts:job", job.pk), came_from(request)
    return f"{page}?{urlencode({'next': back})}" if back else page


def to(request: HttpRequest, name: str, *args: Any) -> str:
    """The address of a page inside the request's account."""
    return reverse(name, args=[cast(AccountRequest, request).account.slug, *args])


def attempt(
    request: HttpRequest,
    action: Callable[[], object],
    *,
    success: str,
    then: str,
    changes: bool = True,
) -> HttpResponse:
    """Run an action of a plain POST button and come back to ``then`` with a message either way."""
    try:
        action()
    except DomainError as error:
        tell_refusal(request, error)
    else:
        tell_saved(request, success, changes=changes)
    return redirect(then)


def tell_saved(request: HttpRequest, text: str = "Saved.", *, changes: bool = True) -> None:
    """Say on the next page what was done, or that everything was like that already."""
    if changes:
        messages.success(request, text)
    else:
        messages.info(request, NOTHING_CHANGED)


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's own refusals (``handler403``); those of the support console, for the most part."""
    if not request.path.startswith(reverse("admin:index")):
        reason = ""
    elif getattr(request.user, "is_staff", False):
        reason = (
            "Your support login may look here, and may not do this. Whoever manages Numberdesk's "
            "staff can give it the right."
        )
    else:
        reason = "This is where Numberdesk's own staff works. Your account is in the console."
    return render(request, "403.html", {"reason": reason}, status=403)


def tell_refusal(request: HttpRequest, error: DomainError) -> None:
    """Show why an action was refused: one message for each reason."""
    for reason in reasons_of(error):
        messages.error(request, reason)
