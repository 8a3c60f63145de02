"""The wire under Twilio's client: where requests may go."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

import requests
from django.conf import settings
from twilio.http import HttpClient


class ForbiddenHost(RuntimeError):
    """A request to a host that this installation must not reach."""


class RoutedHttpClient(HttpClient):  # type: ignore[misc]
    """Reach Twilio, or what ``TWILIO_BASE_URL`` names in its place (twilio-facts 9.2 B).

    With a base, ``https://api.twilio.com/x`` is asked for at ``{base}/api/x``. Hosts outside of
    twilio.com are refused; with ``TWILIO_ONLY_LOOPBACK``, so is everything but this machine.

    Twilio's own body of this class logs URLs, and with them phone numbers, keeps the last request
    with all that it carried, and takes no bytes for JSON.
    """

    def __init__(self) -> None:
        # The client's own default is to wait for ever.
        super().__init__(logger=None, is_async=False, timeout=settings.TWILIO_TIMEOUT_SECONDS)
        self._session = requests.Session()
        self._base = urlsplit(settings.TWILIO_BASE_URL)
        # A proxy of the environment is on the way to Twilio, not to a stand-in on this machine.
        self._session.trust_env = not _is_loopback(self._base.hostname or "")

    def request(
        self, method: str, url: str, *, timeout: float | None = None, **options: Any
    ) -> requests.Response:
        """Raises ``requests.RequestException`` when there is no answer."""
        seconds = self.timeout if timeout is None else timeout
        return self._session.request(method, self._route(urlsplit(url)), timeout=seconds, **options)

    def _route(self, url: SplitResult) -> str:
        host = url.hostname or ""
        if not host.endswith(".twilio.com"):
            raise ForbiddenHost(host)
        if self._base.netloc:
            path = f"{self._base.path.rstrip('/')}/{host.split('.')[0]}{url.path}"
            url = SplitResult(self._base.scheme, self._base.netloc, path, url.query, "")
        if settings.TWILIO_ONLY_LOOPBACK and not _is_loopback(url.hostname or ""):
            raise ForbiddenHost(url.hostname)
        return urlunsplit(url)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
