"""Licenses over REST: where the account stands, changes of the count, grace periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint, ListEndpoint
from accounts.api.serializers import ActorSerializer
from accounts.states import Permission
from config.api.bodies import (
    BlockerSerializer,
    Flag,
    NothingWanted,
    RowSerializer,
    Text,
    Wanted,
    Whole,
)

from . import gates
from .models import GracePeriod, LicenseChange, PaymentAttempt, Subscription
from .pricing import quote
from .services import attempts, licenses
from .services.attempts import PaymentUnanswered
from .services.entitlement import no_subscription
from .standing import Standing, of_subscription
from .states import AttemptState, ChargeKind, GraceState, SubscriptionState


def _money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=2, **options)


def _price(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=10, decimal_places=4, **options)


class GracePeriodSerializer(RowSerializer):
    """The 48 hours in which more numbers may be held than there are licenses."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(GraceState.choices)
    opened_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    held_at_open = serializers.IntegerField()
    licenses_at_open = serializers.IntegerField()
    over_at_open = serializers.IntegerField()
    opened_by_job = serializers.IntegerField(source="opened_by_job_id", allow_null=True)
    expired_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(
        allow_null=True, help_text="When the account was within its licenses again."
    )
    extended_at = serializers.DateTimeField(allow_null=True)
    extension_reason = serializers.CharField()


class SubscriptionSerializer(RowSerializer):
    """What is paid for. Money in `currency`."""

    state = serializers.ChoiceField(SubscriptionState.choices)
    price = _price(help_text="Of one license a month.")
    monthly = serializers.SerializerMethodField()
    currency = serializers.CharField()
    period_ends_at = serializers.DateTimeField(help_text="Paid until then.")

    @extend_schema_field(_money())
    def get_monthly(self, subscription: Subscription) -> str:
        return str(subscription.monthly())


