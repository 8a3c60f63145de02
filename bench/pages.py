"""Lists over 100,000 numbers: our page and our REST list, against the admin's and a bare one."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import urljoin

from django.contrib import admin
from django.db import connection as database
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    ModelSerializer,
    SlugRelatedField,
    StringRelatedField,
)

from accounts.actor import SYSTEM
from accounts.models import Account, Membership, User
from accounts.services import api_keys
from accounts.states import Permission, Role
from carrier.types import NumberType
from licensing.services import licenses
from numbers.models import Connection, PhoneNumber
from numbers.states import NumberState

from .measuring import Row, ratio

NUMBERS = 100_000
FEW_NUMBERS = 1_000
ROUNDS = 7
EACH = 3


def rows() -> list[Row]:
    account, owner = inventory("big", NUMBERS)
    browser = Client()
    browser.force_login(owner)
    url = f"/a/{account.slug}/numbers/"
    first, deepest = url, _deepest(browser, url)
    admin_list = _admin_list(owner)
    found = [
        ratio(
            f"Numbers page of 50 among {NUMBERS:,}, {name} page",
            partial(_ok, browser, address),
            "the Django admin's list of 50 over the same table",
            admin_list,
            limit=2,
            rounds=ROUNDS,
            each=EACH,
        )
        for name, address in (("first", first), ("deepest", deepest))
    ]
    found.append(
        ratio(
            f"search by four digits in the middle of a number among {NUMBERS:,}",
            lambda: _ok(browser, f"{url}?q=5012"),
            "the unfiltered page",
            lambda: _ok(browser, url),
            limit=3,
            rounds=ROUNDS,
            each=EACH,
        )
    )
    found.append(_against_a_small_account(browser, url, owner))
    found.append(_rest(account))
    found.append(_overview(browser, account, owner))
    return found


def _against_a_small_account(browser: Client, url: str, owner: User) -> Row:
    """The same page of the same person over few numbers: it may not grow with the inventory."""
    small, _ = inventory("small", FEW_NUMBERS, owner=owner)
    small_url = f"/a/{small.slug}/numbers/"
    return ratio(
        f"Numbers page of 50 among {NUMBERS:,}",
        lambda: _ok(browser, url),
        f"the same among {FEW_NUMBERS:,}",
        lambda: _ok(browser, small_url),
        limit=1.15,
        rounds=2 * ROUNDS,
        each=2 * EACH,
    )


def _overview(browser: Client, account: Account, owner: User) -> Row:
    """The first page of all: it may not grow with the inventory either."""
    few, _ = inventory("few", FEW_NUMBERS, owner=owner)
    return ratio(
        f"overview of {NUMBERS:,} numbers",
        lambda: _ok(browser, f"/a/{account.slug}/overview/"),
        f"the same of {FEW_NUMBERS:,}",
        lambda: _ok(browser, f"/a/{few.slug}/overview/"),
        limit=1.15,
        rounds=2 * ROUNDS,
        each=2 * EACH,
    )


def _ok(browser: Client, address: str, **headers: str) -> bytes:
    answer = browser.get(address, **headers)  # type: ignore[arg-type]
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return bytes(answer.getvalue())


def _deepest(browser: Client, url: str) -> str:
    """The address behind the list's link to its last page."""
    page = _ok(browser, url).decode()
    link = re.search(r'href="([^"]+)">Last<', page)
    if link is None:
        raise RuntimeError("The Numbers page has no link to its last page.")
    return urljoin(url, unescape(link[1]))


def inventory(slug: str, amount: int, *, owner: User | None = None) -> tuple[Account, User]:
    """An account with as many held numbers, and its owner."""
    at = timezone.now()
    account = Account.objects.create(slug=slug, name=slug.title())
    owner = owner or User.objects.create_user(f"owner@{slug}.example", None)
    Membership.objects.create(account=account, user=owner, role=Role.OWNER)
    licenses.open_subscription(account.pk, licenses=amount, actor=SYSTEM, at=at)
    connection = Connection.objects.create(
        account=account,
        sid=f"AC{account.pk:032x}",
        owner_sid="AC" + "0" * 32,
        name=account.name,
        auth_token="t",  # noqa: S106 - of nobody
        checked_at=at,
    )
    settings = dict.fromkeys(("voice_url", "sms_url"), "https://example.com/hook")
    PhoneNumber.objects.bulk_create(
        (
            PhoneNumber(
                account=account,
                connection=connection,
                e164=f"+1{2_000_000_000 + n * 79_973 % 7_999_999_999:010d}",
                sid=f"PN{n:032x}",
                state=NumberState.HELD,
                state_changed_at=at,
                imported_at=at,
                country="US",
                type=NumberType.LOCAL,
                voice=True,
                sms=True,
                friendly_name=f"Line {n}",
                twilio=settings,
                fingerprint="0" * 32,
            )
            for n in range(amount)
        ),
        batch_size=5_000,
    )
    if database.vendor == "postgresql":
        with database.cursor() as cursor:  # as autovacuum soon does
            cursor.execute(f"VACUUM ANALYZE {PhoneNumber._meta.db_table}")
    return account, owner


class _BareAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("e164", "label", "state", "agent", "connection", "imported_at")
    list_select_related = ("agent", "connection")
    list_per_page = 50
    ordering = ("e164",)


def _admin_list(user: User) -> Any:
    user.is_staff = user.is_superuser = True
    user.save()
    bare = _BareAdmin(PhoneNumber, admin.AdminSite(name="bare"))
    request = RequestFactory().get("/")
    request.user = user

    def page() -> None:
        bare.changelist_view(request).render()  # type: ignore[attr-defined]

    return page


def _rest(account: Account) -> Row:
    _, secret = api_keys.create(
        account.pk, name="bench", scopes=[Permission.READ], actor=SYSTEM, at=timezone.now()
    )
    client = Client()
    address = "/api/v1/numbers/?limit=100"
    headers = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}

    class BareSerializer(ModelSerializer):  # type: ignore[type-arg]
        """The fields of our list, as a serializer of rows gives them without us."""

        number = CharField(source="e164")
        agent = StringRelatedField()  # type: ignore[var-annotated]
        tags = SlugRelatedField("name", many=True, read_only=True)  # type: ignore[var-annotated]
        kept_at = DateTimeField(source="keep_decided_at")

        class Meta:
            model = PhoneNumber
            fields = (
                "id", "number", "sid", "state", "state_changed_at", "country", "type", "voice",
                "sms", "mms", "friendly_name", "label", "tags", "protected", "agent", "kept_at",
                "connection", "imported_at", "released_at", "restorable_until",
            )  # fmt: skip

    class BarePages(CursorPagination):
        page_size = 100
        ordering = "e164"

    class Bare(ListAPIView):  # type: ignore[type-arg]
        authentication_classes = ()
        permission_classes = ()
        throttle_classes = ()
        filter_backends = ()
        serializer_class = BareSerializer
        pagination_class = BarePages
        queryset = (
            PhoneNumber.objects.filter(account=account)
            .select_related("agent", "connection")
            .prefetch_related("tags")
        )

    bare, request = Bare.as_view(), RequestFactory().get("/")
    return ratio(
        f"REST list of 100 among {NUMBERS:,}",
        lambda: _ok(client, address, **headers),
        "a bare DRF cursor list of the same fields",
        lambda: bare(request).render(),
        limit=2,
        rounds=ROUNDS,
        each=EACH,
    )
