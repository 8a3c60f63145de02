"""What this app adds to the registries."""

from __future__ import annotations

from accounts.overview import LOOKED_AT_FOR
from accounts.registries import (
    EVENT_TYPES,
    NAVIGATION,
    NOTICE_KINDS,
    OVERVIEW,
    SUBJECTS,
    SUPPORT_LINKS,
    EventType,
    NavigationEntry,
    NoticeKind,
    Subject,
    SupportLink,
)
from accounts.states import Permission
from config.jobs import SCHEDULES

from . import overview
from .models import PaymentAttempt
from .states import AttemptState, SubscriptionState


def fill() -> None:
    EVENT_TYPES.fill(
        {
            "grace.expired": EventType("bad", words="Grace period expired"),
            "grace.extended": EventType(words="Grace period extended"),
            "grace.opened": EventType("warn", words="Grace period began"),
            "grace.resolved": EventType("good", words="Grace period resolved"),
            "grace.resumed": EventType("warn", words="Grace period resumed"),
            "grace.settled": EventType("good", words="Grace period settled"),
            "license.changed": EventType(words="Licenses changed"),
            "license.payment_asked_again": EventType(),
            "license.payment_concluded": EventType("warn"),
            "license.payment_refused": EventType("bad"),
            "license.payment_unanswered": EventType("warn", words="License payment not answered"),
            "subscription.changed": EventType(),
            "subscription.payment_overdue": EventType("bad"),
            "subscription.renewed": EventType(),
        }
    )
    SUBJECTS.fill(
        {
            "grace_period": Subject("licensing:grace", has_own_page=False),
            "subscription": Subject(
                "licensing:manage", has_own_page=False, choices={"state": SubscriptionState}
            ),
        }
    )
    OVERVIEW.fill({"licensing": overview.part})
    NAVIGATION.fill({"licensing:manage": NavigationEntry("Licenses", 20, ("licensing",))})
    NOTICE_KINDS.fill(
        {
            "grace": NoticeKind(
                "Grace periods: their start, their last hours and their end", Permission.NUMBERS
            ),
            "licenses": NoticeKind("Licenses bought, lowered and renewed", Permission.LICENSES),
        }
    )
    SUPPORT_LINKS.fill(
        {
            "Payments without an answer": SupportLink(
                "admin:licensing_paymentattempt_changelist",
                "state__exact=unanswered",
                55,
                lambda at: PaymentAttempt.objects.filter(state=AttemptState.UNANSWERED),
            ),
            "Refused payments": SupportLink(
                "admin:licensing_paymentattempt_changelist",
                "wants=look",
                60,
                lambda at: PaymentAttempt.objects.refused_since(at - LOOKED_AT_FOR),
            ),
        }
    )
    SCHEDULES.fill({"licensing.sweep": ("licensing.tasks.sweep", 1)})
