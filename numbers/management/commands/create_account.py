"""`manage.py create_account`: open an account for a new customer."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse

from accounts.actor import OPERATOR
from accounts.models import User
from config import clock
from config.addresses import absolute
from config.errors import DomainError
from numbers.services import connections
from numbers.services.opening import Opened, open_account


class Command(BaseCommand):
    help = (
        "Open an account with its owner, its licenses and a first API key; with --connection-sid "
        "also connect its Twilio subaccount. Prints JSON; the API key is shown this once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The account's name in addresses, such as acme.")
        parser.add_argument("--name", required=True, help="What people call the account.")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="Who owns it.")
        parser.add_argument("--licenses", type=int, default=0, metavar="N")
        parser.add_argument("--time-zone", default="America/Los_Angeles", metavar="IANA")
        parser.add_argument("--connection-sid", default="", metavar="AC…")
        parser.add_argument("--connection-token", default="", metavar="TOKEN")

    def handle(self, **options: Any) -> None:
        sid, token = options["connection_sid"], options["connection_token"]
        if bool(sid) != bool(token):
            raise CommandError("Give --connection-sid and --connection-token together.")
        at = clock.now()
        opened = self._open(options, at=at)
        result = _describe(opened, licenses=options["licenses"])
        problem = ""
        if sid:
            try:
                connected = connections.connect(
                    opened.account.pk, sid=sid, token=token, actor=OPERATOR, at=at
                )
            except DomainError as error:
                problem = error.message
            else:
                result["connection"] = {"id": connected.pk, "sid": sid, "name": connected.name}
        self.stdout.write(json.dumps(result, indent=2))
        if problem:
            raise CommandError(f"The account is open, but Twilio is not connected. {problem}")

    def _open(self, options: dict[str, Any], *, at: datetime) -> Opened:
        try:
            validate_email(options["owner"])
        except ValidationError:
            raise CommandError(f"“{options['owner']}” is not an email address.") from None
        if options["licenses"] < 0:
            raise CommandError("--licenses must be 0 or more.")
        try:
            return open_account(
                slug=options["slug"],
                name=options["name"],
                owner=options["owner"],
                licenses=options["licenses"],
                time_zone=options["time_zone"],
                actor=OPERATOR,
                at=at,
            )
        except DomainError as error:
            raise CommandError(error.message) from None


def _describe(opened: Opened, *, licenses: int) -> dict[str, Any]:
    account = opened.account
    return {
        "account": {
            "id": account.pk,
            "slug": account.slug,
            "name": account.name,
            "url": absolute(reverse("numbers:list", args=[account.slug])),
        },
        "owner": {
            "email": opened.owner.email,
            "set_password_url": _set_password_url(opened.owner),
        },
        "licenses": licenses,
        "api_key": opened.api_key,
        "connection": None,
    }


def _set_password_url(user: User) -> str | None:
    """Where a user without a password sets one; good for as long as a password reset is."""
    if user.has_usable_password():
        return None
    path: str = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(user),
            "key": default_token_generator.make_token(user),
        },
    )
    return absolute(path)
