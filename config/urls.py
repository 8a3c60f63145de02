"""Where each part lives. Pages of an account are under ``/a/<slug>/``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
