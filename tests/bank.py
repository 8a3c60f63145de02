"""A payment provider that keeps its side of the contract to the letter, and can behave badly."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection

from licensing.payments import NoAnswer, PaymentRequest, PaymentResult

CURRENT: list[Bank] = []


class Bank:
    """Takes money once for each key, and gives the same answer to it ever after.

    ``manners`` are used up one for each charge, then it is polite again: ``accept``, ``refuse``,
    ``lost`` (takes the money, and the answer never arrives), ``hang`` (never hears of it), ``late``
    (takes the money, lets ``meanwhile`` happen, then answers) and ``crash`` (takes the money, and
    whoever asked is killed). While it is ``down`` nobody gets any answer.
    """

    def __init__(self, *manners: str) -> None:
        self.manners = list(manners)
        self.down = False
        self.meanwhile: Callable[[], object] = lambda: None
        self.killed: type[BaseException] = SystemExit
        self.answers: dict[str, tuple[PaymentRequest, PaymentResult]] = {}
        self.charged: list[str] = []
        self.looked_up: list[str] = []

    @property
    def money(self) -> Decimal:
        """What it took, in all."""
        taken = (request.amount for request, result in self.answers.values() if result.accepted)
        return sum(taken, Decimal(0))

    def charge(self, request: PaymentRequest) -> PaymentResult:
        self._outside_of_transactions()
        self.charged.append(request.key)
        manner = self.manners.pop(0) if self.manners else "accept"
        if self.down or manner == "hang":
            raise NoAnswer("no answer within 10 seconds")
        if request.key in self.answers:
            asked, answer = self.answers[request.key]
            assert asked == request, "one key for two different payments"
            return answer
        answer = PaymentResult(accepted=True, reference=f"paid-{request.key}")
        if manner == "refuse":
            answer = PaymentResult(accepted=False, message="Card declined.")
        self.answers[request.key] = (request, answer)
        if manner == "lost":
            raise ConnectionResetError("the answer got lost")
        if manner == "crash":
            raise self.killed
        if manner == "late":
            self.meanwhile()
        return answer

    def look_up(self, key: str) -> PaymentResult | None:
        self._outside_of_transactions()
        self.looked_up.append(key)
        if self.down:
            raise NoAnswer("no answer within 10 seconds")
        return self.answers[key][1] if key in self.answers else None

    def _outside_of_transactions(self) -> None:
        blocks: list[Any] = list(connection.atomic_blocks)
        ours = [block for block in blocks if not block._from_testcase]
        assert not ours, "the gateway is called inside a transaction"


def the_bank() -> Bank:
    """What ``PAYMENT_GATEWAY`` names in tests."""
    return CURRENT[-1]
