"""Where programs call us (mechanism 7); below a source, its hook decides what addresses mean."""

from __future__ import annotations

from django.urls import path

from accounts import hooks

urlpatterns = [path("<slug:source>/<path:address>", hooks.receive, name="hook")]
