"""Telling people, each thing once (B9)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.models import Account, Membership, Notice, NoticePreference
from accounts.registries import NOTICE_KINDS
from accounts.states import ROLE_PERMISSIONS, Permission
from config.addresses import absolute
from config.jobs import enqueue
from config.text import one_line

#: How long a worker has for one mail before another one may try.
MAIL_CLAIM = timedelta(minutes=5)
MAX_MAIL_ATTEMPTS = 8


@transaction.atomic
def notify(
    account: Account,
    kind: str,
    *,
    key: str,
    title: str,
    body: str,
    path: str,
    at: datetime,
    also: int | None = None,
    besides: Collection[int] = (),
) -> list[Notice]:
    """Tell everyone in the account whom ``kind`` concerns, in the app and by mail.

    ``also`` is the id of a user who is told as well, if a member of the account; ``besides`` are
    those of users who have just been told of it in other words.

    ``key`` names the occasion (``grace:7:6h``); a second call with it changes nothing.
    ``path`` is the page to open, from the site's root.
    """
    permission = NOTICE_KINDS[kind].permission
    wishes = {
        wish.user_id: wish for wish in NoticePreference.objects.filter(account=account, kind=kind)
    }
    told = Notice.objects.filter(account=account, key=key, user=OuterRef("user"))
    notices = []
    concerned = _holders(account, permission, also=also).exclude(user_id__in=besides)
    for user_id in concerned.exclude(Exists(told)):
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


def _holders(
    account: Account, permission: Permission, *, also: int | None
) -> QuerySet[Membership, int]:
    roles = [role for role, held in ROLE_PERMISSIONS.items() if permission in held]
    return Membership.objects.filter(
        Q(role__in=roles) | Q(user_id=also), account=account, user__is_active=True
    ).values_list("user_id", flat=True)


def mailed_about(account_id: int, *, key: str, at: datetime) -> list[int]:
    """The users who get a mail of this moment whose ``key`` begins so."""
    sent = Notice.objects.filter(account_id=account_id, key__startswith=key, created_at=at)
    return list(sent.filter(by_mail=True).values_list("user_id", flat=True))


def _why(notice: Notice) -> str:
    """Why somebody gets a mail, and where they choose what they get."""
    kind, account = NOTICE_KINDS.get(notice.kind), notice.account
    role = Membership.objects.filter(account=account, user=notice.user).values_list("role").first()
    if kind is None or role is None or kind.permission not in ROLE_PERMISSIONS[role[0]]:
        return f"You get this mail because you asked for it in {account.name}."
    preferences = reverse("accounts:notice_preferences", args=[account.slug])
    return (
        f"You get this mail because in {account.name} you are told about this: {kind.about}.\n"
        f"Choose what you hear of: {absolute(preferences)}"
    )


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
        message=f"{notice.body}\n\n{absolute(notice.url)}\n\n-- \n{_why(notice)}\n",
        from_email=None,
        recipient_list=[notice.user.email],
    )
    Notice.objects.filter(pk=notice_id).update(mailed_at=at, mail_due_at=None)
    return True
