"""The door to whoever takes the money. Built in: an open invoice; a card provider comes later."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class PaymentRequest:
    """``key`` is the same whenever the same payment is asked for again; never pay a key twice."""

    key: str
    account_slug: str
    amount: Decimal
    currency: str
    description: str


@dataclass(frozen=True)
class PaymentResult:
    """``reference`` is the provider's own; ``message`` is for people when it was refused."""

    accepted: bool
    reference: str = ""
    message: str = ""


class PaymentGateway(Protocol):
    """What a provider must be able to do. Called outside of database transactions."""

    def charge(self, request: PaymentRequest) -> PaymentResult:
        """Take the money or say why not."""
        ...

    def find(self, key: str) -> PaymentResult | None:
        """What became of a payment whose answer was lost; None when it never arrived."""
        ...


class OpenInvoice:
    """Puts every amount on the account's open invoice, to be paid on terms; refuses nothing.

    The invoice lines are our own ``Charge`` rows, so there is nobody to ask about a lost answer.
    """

    def charge(self, request: PaymentRequest) -> PaymentResult:
        return PaymentResult(accepted=True, reference=f"invoice:{request.key}")

    def find(self, key: str) -> PaymentResult | None:
        return None


def gateway() -> PaymentGateway:
    """The gateway that ``PAYMENT_GATEWAY`` names."""
    return cast(PaymentGateway, import_string(settings.PAYMENT_GATEWAY)())
