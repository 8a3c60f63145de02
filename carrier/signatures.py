"""Whether Twilio sent a webhook: X-Twilio-Signature (twilio-facts 5.1). Pure.

Twilio's own client checks signatures too, and differs where it is wrong: it takes a JSON body on
trust when the address has no hash of it, cuts an address with a password or of IPv6 in the wrong
place, signs with an empty token, raises for a missing signature and for bytes, and compares in a
loop of its own.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"

_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<login>[^/?#@]*@)?(?P<host>\[[^]/?#]*\]|[^/?#:@]*)(?::(?P<port>\d+))?"
    r"(?P<rest>[/?][^#]*)?(?:#.*)?",
    re.DOTALL,
)
_PORTS = {"https": "443", "wss": "443"}
_BODY_HASH = re.compile(r"[?&]bodySHA256=([0-9a-fA-F]*)(?=[&]|$)")


def is_signed(
    *, url: str, body: bytes, content_type: str, signature: str, tokens: Iterable[str]
) -> bool:
    """Whether the request was signed with one of the auth tokens; never raises.

    ``url`` is the whole address as Twilio was given it, so it begins with what we are called from
    outside, never with the Host header, and its query is as it came, not decoded and encoded again.
    ``body`` is as it came, empty for a GET. ``tokens`` are those of the account whose number or
    connection it is; two while they are rotated. Empty ones sign nothing.
    """
    whole = _URL.fullmatch(url)
    kind = content_type.partition(";")[0].strip().lower()
    hashes = _BODY_HASH.findall(whole["rest"] or "") if whole else []
    if whole is None or (hashes and not _same(sha256(body).hexdigest(), hashes[-1].lower())):
        return False
    if kind != FORM and (kind or body) and not hashes:
        return False  # the signature is of the address alone: nothing says whose the body is
    try:
        fields = _fields(body) if kind == FORM else ""
    except ValueError:
        return False
    expected = [
        _signature(token, f"{spelling}{fields}")
        for token in tokens
        if token
        for spelling in _spellings(whole)
    ]
    # All are compared, whichever fits, so that the time taken says nothing.
    return sum(_same(each, signature) for each in expected) > 0


def _fields(body: bytes) -> str:
    """Names and values in order, each pair once. Raises ``ValueError`` for what is not UTF-8."""
    pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    return "".join(f"{name}{value}" for name, value in sorted(set(pairs)))


def _spellings(url: re.Match[str]) -> Iterator[str]:
    """The address with and without its port and its login.

    Twilio says that it drops a login always and the port for HTTPS; what it was seen to do differs
    (github.com/twilio/twilio-python/issues/402), and its own clients accept either.
    """
    scheme, host, rest = url["scheme"], url["host"], url["rest"] or ""
    port = url["port"] or _PORTS.get(scheme, "80")
    for login in {"", url["login"] or ""}:
        for where in (host, f"{host}:{port}"):
            yield f"{scheme}://{login}{where}{rest}"


def _signature(token: str, text: str) -> str:
    digest = hmac.digest(token.encode("utf-8", "replace"), text.encode("utf-8", "replace"), "sha1")
    return b64encode(digest).decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))
