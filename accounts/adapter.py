"""How signing in differs from allauth's defaults."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from config import clock
from config.email_addresses import as_kept
from config.text import absolute

from . import looking
from .models import Account, User
from .services import single_sign_on
from .services.single_sign_on import Identity, NotSignedIn
from .views.single_sign_on import refused

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up alone: a user is made by an invitation or by an operator."""
        return False

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """The time is written as everywhere, in the zone of the account."""
        when = {"timestamp": absolute(clock.now(), _zone_of(user))}
        super().send_notification_mail(template_prefix, user, when | (context or {}), email)

    def logout(self, request: HttpRequest) -> None:
        """Signing out ends a look as well."""
        looking.end(request, how=" by signing out")
        super().logout(request)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Decide who has come back from the provider, instead of allauth's signup."""
        try:
            identity = _identity(sociallogin)
            user, is_new = single_sign_on.recognize(identity, at=clock.now())
        except NotSignedIn as error:
            logger.info("Nobody is signed in by OpenID Connect: %s", error.code)
            answer = refused(request, error.message, status=error.http_status)
            raise ImmediateHttpResponse(answer) from error
        sociallogin.user = user
        if is_new:
            self.send_notification_mail(
                "socialaccount/email/account_connected", user, {"provider": identity.provider}
            )

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Back to the sign-in page when somebody pressed Cancel; else why it failed."""
        if error == AuthError.CANCELLED:
            messages.info(request, f"You did not sign in with {settings.OIDC_NAME}.")
            next_url = ((extra_context or {}).get("state") or {}).get("next")
            query = f"?{urlencode({'next': next_url})}" if next_url else ""
            raise ImmediateHttpResponse(redirect(reverse("account_login") + query))
        logger.warning("Sign-in by OpenID Connect failed: %r", exception or error)
        reason = (
            f"{settings.OIDC_NAME} did not confirm who you are, or it took too long. "
            "Begin again from the sign-in page."
        )
        raise ImmediateHttpResponse(refused(request, reason, status=401))


def _zone_of(user: User) -> ZoneInfo:
    """That of the account of somebody who is in one, else UTC."""
    zones = set(Account.objects.of_user(user).values_list("time_zone", flat=True))
    return ZoneInfo(zones.pop()) if len(zones) == 1 else ZoneInfo("UTC")


def _identity(sociallogin: SocialLogin) -> Identity:
    """What the provider says, read once more: what must agree, and only ``true`` is true.

    Raises ``NotSignedIn`` where the ID token is missing, of another issuer, or of somebody else
    than the profile.
    """
    said = sociallogin.account.extra_data
    token, profile = said.get("id_token") or {}, said.get("userinfo") or {}
    same_person = token.get("sub") and profile.get("sub", token["sub"]) == token["sub"]
    is_ours = str(token.get("iss", "")).rstrip("/") == settings.OIDC_ISSUER
    if not (same_person and is_ours) or sociallogin.state.get("process") != AuthProcess.LOGIN:
        raise NotSignedIn(
            f"What {settings.OIDC_NAME} says about you does not agree with itself. Support can "
            "look into it.",
            code="contradiction",
        )
    claims = profile if profile.get("email") else token
    email, verified = as_kept(str(claims.get("email") or "")), claims.get("email_verified")
    return Identity(
        issuer=settings.OIDC_ISSUER,
        subject=str(token["sub"]),
        email="" if "\0" in email else email,  # no database compares with that
        is_verified=verified is True or verified == "true",  # 1 equals True
        name=str(claims.get("name") or ""),
        provider=settings.OIDC_NAME,
    )
