"""Pages inside an account: agents, and the calls and texts of its numbers."""

from __future__ import annotations

from django.urls import path

from .views import agents, texts

app_name = "telephony"

urlpatterns = [
    path("agents/", agents.agents, name="agents"),
    path("agents/new/", agents.create, name="create"),
    path("agents/<int:pk>/", agents.agent, name="agent"),
    path("agents/<int:pk>/rename/", agents.rename, name="rename"),
    path("agents/<int:pk>/go-live/", agents.go_live, name="go_live"),
    path("agents/<int:pk>/pause/", agents.pause, name="pause"),
    path("agents/<int:pk>/delete/", agents.delete, name="delete"),
    path("texts/", texts.texts, name="texts"),
    path("texts/export/", texts.export, name="texts_export"),
]
