"""Pages outside any account."""

from __future__ import annotations

from django.urls import path

from accounts import looking, views

urlpatterns = [
    path("", views.home, name="home"),
    path("help/", views.help, name="help"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("stop-looking/", looking.stop_looking, name="stop_looking"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
