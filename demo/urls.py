"""The addresses of a demo: the product's, and its own."""

from __future__ import annotations

from django.urls import include, path

from config.urls import handler400 as handler400
from config.urls import handler403 as handler403
from config.urls import urlpatterns as product

from . import views

own = (
    [
        path("clock/", views.move_clock, name="clock"),
        path("mails/", views.sent_mails, name="mails"),
        path("mails/<str:key>/", views.sent_mail, name="mail"),
    ],
    "demo",
)
urlpatterns = [*product, path("demo/", include(own))]
