"""Twilio connections and imports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint, ListEndpoint
from accounts.states import Permission
from config.api.bodies import NothingWanted
from config.errors import Invalid, Reason
from numbers.models import Connection, Import
from numbers.services import connections, imports
from numbers.states import Outcome

from .serializers import (
    ConnectionSerializer,
    ImportDetailSerializer,
    ImportSerializer,
    WantedConnectionSerializer,
    WantedImportSerializer,
    WantedRefreshSerializer,
    WantedTokenSerializer,
)

_TWILIO = {
    "502": "Twilio answered with nothing that we understand.",
    "503": "Twilio did not answer in time. Try again later.",
}


class ConnectionListEndpoint(ListEndpoint):
    permission = Permission.ADMIN
    queryset = Connection.objects.defer(*Connection.SECRETS)
    ordering = "id"
    problems = _TWILIO

    @extend_schema(responses=ConnectionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List Twilio connections."""
        return self.page(self.visible(), ConnectionSerializer)

    @extend_schema(
        request=WantedConnectionSerializer,
        responses={201: ConnectionSerializer},
        examples=[
            OpenApiExample(
                "A subaccount", {"sid": f"AC{'0' * 31}1", "token": "f" * 32}, request_only=True
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Connect a Twilio subaccount. Twilio is asked at once whether the token fits."""
        wanted = self.wanted(WantedConnectionSerializer)
        connection = connections.connect(self.account.pk, **wanted, actor=self.actor, at=self.at)
        location = reverse("numbers-api:connection", args=[connection.pk])
        body = ConnectionSerializer(connection).data
        return Response(body, status=201, headers={"Location": location})


class ConnectionEndpoint(Endpoint):
    permission = Permission.ADMIN
    queryset = Connection.objects.defer(*Connection.SECRETS)

    @extend_schema(responses=ConnectionSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One connection."""
        return Response(ConnectionSerializer(self.one(pk)).data)

    @extend_schema(request=WantedRefreshSerializer, responses=ConnectionSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change how often the connection is refreshed without being asked."""
        connection = self.one(pk)
        wanted = self.wanted(WantedRefreshSerializer)
        changed = connections.schedule_refresh(
            connection.pk, every=wanted["refresh_every"], actor=self.actor, at=self.at
        )
        return Response(ConnectionSerializer(changed).data)

    @extend_schema(responses={200: ConnectionSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a connection that no held, excluded or releasing number needs. History stays."""
        connection = self.one(pk)
        removed = connections.remove(connection.pk, actor=self.actor, at=self.at)
        return Response(ConnectionSerializer(removed).data)


class ConnectionTokenEndpoint(Endpoint):
    permission = Permission.ADMIN
    queryset = Connection.objects.defer(*Connection.SECRETS)
    problems = _TWILIO

    @extend_schema(request=WantedTokenSerializer, responses=ConnectionSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Replace the stored token with one that Twilio accepts now."""
        connection = self.one(pk)
        wanted = self.wanted(WantedTokenSerializer)
        changed = connections.replace_token(
            connection.pk, token=wanted["token"], actor=self.actor, at=self.at
        )
        return Response(ConnectionSerializer(changed).data)


class ConnectionCheckEndpoint(Endpoint):
    permission = Permission.ADMIN
    queryset = Connection.objects.defer(*Connection.SECRETS)
    problems = _TWILIO

    @extend_schema(request=NothingWanted, responses={201: ConnectionSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Ask Twilio whether the connection works."""
        connection = self.one(pk)
        self.wanted(NothingWanted)
        checked = connections.check(connection.pk, actor=self.actor, at=self.at)
        return Response(ConnectionSerializer(checked).data, status=201)


class ImportListEndpoint(ListEndpoint):
    queryset = Import.objects.select_related("job")

    @extend_schema(responses=ImportSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List imports, newest first."""
        return self.page(self.visible(), ImportSerializer)

    @extend_schema(
        request=WantedImportSerializer,
        responses={202: OpenApiResponse(ImportDetailSerializer, "Follow it at `Location`.")},
        examples=[OpenApiExample("Refresh", {"connection": 1}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Import or refresh a connection's numbers, or join the import that runs."""
        wanted = self.wanted(WantedImportSerializer)
        mine = Connection.objects.visible_to(self.actor).filter(pk=wanted["connection"])
        if not mine.exists():
            raise Invalid(
                {
                    "connection": [
                        Reason("unknown_connection", "Choose a connection of this account.")
                    ]
                }
            )
        run = imports.request_import(wanted["connection"], actor=self.actor, at=self.at)
        location = reverse("numbers-api:import", args=[run.pk])
        body = _detail(self.one(run.pk))
        return Response(body, status=202, headers={"Location": location})


class ImportEndpoint(Endpoint):
    queryset = Import.objects.select_related("job")

    @extend_schema(responses=ImportDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One import: how far it is, what it found, and where to list exactly those numbers."""
        return Response(_detail(self.one(pk)))


def _detail(run: Import) -> Any:
    address = reverse("numbers-api:numbers")
    found = {
        str(outcome): f"{address}?imported_in={run.job_id}&outcome={outcome}"
        for outcome in Outcome.values
    }
    run.counts = SimpleNamespace(**imports.counts(run.job))  # type: ignore[attr-defined]
    run.odd_rows = run.job.result.get("odd_rows", 0)  # type: ignore[attr-defined]
    odd = run.job.result.get("odd", [])
    run.odd = [SimpleNamespace(**row) for row in odd]  # type: ignore[attr-defined]
    run.numbers = SimpleNamespace(**found)  # type: ignore[attr-defined]
    return ImportDetailSerializer(run).data
