"""Where each part lives. Pages of an account are under ``/a/<slug>/``."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import health

# Staff sign in, sign out and change passwords where everybody does, so that the second factor, the
# rate limits, the mails about it and the end of a look hold for them.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.logout = logout  # type: ignore[method-assign]
admin.site.password_change = RedirectView.as_view(  # type: ignore[assignment,method-assign]
    pattern_name="account_change_password"
)

handler400 = "config.intake.bad_request"
handler403 = "accounts.web.not_allowed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls.front")),
    path("a/<slug:account>/", include("accounts.urls")),
    path("a/<slug:account>/licenses/", include("licensing.urls")),
    path("a/<slug:account>/", include("numbers.urls")),
    path("a/<slug:account>/", include("telephony.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    *([path("accounts/oidc/", include("accounts.urls.oidc"))] if settings.OIDC_ISSUER else []),
    path("admin/", admin.site.urls),
    path("api/v1/", include("config.api_urls")),
    path("hooks/", include("accounts.urls.hooks")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
