"""Pages inside an account, under ``/a/<slug>/agents/``."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "telephony"

urlpatterns = [
    path("", views.agents, name="agents"),
    path("new/", views.create, name="create"),
    path("<int:pk>/", views.agent, name="agent"),
    path("<int:pk>/rename/", views.rename, name="rename"),
    path("<int:pk>/go-live/", views.go_live, name="go_live"),
    path("<int:pk>/pause/", views.pause, name="pause"),
    path("<int:pk>/delete/", views.delete, name="delete"),
]
