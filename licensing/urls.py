"""Pages inside an account, under ``/a/<slug>/licenses/``."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "licensing"

urlpatterns = [
    path("", views.manage, name="manage"),
    path("change/", views.change, name="change"),
    path("decide/", views.decide, name="decide"),
    path("grace/", views.grace, name="grace"),
    path("ledger/", views.ledger, name="ledger"),
    path("charges/", views.charges, name="charges"),
    path("payments/<int:pk>/", views.ask_again, name="ask_again"),
]
