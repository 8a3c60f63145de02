"""Which calls and texts are meant: the filters of the list, its CSV and REST."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import Account
from config.filters import number_written
from config.text import fold, tidy
from numbers.filters import search
from numbers.models import PhoneNumber

from .models import Conversation, Message, MessageQuerySet
from .states import AddressKind, NotAnswered

LONGEST_SEARCH = 200
#: ``received_at`` is read from the clock a little before the row gets its id; never longer.
SKEW = timedelta(hours=1)


class WhyNot(models.TextChoices):
    """What the filter ``not_answered`` can ask for, besides one reason."""

    ANY = "any", "Not answered"


WHY_NOT_CHOICES = [
    *WhyNot.choices, *((code.value, f"Not answered: {code.label}") for code in NotAnswered)
]  # fmt: skip


def choose(
    messages: MessageQuerySet,
    account: Account,
    *,
    q: str = "",
    number: str = "",
    sender: str = "",
    not_answered: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> MessageQuerySet:
    """Those of ``messages``, which are the account's, that were asked for.

    ``q`` is words of a text, or a number in any form. ``number`` is what people call one of ours,
    ``sender`` what stands at the other end. ``start`` is included and ``end`` is not.
    """
    if number:
        messages = _of_number(messages, account, number)
    if sender:
        messages = _in_threads(messages, _threads(account, sender))
    if q:
        messages = messages.filter(_said(account, q))
    if not_answered:
        messages = messages.unanswered()
        if not_answered != WhyNot.ANY:
            messages = messages.filter(not_answered=not_answered)
    if start:
        messages = _from(messages, account, start)
    return _before(messages, account, end) if end else messages


def _of_number(messages: MessageQuerySet, account: Account, text: str) -> MessageQuerySet:
    found = search(PhoneNumber.objects.filter(account=account), text).values_list("pk", flat=True)
    few = list(found[:2])  # one number alone is found by its own index
    return messages.filter(number=few[0]) if len(few) == 1 else messages.filter(number__in=found)


def _threads(account: Account, text: str) -> models.QuerySet[Any]:
    """The conversations with whoever ``text`` means."""
    mine = Conversation.objects.filter(account=account)
    return mine.filter(_at_other_end(text)).values_list("pk", flat=True)


def _at_other_end(text: str) -> Q:
    folded = fold(text)
    kinds = [kind.value for kind in AddressKind if fold(str(kind.label)) == folded]
    found = Q(address__kind__in=kinds)
    if folded:
        found |= Q(address__canonical__contains=folded)
    written = number_written(tidy(text), "address__canonical")
    return found if written is None else found | written


def _in_threads(messages: MessageQuerySet, threads: models.QuerySet[Any]) -> MessageQuerySet:
    few = list(threads[:2])
    if len(few) == 1:
        return messages.filter(conversation=few[0])
    return messages.filter(conversation__in=threads)


def _said(account: Account, text: str) -> Q:
    """Every word of ``text`` is in it; or it is from or to that number."""
    words = Q(pk__in=[]) if not fold(text) else Q()
    for word in fold(text).split():
        words &= Q(search_words__contains=word)
    written = number_written(tidy(text))
    if written is None:
        return words
    ours = PhoneNumber.objects.filter(written, account=account)
    return words | Q(conversation__in=_threads(account, text)) | Q(number__in=ours.values("pk"))


def _from(messages: MessageQuerySet, account: Account, start: datetime) -> MessageQuerySet:
    """Those at or after ``start``; ids bound the search, because pages are ordered by them."""
    earlier = Message.objects.filter(account=account, received_at__lt=start - SKEW)
    bound = earlier.order_by("-received_at").values_list("pk", flat=True).first()
    return messages.filter(received_at__gte=start, **({} if bound is None else {"pk__gt": bound}))


def _before(messages: MessageQuerySet, account: Account, end: datetime) -> MessageQuerySet:
    later = Message.objects.filter(account=account, received_at__gt=end + SKEW)
    bound = later.order_by("received_at").values_list("pk", flat=True).first()
    return messages.filter(received_at__lt=end, **({} if bound is None else {"pk__lt": bound}))
