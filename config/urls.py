"""Where each part lives. Pages of an account are under ``/a/<slug>/``."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import health

# Staff sign in and change passwords where everybody does, so that the second factor, the rate
# limits and the mails about it hold for them.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.password_change = RedirectView.as_view(  # type: ignore[assignment,method-assign]
    pattern_name="account_change_password"
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls.front")),
    path("a/<slug:account>/", include("accounts.urls")),
    path("a/<slug:account>/licenses/", include("licensing.urls")),
    path("a/<slug:account>/", include("numbers.urls")),
    path("a/<slug:account>/agents/", include("telephony.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("config.api_urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
