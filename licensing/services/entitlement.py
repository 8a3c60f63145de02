"""The lock under which an account's numbers and licenses change."""

from __future__ import annotations

from config.errors import DomainError
from licensing.models import Subscription


def lock(account_id: int) -> Subscription:
    """Hold the account's entitlement until commit.

    Whatever changes how many numbers are held or how many licenses there are takes this lock first
    and counts afterwards, so that no two changes are decided on the same count. Raises
    ``DomainError`` when the account never got a subscription.
    """
    subscription = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(account_id=account_id)
        .first()
    )
    if subscription is None:
        raise no_subscription()
    return subscription


def no_subscription() -> DomainError:
    """What an account gets to hear that never had a subscription."""
    return DomainError(
        "This account has no subscription yet. Ask support to open one.", code="no_subscription"
    )
