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
    """What the provider decided. ``reference`` is its own; ``message`` says why it refused."""

    accepted: bool
    reference: str = ""
    message: str = ""


class NoAnswer(Exception):
    """The provider could not be asked or is still at it: nobody knows whether money was taken.

    Never a refusal: that is an answer, a ``PaymentResult`` that is not accepted. A gateway need not
    translate everything that can break on the way; any other exception is taken for this one.
    """


class PaymentGateway(Protocol):
    """What a provider must be able to do.

    Called outside of database transactions, by web processes and by workers, also by two of them at
    once. Both calls give up (``NoAnswer``) after 10 seconds at most: the sweep has a minute.
    """

    def charge(self, request: PaymentRequest) -> PaymentResult:
        """Take the money or say why not.

        A key that was asked for before gets its answer again, and no money is taken for it. Raises
        ``NoAnswer``.
        """
        ...

    def look_up(self, key: str) -> PaymentResult | None:
        """What became of the payment with that key; None when the provider has never seen it.

        Raises ``NoAnswer``.
        """
        ...


class OpenInvoice:
    """Puts every amount on the account's open invoice, to be paid on terms; refuses nothing.

    The invoice lines are our own ``Charge`` rows: a payment that has none has not been made, and
    asking for it again is how it is made.
    """

    def charge(self, request: PaymentRequest) -> PaymentResult:
        return PaymentResult(accepted=True, reference=f"invoice:{request.key}")

    def look_up(self, key: str) -> PaymentResult | None:
        return None


def gateway() -> PaymentGateway:
    """The gateway that ``PAYMENT_GATEWAY`` names."""
    return cast(PaymentGateway, import_string(settings.PAYMENT_GATEWAY)())
