"""REST, version 1. Every address ends with a slash."""

from __future__ import annotations

from django.urls import include, path, re_path

from config.api import views

urlpatterns = [
    path("schema/", views.SchemaEndpoint.as_view(), name="api-schema"),
    path("docs/", views.docs, name="api-docs"),
    path("", include("accounts.api_urls")),
    path("", include("licensing.api_urls")),
    path("", include("numbers.api_urls")),
    path("", include("telephony.api_urls")),
    re_path("", views.NowhereEndpoint.as_view(), name="api-nowhere"),
]
