"""Addresses of agents, calls and texts."""

from __future__ import annotations

from django.urls import path

from . import api

app_name = "telephony-api"

urlpatterns = [
    path("agents/", api.AgentListEndpoint.as_view(), name="agents"),
    path("agents/<int:pk>/", api.AgentEndpoint.as_view(), name="agent"),
    path("agents/<int:pk>/activations/", api.AgentActivationEndpoint.as_view(), name="activations"),
    path("agents/<int:pk>/pauses/", api.AgentPauseEndpoint.as_view(), name="pauses"),
    path("messages/", api.MessageListEndpoint.as_view(), name="messages"),
    path("messages/<int:pk>/", api.MessageEndpoint.as_view(), name="message"),
]
