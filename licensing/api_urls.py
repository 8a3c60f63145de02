"""Addresses of licenses and grace periods."""

from __future__ import annotations

from django.urls import path

from . import api

app_name = "licensing-api"

urlpatterns = [
    path("licenses/", api.LicensesEndpoint.as_view(), name="licenses"),
    path("license-changes/", api.LicenseChangeListEndpoint.as_view(), name="license-changes"),
    path("payments/", api.PaymentListEndpoint.as_view(), name="payments"),
    path("payments/<int:pk>/", api.PaymentEndpoint.as_view(), name="payment"),
    path("payments/<int:pk>/attempts/", api.PaymentAskEndpoint.as_view(), name="payment-attempts"),
    path("grace-periods/", api.GracePeriodListEndpoint.as_view(), name="grace-periods"),
    path("grace-periods/<int:pk>/", api.GracePeriodEndpoint.as_view(), name="grace-period"),
]
