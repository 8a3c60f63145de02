"""Who asks, and whether these credentials may ask it (twilio-facts 1.5)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import NamedTuple

from twilio_sandbox.errors import TwilioError
from twilio_sandbox.identity.rows import MAIN, RESTRICTED, STANDARD, Key
from twilio_sandbox.operations import Operation
from twilio_sandbox.world import Account, World

READ, WRITE = "read", "write"
_IN_ACCOUNT = re.compile(r"/2010-04-01/Accounts/\{AccountSid\}/(\w+)")
_MANAGING = frozenset({"Accounts", "Keys", "accounts/AuthTokens"})  # closed to standard keys


class Caller(NamedTuple):
    """The account that asks; `key` is the API key it asks with, if any."""

    account: Account
    key: Key | None = None


def read_header(authorization: str) -> tuple[str, str]:
    """User name and password of a Basic header; empty for anything else."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (name, password) if scheme.lower() == "basic" else ("", "")


def account_sid(world: World, authorization: str) -> str:
    """The account the header speaks for, true or not."""
    name, _ = read_header(authorization)
    key = world.keys.get(name)
    return name if key is None else key.account_sid


def authenticate(world: World, authorization: str) -> Caller:
    """The caller of a Basic header: SID and auth token, or API key and secret; 20003 otherwise.

    During a rotation both tokens of an account do (`/v1/AuthTokens`).
    """
    name, password = read_header(authorization)
    key, account = world.keys.get(name), world.accounts.get(name)
    if key is not None and _same(password, key.secret):
        return Caller(world.accounts[key.account_sid], key)
    if account is not None and any(_same(password, token) for token in account.tokens):
        return Caller(account)
    raise TwilioError(20003)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def resource_of(operation: Operation) -> str:
    """What permissions call an operation: `IncomingPhoneNumbers`, `Accounts`, `monitor/Alerts`."""
    if operation.host == "api":
        found = _IN_ACCOUNT.match(operation.path)
        return found.group(1) if found else "Accounts"
    parts = operation.path.removesuffix(".json").split("/")
    return "/".join([operation.host, *parts[2:3]])


def check(world: World, caller: Caller, operation: Operation, args: dict[str, str]) -> None:
    """Refuse what the API key may not do; auth tokens and main keys may do everything."""
    key = caller.key
    if key is None or key.kind == MAIN:
        return
    there = args.get("AccountSid", key.account_sid)
    if there != key.account_sid and world.switch("lesser_key_in_subaccount") == "refused":
        raise _refusal(world)
    resource = resource_of(operation)
    if key.kind == STANDARD and resource in _MANAGING:
        raise _refusal(world)
    access = READ if operation.method == "GET" else WRITE
    if key.kind == RESTRICTED and f"{resource}/{access}" not in key.permissions:
        raise _refusal(world)


def _refusal(world: World) -> TwilioError:
    if world.switch("key_without_permission") == "unauthorized":
        return TwilioError(20003)
    return TwilioError(20006, "The API key does not have the permission")
