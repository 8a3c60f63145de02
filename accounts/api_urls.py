"""Addresses of jobs and events."""

from __future__ import annotations

from django.urls import path

from .api import views

app_name = "accounts-api"

urlpatterns = [
    path("jobs/", views.JobListEndpoint.as_view(), name="jobs"),
    path("jobs/<int:pk>/", views.JobEndpoint.as_view(), name="job"),
    path("jobs/<int:pk>/items/", views.JobItemListEndpoint.as_view(), name="job-items"),
    path("jobs/<int:pk>/retries/", views.JobRetryEndpoint.as_view(), name="job-retries"),
    path("events/", views.EventListEndpoint.as_view(), name="events"),
]
