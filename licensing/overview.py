"""What this app puts on the overview: the licenses, what the month costs, and what is pending."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Account
from accounts.registries import Card, Figure, OverviewPart, Tone, Waiting
from config.text import money

from .services import attempts
from .standing import Standing, standing
from .states import SubscriptionState


def part(account: Account, actor: Actor, at: datetime) -> OverviewPart:
    """In four queries: subscription, counts, grace period, payment."""
    now = standing(account.pk, at=at)
    manage = reverse("licensing:manage", args=[account.slug])
    if now.subscription is None:
        return OverviewPart()
    decide = reverse("licensing:decide", args=[account.slug])
    return OverviewPart(
        figures=list(_figures(now, manage, decide)),
        waiting=list(_waiting(account, now, manage, decide)),
        cards=[
            Card(
                place=30,
                title="What the month costs",
                template="licensing/overview_cost.html",
                content={"standing": now, "subscription": now.subscription},
                narrow=True,
                url=manage,
                link="Licenses",
            )
        ],
    )


def _figures(now: Standing, manage: str, decide: str) -> Iterator[Figure]:
    yield Figure(20, "Licensed", f"{now.licenses:,}", url=manage)
    if now.over:
        tone: Tone = "bad" if now.restricted else "warn"
        yield Figure(30, "Over", f"{now.over:,}", tone=tone, url=decide)
    else:
        yield Figure(30, "Free", f"{now.free:,}")
    if now.subscription is not None:
        monthly = money(now.subscription.monthly(), now.subscription.currency)
        yield Figure(40, "Per month", monthly, url=manage)


def _waiting(account: Account, now: Standing, manage: str, decide: str) -> Iterator[Waiting]:
    yield Waiting(
        place=10,
        count=now.over,
        noun="number",
        text="over your licenses",
        url=decide,
        tone="bad" if now.restricted else "warn",
    )
    yield Waiting(
        place=60,
        count=1 if attempts.open_attempt(account.pk) else 0,
        noun="payment",
        text="without an answer from your bank",
        url=f"{manage}#payment",
    )
    overdue = now.subscription and now.subscription.state == SubscriptionState.PAST_DUE
    yield Waiting(
        place=60,
        count=1 if overdue else 0,
        noun="payment",
        text="overdue",
        url=manage,
        tone="bad",
    )
