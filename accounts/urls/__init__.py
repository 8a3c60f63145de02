"""Pages inside an account, under ``/a/<slug>/``."""

from __future__ import annotations

from django.urls import path

from accounts import views
from accounts.views import jobs

app_name = "accounts"

urlpatterns = [
    path("", views.account_home, name="account_home"),
    path("overview/", views.overview, name="overview"),
    path("help/", views.account_help, name="help"),
    path("activity/", views.activity, name="activity"),
    path("activity.csv", views.activity_csv, name="activity_csv"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:pk>/", jobs.detail, name="job"),
    path("jobs/<int:pk>/progress/", jobs.progress, name="job_progress"),
    path("jobs/<int:pk>/events/", jobs.events, name="job_events"),
    path("jobs/<int:pk>/results.csv", jobs.export, name="job_export"),
    path("jobs/<int:pk>/retry/", jobs.retry, name="job_retry"),
    path("settings/", views.settings, name="settings"),
    path("settings/change/", views.change_settings, name="change_settings"),
    path("settings/members/", views.members, name="members"),
    path("settings/members/invite/", views.invite, name="invite"),
    path("settings/members/<int:pk>/role/", views.change_role, name="change_role"),
    path("settings/members/<int:pk>/remove/", views.remove_member, name="remove_member"),
    path(
        "settings/invitations/<int:pk>/resend/", views.resend_invitation, name="resend_invitation"
    ),
    path(
        "settings/invitations/<int:pk>/revoke/", views.revoke_invitation, name="revoke_invitation"
    ),
    path("settings/api-keys/", views.api_keys, name="api_keys"),
    path("settings/api-keys/create/", views.create_api_key, name="create_api_key"),
    path("settings/api-keys/<int:pk>/revoke/", views.revoke_api_key, name="revoke_api_key"),
    path("settings/notices/", views.notice_preferences, name="notice_preferences"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.read_all_notices, name="read_all_notices"),
    path("notices/<int:pk>/", views.notice, name="notice"),
]