class PaymentSerializer(RowSerializer):
    """A payment that was asked for. `unanswered`: the bank has not said anything yet."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(AttemptState.choices)
    kind = serializers.ChoiceField(ChargeKind.choices)
    description = serializers.CharField()
    quantity = serializers.IntegerField(help_text="Licenses that are paid for.")
    amount = _money()
    currency = serializers.CharField()
    message = serializers.CharField(help_text="Why it was refused; may be empty.")
    actor = ActorSerializer(source="*")
    created_at = serializers.DateTimeField()
    next_ask_at = serializers.DateTimeField(
        allow_null=True, help_text="When the bank is asked again; null once it has answered."
    )
    settled_at = serializers.DateTimeField(allow_null=True, help_text="When the bank answered.")
    license_change = serializers.IntegerField(
        source="license_change_id",
        allow_null=True,
        help_text="The line of the ledger that it paid for.",
    )


class LicensesSerializer(RowSerializer):
    """What the account owns and what it uses."""

    licenses = serializers.IntegerField(source="standing.licenses", help_text="Owned.")
    held = serializers.IntegerField(source="standing.held", help_text="Numbers that take one.")
    over = serializers.IntegerField(source="standing.over", help_text="Held beyond the licenses.")
    free = serializers.IntegerField(source="standing.free")
    restricted = serializers.BooleanField(
        source="standing.restricted",
        help_text="The grace period is over with the account still over its licenses.",
    )
    grace_period = GracePeriodSerializer(source="standing.period", allow_null=True)
    subscription = SubscriptionSerializer(allow_null=True)
    unanswered_payment = PaymentSerializer(
        allow_null=True, help_text="While there is one, licenses cannot be changed."
    )


class ChargeSerializer(RowSerializer):
    """A line of an invoice."""

    id = serializers.IntegerField()
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = _price()
    amount = _money()
    currency = serializers.CharField()
    charged_at = serializers.DateTimeField()
    reference = serializers.CharField()


class LicenseChangeSerializer(RowSerializer):
    """A line of the ledger of licenses."""

    id = serializers.IntegerField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    held = serializers.IntegerField(help_text="Numbers held at that moment.")
    reason = serializers.CharField()
    actor = ActorSerializer(source="*")
    charge = ChargeSerializer(allow_null=True)
    at = serializers.DateTimeField()


class LicenseQuoteSerializer(RowSerializer):
    """What a change of the license count would cost and do. Money in `currency`."""

    before = serializers.IntegerField()
    after = serializers.IntegerField()
    held = serializers.IntegerField()
    price = _price()
    monthly_before = _money()
    monthly_after = _money()
    charge_today = _money(help_text="For the rest of the paid month.")
    currency = serializers.CharField()
    period_ends_at = serializers.DateTimeField()
    grace_effect = serializers.CharField(help_text="What it does to the clock; may be empty.")
    blockers = BlockerSerializer(many=True)


class WantedLicensesSerializer(Wanted):
    """How many licenses the account shall own."""

    to = Whole(min_value=0, max_value=gates.MOST_LICENSES)
    reason = Text(required=False, allow_blank=True, max_length=300, help_text="Kept in the ledger.")
    preview = Flag(required=False, default=False, help_text="Only say what it would cost and do.")


@dataclass(frozen=True)
class Entitlement:
    """Where the account stands, and what it has paid for."""

    standing: Standing
    subscription: Subscription | None
    unanswered_payment: PaymentAttempt | None


class LicensesEndpoint(Endpoint):
    @extend_schema(operation_id="licenses_retrieve", responses=LicensesSerializer)
    def get(self, request: Request) -> Response:
        """How many licenses the account owns and uses, what they cost, and the grace period."""
        subscription = Subscription.objects.visible_to(self.actor).first()
        standing = of_subscription(subscription, account_id=self.account.pk, at=self.at)
        unanswered = attempts.open_attempt(self.account.pk)
        return Response(LicensesSerializer(Entitlement(standing, subscription, unanswered)).data)


class LicenseChangeListEndpoint(ListEndpoint):
    permission = Permission.LICENSES
    queryset = LicenseChange.objects.select_related("charge")
    problems = {"402": "The payment was refused; licenses are unchanged."}

    @extend_schema(responses=LicenseChangeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List every change of the license count, newest first."""
        return self.page(self.visible(), LicenseChangeSerializer)

    @extend_schema(
        request=WantedLicensesSerializer,
        responses={
            200: OpenApiResponse(LicenseQuoteSerializer, "With `preview`: nothing has changed."),
            201: OpenApiResponse(LicenseChangeSerializer, "Changed; more are paid for."),
            202: OpenApiResponse(
                PaymentSerializer,
                "The bank has not answered yet. The licenses are added as soon as it says yes; "
                "`Location` is the payment to ask after.",
            ),
        },
        examples=[
            OpenApiExample("Own 27", {"to": 27, "reason": "The ported office"}, request_only=True),
            OpenApiExample("What would 27 cost?", {"to": 27, "preview": True}, request_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Own another number of licenses from now on.

        More are charged for the rest of the paid month at once; fewer take effect at once.
        """
        wanted = self.wanted(WantedLicensesSerializer)
        if wanted["preview"]:
            return self._preview(wanted["to"])
        try:
            change = licenses.change_licenses(
                self.account.pk,
                to=wanted["to"],
                reason=wanted.get("reason", ""),
                actor=self.actor,
                at=self.at,
            )
        except PaymentUnanswered as silence:
            address = reverse("licensing-api:payment", args=[silence.attempt.pk])
            waiting = PaymentSerializer(silence.attempt).data
            return Response(waiting, status=202, headers={"Location": address})
        return Response(LicenseChangeSerializer(change).data, status=201)

    def _preview(self, to: int) -> Response:
        subscription = Subscription.objects.visible_to(self.actor).first()
        if subscription is None:
            raise no_subscription()
        offer = quote(
            subscription,
            to=to,
            standing=of_subscription(subscription, account_id=self.account.pk, at=self.at),
            at=self.at,
            unanswered=attempts.open_attempt(self.account.pk),
        )
        return Response(LicenseQuoteSerializer(offer, context={"request": self.request}).data)


class PaymentListEndpoint(ListEndpoint):
    queryset = PaymentAttempt.objects.select_related("charge__license_change")

    @extend_schema(responses=PaymentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List payments that were asked for, newest first."""
        return self.page(self.visible(), PaymentSerializer)


class PaymentEndpoint(Endpoint):
    queryset = PaymentAttempt.objects.select_related("charge__license_change")

    @extend_schema(responses=PaymentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One payment: what became of it, and the line of the ledger that it paid for."""
        return Response(PaymentSerializer(self.one(pk)).data)


class PaymentAskEndpoint(Endpoint):
    permission = Permission.LICENSES
    queryset = PaymentAttempt.objects.select_related("charge__license_change")
    problems = {"402": "The payment was refused; licenses are unchanged."}

    @extend_schema(
        request=NothingWanted,
        responses={
            201: OpenApiResponse(PaymentSerializer, "The bank has said yes."),
            202: OpenApiResponse(PaymentSerializer, "It still says nothing; it is asked again."),
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        """Ask the bank now about a payment that it has not answered.

        Without it the bank is asked at `next_ask_at`.
        """
        payment = self.one(pk)
        self.wanted(NothingWanted)
        status = 201
        try:
            attempts.ask_again(payment.pk, actor=self.actor, at=self.at, early=True)
        except PaymentUnanswered:
            status = 202
        address = reverse("licensing-api:payment", args=[payment.pk])
        body = PaymentSerializer(self.one(pk)).data
        return Response(body, status=status, headers={"Location": address})


class GracePeriodListEndpoint(ListEndpoint):
    queryset = GracePeriod.objects.all()

    @extend_schema(responses=GracePeriodSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List grace periods, newest first."""
        return self.page(self.visible(), GracePeriodSerializer)


class GracePeriodEndpoint(Endpoint):
    queryset = GracePeriod.objects.all()

    @extend_schema(responses=GracePeriodSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One grace period."""
        return Response(GracePeriodSerializer(self.one(pk)).data)
