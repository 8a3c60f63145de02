"""To the OpenID Connect provider and back. What is decided there: ``accounts.adapter``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps

from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.openid_connect.views import callback
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from requests import RequestException

logger = logging.getLogger(__name__)

REFUSED = "account/single_sign_on_refused.html"


def refused(request: HttpRequest, reason: str, *, status: int) -> HttpResponse:
    """Nobody is signed in, and why."""
    return render(request, REFUSED, {"reason": reason}, status=status)


def _answered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page in our words when the provider does not answer, or not as it should."""

    @wraps(view)
    def page(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            return view(request, provider_id)
        except (RequestException, KeyError, ValueError):
            logger.exception("The OpenID Connect provider does not answer as it should")
            reason = (
                f"{settings.OIDC_NAME} does not answer as it should. Try again in a minute, or "
                "sign in with your password."
            )
            return refused(request, reason, status=502)

    return page


@never_cache
@require_safe
@_answered
def sign_in_with(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider; a safe ``next`` is kept in the session.

    A link and not a form: our ``form-action`` would stop a form on its way to other sites.
    """
    provider = get_adapter(request).get_provider(request, provider_id)
    next_url = get_next_redirect_url(request)
    answer: HttpResponse = provider.redirect(request, process=AuthProcess.LOGIN, next_url=next_url)
    return answer


signed_in_with = never_cache(require_safe(_answered(callback)))
