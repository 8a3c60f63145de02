"""Sign-in by OpenID Connect, where it is configured. allauth finds the callback by its name."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from accounts.views import single_sign_on

PROVIDER = {"provider_id": settings.OIDC_ISSUER}

urlpatterns = [
    path("login/", single_sign_on.sign_in_with, PROVIDER, name="sign_in_with"),
    path("callback/", single_sign_on.signed_in_with, PROVIDER, name="openid_connect_callback"),
]
