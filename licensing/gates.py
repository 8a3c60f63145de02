"""Why a change of entitlement is refused, as data (design mechanism 2). Pure reads."""

from __future__ import annotations

from config.errors import Blocker
from config.text import plural

from .models import GracePeriod, Subscription
from .standing import Standing

MOST_LICENSES = 1_000_000


def change_licenses(
    subscription: Subscription, *, to: int, held: int, payment_pending: bool
) -> list[Blocker]:
    """Reasons against owning ``to`` licenses (S0-23, S4-1)."""
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
                "numbers:list",
            )
        )
    if to > subscription.licenses and not subscription.is_active:
        blockers.append(
            Blocker(
                "subscription_inactive",
                f"The subscription is {subscription.get_state_display().lower()}; "
                "licenses can be added while it is active. Ask support to reactivate it.",
                "Help",
                "help",
            )
        )
    if payment_pending:
        blockers.append(
            Blocker("payment_pending", "A payment is being made. Try again in a minute.")
        )
    return blockers


def take_license(standing: Standing) -> list[Blocker]:
    """Reasons against one more number by buying, restoring or bringing back.

    Only an import may go over the licenses (design section 4).
    """
    if standing.restricted:
        return [
            Blocker(
                "grace_expired",
                f"The grace period is over and {plural(standing.over, 'number')} "
                f"{'is' if standing.over == 1 else 'are'} beyond the licenses. "
                f"Release {standing.over:,} or add {plural(standing.over, 'license')} first.",
                "See the two ways out",
                "licensing:decide",
            )
        ]
    if standing.free < 1:
        return [
            Blocker(
                "no_free_license",
                f"All {plural(standing.licenses, 'license')} are in use; "
                "this needs a free one. Add a license or release a number.",
                "Add licenses",
                "licensing:manage",
            )
        ]
    return []


def assign_more(standing: Standing, *, assigned: int) -> list[Blocker]:
    """Reasons against putting one more number to work.

    After a grace period has run out, as many numbers may be assigned as there are licenses.
    """
    if standing.restricted and assigned >= standing.licenses:
        return [
            Blocker(
                "beyond_licenses",
                f"The grace period is over and all {plural(standing.licenses, 'license')} "
                f"are used by assigned numbers. Release {standing.over:,} "
                f"or add {plural(standing.over, 'license')} first.",
                "See the two ways out",
                "licensing:decide",
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
