"""Telling people, each thing once (B9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.models import Account, Membership, Notice, NoticePreference
from accounts.states import ROLE_PERMISSIONS, Permission
from config.jobs import enqueue
from config.text import one_line

#: kind -> (what it is about, the permission whose holders are told)
KINDS: dict[str, tuple[str, Permission]] = {
    "grace": ("Grace periods: their start, their last hours and their end", Permission.NUMBERS),
    "licenses": ("Licenses bought, lowered and renewed", Permission.LICENSES),
    "import": ("Imports that failed, and scheduled refreshes that changed something",
               Permission.NUMBERS),
    "connection": ("A Twilio connection that stopped working", Permission.ADMIN),
    "carrier": ("Releases and restores that Twilio refused", Permission.NUMBERS),
}  # fmt: skip
#: How long a worker has for one mail before another one may try.
MAIL_CLAIM = timedelta(minutes=5)
MAX_MAIL_ATTEMPTS = 8


@transaction.atomic
def notify(
    account: Account, kind: str, *, key: str, title: str, body: str, path: str, at: datetime
) -> list[Notice]:
    """Tell everyone in the account whom ``kind`` concerns, in the app and by mail.

    ``key`` names the occasion (``grace:7:6h``); a second call with it changes nothing.
    ``path`` is the page to open, from the site's root.
    """
    _, permission = KINDS[kind]
    wishes = {
        wish.user_id: wish for wish in NoticePreference.objects.filter(account=account, kind=kind)
    }
    told = Notice.objects.filter(account=account, key=key, user=OuterRef("user"))
    notices = []
    for user_id in _holders(account, permission).exclude(Exists(told)):
        wish = wishes.get(user_id)
        in_app, by_mail = (wish.in_app, wish.by_mail) if wish else (True, True)
        if not (in_app or by_mail):
            continue
        notices.append(
            Notice(
                account=account,
                user_id=user_id,
                kind=kind,
                key=key,
                title=title[:150],
                body=body,
                url=path,
                in_app=in_app,
                by_mail=by_mail,
                created_at=at,
                mail_due_at=at if by_mail else None,
            )
        )
    # A second writer of the same key at the same instant loses here without an error.
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    if any(notice.by_mail for notice in notices):
        enqueue("accounts.tasks.mail_notices")
    return notices


def _holders(account: Account, permission: Permission) -> QuerySet[Membership, int]:
    roles = [role for role, held in ROLE_PERMISSIONS.items() if permission in held]
    return Membership.objects.filter(
        account=account, role__in=roles, user__is_active=True
    ).values_list("user_id", flat=True)


def mail(notice_id: int, *, at: datetime) -> bool:
    """Send one notice by mail; False when another worker has it or it has been sent.

    The claim moves the due time on before anything is sent, so a worker that dies in between
    delays the mail instead of losing it, and two workers do not send it twice.
    """
    due = Notice.objects.unmailed().filter(
        pk=notice_id, mail_due_at__lte=at, mail_attempts__lt=MAX_MAIL_ATTEMPTS
    )
    if not due.update(mail_due_at=at + MAIL_CLAIM, mail_attempts=F("mail_attempts") + 1):
        return False
    notice = Notice.objects.select_related("account", "user").get(pk=notice_id)
    send_mail(
        subject=one_line(f"[{notice.account.name}] {notice.title}"),
        message=f"{notice.body}\n\n{settings.PUBLIC_URL}{notice.url}\n",
        from_email=None,
        recipient_list=[notice.user.email],
    )
    Notice.objects.filter(pk=notice_id).update(mailed_at=at, mail_due_at=None)
    return True
