"""The base of every endpoint: who asks, what it may do, repeats, and lists."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import django_filters
from django.db import models
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.utils import translate_validation
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actor import Actor
from accounts.models import Account, IdempotencyKey
from accounts.states import Permission
from config import clock
from config.api import CursorPages
from config.api.bodies import METHODS, AlwaysJson, NothingWanted, StrictJsonParser
from config.filters import TextFilter

from . import idempotency

Row = TypeVar("Row", bound=models.Model)

#: Query parameters that every endpoint understands.
_EVERYWHERE = frozenset({"account"})
_OF_PAGES = frozenset({"limit", "cursor"})


class Endpoint(APIView):
    """An address of the API inside the actor's account.

    Reading takes the permission ``read``, everything else ``permission``. Services ask again.
    """

    permission: ClassVar[Permission] = Permission.NUMBERS
    #: Query parameters besides filters and pages; an unknown one is an error.
    parameters: ClassVar[frozenset[str]] = frozenset()
    #: All rows of the model; ``visible`` narrows them to the actor's.
    queryset: ClassVar[Any] = None
    content_negotiation_class = AlwaysJson
    parser_classes: tuple[type[BaseParser], ...] = (StrictJsonParser,)
    http_method_names = METHODS

    _claim: IdempotencyKey | None = None

    @property
    def actor(self) -> Actor:
        return self.request.actor  # type: ignore[attr-defined, no-any-return]

    @property
    def account(self) -> Account:
        return self.request.auth.account  # type: ignore[no-any-return, union-attr]

    @property
    def at(self) -> datetime:
        """The instant of this request, as services want it."""
        return self._at

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self._until_answered:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in whoever may; a POST that was answered before stops here."""
        super().initial(request, *args, **kwargs)
        self._at = clock.now()
        reading = request.method in ("GET", "HEAD")
        self.actor.require(Permission.READ if reading else self.permission)
        self._refuse_unknown_parameters(request)
        if request.method == "DELETE":
            self.wanted(NothingWanted)  # such as a dry run, which a DELETE does not know
        if request.method == "POST":
            self._claim = idempotency.begin(request, self.actor, at=self.at)
            if self._claim is not None:
                self._until_answered.enter_context(idempotency.marking(self._claim, at=self.at))

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, idempotency.Replayed):
            return exc.response
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        if limit := getattr(request, "rate_limit", None):
            for name, value in limit.headers().items():
                response[name] = value
        if self._claim is not None:
            idempotency.conclude(self._claim, response)
        return response

    def known_parameters(self) -> frozenset[str]:
        return _EVERYWHERE | self.parameters

    def _refuse_unknown_parameters(self, request: Request) -> None:
        if unknown := sorted(set(request.query_params) - self.known_parameters()):
            raise ValidationError(
                {name: ["There is no such parameter."] for name in unknown},
                code="unknown_parameter",
            )

    def visible(self) -> Any:
        """The rows that the actor may see."""
        return self.queryset.all().visible_to(self.actor)

    def one(self, pk: int, rows: models.QuerySet[Row] | None = None) -> Any:
        """The row of that id among those that the actor may see; others answer 404."""
        return get_object_or_404(self.visible() if rows is None else rows, pk=pk)

    def wanted(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body of the request, checked for its shape."""
        reader = serializer(data=self.request.data)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)


class ListEndpoint(Endpoint):
    """An address that also lists rows in pages, along the unique column ``ordering``."""

    ordering: ClassVar[str] = "-id"
    pagination_class = CursorPages
    filter_backends: ClassVar[tuple[type[DjangoFilterBackend], ...]] = (DjangoFilterBackend,)
    filterset_class: ClassVar[type[django_filters.FilterSet] | None] = None

    def known_parameters(self) -> frozenset[str]:
        if self.request.method not in ("GET", "HEAD"):
            return super().known_parameters()
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        return super().known_parameters() | _OF_PAGES | frozenset(filters)

    def page(
        self,
        rows: models.QuerySet[Row],
        serializer: type[serializers.BaseSerializer[Any]],
        *,
        complete: Callable[[list[Row]], list[Row]] | None = None,
    ) -> Response:
        """One page of ``rows``, narrowed by the filters of the query string.

        ``complete`` adds what the serializer reads besides the rows.
        """
        if self.filterset_class is not None:
            rows = narrowed(rows, self.filterset_class, self.request.query_params, self.request)
        pages = self.pagination_class()
        found: list[Any] = pages.paginate_queryset(rows, self.request, view=self) or []
        written = serializer(complete(found) if complete else found, many=True)
        return pages.get_paginated_response(written.data)


def narrowed(
    rows: models.QuerySet[Row],
    filterset_class: type[django_filters.FilterSet],
    wishes: Any,
    request: Request,
) -> models.QuerySet[Row]:
    """``rows`` through the filters; a wish that cannot be read is an error, never left out."""
    for name, each in filterset_class.base_filters.items():
        is_flag = isinstance(each, django_filters.BooleanFilter)
        if is_flag and wishes.get(name) not in (None, "true", "false"):
            raise ValidationError({name: ["Enter true or false."]})
        if wishes.get(name) == "" and not isinstance(each, TextFilter):
            raise ValidationError({name: ["Leave this out, or give it a value."]})
    filterset = filterset_class(wishes, queryset=rows, request=request)
    if not filterset.is_valid():
        raise translate_validation(filterset.errors)
    narrowed_rows: models.QuerySet[Row] = filterset.qs
    return narrowed_rows
