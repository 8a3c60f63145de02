"""Why a change of entitlement is refused, as data (design mechanism 2). Pure reads."""

from __future__ import annotations

from datetime import datetime

from accounts.registries import SUBJECTS
from config.errors import Blocker
from config.text import counted, inside, money, plural

from .models import GracePeriod, PaymentAttempt, Subscription
from .standing import Standing
from .states import ASKING_TAKES, AttemptState

MOST_LICENSES = 1_000_000


def change_licenses(
    subscription: Subscription, *, to: int, held: int, unanswered: PaymentAttempt | None
) -> list[Blocker]:
    """Reasons against owning ``to`` licenses (S0-23, S4-1).

    ``unanswered`` is the payment of the account that the bank has not answered yet.
    """
    blockers = []
    if to == subscription.licenses:
        blockers.append(Blocker("no_change", f"The account already has {plural(to, 'license')}."))
    if to > MOST_LICENSES:
        blockers.append(
            Blocker("too_many", f"One account can have at most {MOST_LICENSES:,} licenses.")
        )
    if to < subscription.licenses and to < held:
        blockers.append(
            Blocker(
                "below_held",
                f"{plural(held, 'number')} held: release or exclude {held - to:,} first, "
                f"then lower to {to:,}.",
                "See the numbers",
                SUBJECTS["number"].listed_on,
            )
        )
    if to > subscription.licenses:
        blockers += _active(subscription, "licenses")
    if unanswered is not None:
        blockers.append(
            Blocker(
                "payment_pending",
                "Your bank has not answered yet about "
                f"{money(unanswered.amount, unanswered.currency)} for "
                f"{plural(unanswered.quantity, 'license')}. Until it has, nothing else is bought "
                "or changed.",
                "See the payment",
                "licensing:manage",
            )
        )
    return blockers


def _active(subscription: Subscription | None, things: str) -> list[Blocker]:
    """Reasons against adding: a subscription that is past due or canceled stops that."""
    if subscription is None or subscription.is_active:
        return []
    return [
        Blocker(
            "subscription_inactive",
            f"The subscription is not active ({inside(subscription.get_state_display())}); "
            f"{things} can be added while it is. Ask support to reactivate it.",
            "Help",
            "accounts:help",
        )
    ]


def take_license(standing: Standing, *, left_at: datetime | None = None) -> list[Blocker]:
    """Reasons against one more number by buying, restoring or bringing back.

    Only an import may go over the licenses (design section 4). ``left_at`` is when a number left
    that is to come back: in the grace period in which it left it can, and the caller then calls
    ``services.grace.resume``; that adds nothing, so it can while the subscription is past due, too
    (docs/decisions/0023).
    """
    if left_at is not None and standing.has_place_for_one_that_left(left_at):
        return []
    blockers = _active(standing.subscription, "numbers")
    if standing.restricted:
        blockers.append(
            Blocker(
                "grace_expired",
                f"The grace period is over and {counted(standing.over, 'number')} beyond the "
                f"licenses. For one more, {_for_one_more(standing)} first.",
                "Decide which numbers to keep",
                "licensing:decide",
            )
        )
    elif standing.free < 1:
        blockers.append(
            Blocker(
                "no_free_license",
                f"The {counted(standing.licenses, 'license')} in use; "
                f"this needs a free one: {_for_one_more(standing)}.",
                "Decide which numbers to keep" if standing.over else "Add licenses",
                "licensing:decide" if standing.over else "licensing:manage",
            )
        )
    return blockers


def _for_one_more(standing: Standing) -> str:
    """What makes room for one number more, while no license is free."""
    if not standing.over:
        return "add a license or release a number"
    missing = standing.over + 1
    return f"release or exclude {missing:,} or add {plural(missing, 'license')}"


def put_to_work(standing: Standing, *, already: int, how: str) -> list[Blocker]:
    """Reasons against putting one more number to work.

    After a grace period has run out, as many numbers may be assigned, and as many enabled (``how``)
    as there are licenses; ``already`` are.
    """
    if standing.restricted and already >= standing.licenses:
        return [
            Blocker(
                "beyond_licenses",
                f"The grace period is over and the {counted(standing.licenses, 'license')} "
                f"used by {how} numbers. Release {standing.over:,} "
                f"or add {plural(standing.over, 'license')} first.",
                "Decide which numbers to keep",
                "licensing:decide",
            )
        ]
    return []


def ask_payment(attempt: PaymentAttempt, *, at: datetime) -> list[Blocker]:
    """Reasons against a person having the bank asked now, or saying in its place what it did.

    What somebody is asking at this moment is answered in a moment, perhaps by a yes.
    """
    if not attempt.is_open:
        return [Blocker("answered", "This payment has been answered.")]
    asked_at = attempt.asked_at
    pending = attempt.state == AttemptState.PENDING
    if pending or (asked_at is not None and at < asked_at + ASKING_TAKES):
        return [
            Blocker(
                "being_asked",
                "The bank is being asked about this payment right now. Try again in a minute.",
            )
        ]
    return []


def extend(period: GracePeriod) -> list[Blocker]:
    """Reasons against support giving a grace period more time."""
    blockers = []
    if period.settled_at is not None:
        blockers.append(
            Blocker("settled", "The account is within its licenses again; nothing to extend.")
        )
    if period.extended_at is not None:
        blockers.append(
            Blocker("extended_already", "A grace period can be extended once; this one was.")
        )
    return blockers
