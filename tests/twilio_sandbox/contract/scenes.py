"""A scenario drives operations with the official client; what went over the wire is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from twilio.http.response import Response
from twilio.rest import Client

from tests.sandbox_process import RoutedHttpClient, SandboxProcess
from twilio_sandbox import routes
from twilio_sandbox.operations import Operation

Scenario = Callable[["Scene"], None]
SCENARIOS: dict[tuple[str, str, str], Scenario] = {}
REFUSED: set[tuple[str, str, str]] = set()


@dataclass
class Exchange:
    """A request as the client sends it, and what came back."""

    method: str
    url: str  # at Twilio, with the query that is in it
    params: dict[str, Any]
    data: dict[str, Any]
    headers: dict[str, str]
    auth: tuple[str, str]
    status: int = 0
    text: str = ""

    @property
    def operation(self) -> Operation | None:
        there = urlsplit(self.url)
        found = routes.find(f"/{(there.hostname or '').split('.')[0]}{unquote(there.path)}")
        return found[0].get(self.method) if found else None


BeforeSending = Callable[["Recorder", Exchange], None]


class Recorder(RoutedHttpClient):
    """Keeps what it sends and what it gets; `before` is told of each request first."""

    def __init__(self, base: str, *, before: BeforeSending | None = None) -> None:
        super().__init__(base, timeout=10)
        self.exchanges: list[Exchange] = []
        self._before = before

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        assert not args, "the client names what it hands over"
        params, data, headers = (
            dict(options[name] or {}) for name in ("params", "data", "headers")
        )
        exchange = Exchange(method.upper(), url, params, data, headers, options["auth"])
        if self._before is not None:
            self._before(self, exchange)
        return self.send(exchange)

    def send(self, exchange: Exchange) -> Response:
        """Send it as it is now, and keep it."""
        response = super().request(
            exchange.method,
            exchange.url,
            params=exchange.params,
            data=exchange.data,
            headers=dict(exchange.headers),
            auth=exchange.auth,
        )
        exchange.status, exchange.text = response.status_code, response.text
        self.exchanges.append(exchange)
        return response


@dataclass
class Scene:
    """The seeded world, and the official client in the hands of Acme and of its parent."""

    sandbox: SandboxProcess
    before: BeforeSending | None = None
    transport: Recorder = field(init=False)
    client: Client = field(init=False)
    parent: Client = field(init=False)

    def __post_init__(self) -> None:
        self.transport = Recorder(self.sandbox.url, before=self.before)
        acme = self.sandbox.acme_sid, self.sandbox.acme_token
        main = self.sandbox.main_sid, self.sandbox.main_token
        self.client = Client(*acme, http_client=self.transport)
        self.parent = Client(*main, http_client=self.transport)

    def of(self, operation: Operation) -> list[Exchange]:
        """What went over the wire for it."""
        return [each for each in self.transport.exchanges if each.operation is operation]


def drives(
    host: str, path: str, *methods: str, succeeds: bool = True
) -> Callable[[Scenario], Scenario]:
    """Marks the scenario of the operations with this path and these methods.

    One that does not succeed is always refused, because nothing in the sandbox is of that kind.
    """

    def mark(scenario: Scenario) -> Scenario:
        for method in methods:
            assert (method, host, path) not in SCENARIOS, f"{path} has two scenarios"
            SCENARIOS[method, host, path] = scenario
            if not succeeds:
                REFUSED.add((method, host, path))
        return scenario

    return mark


def key(operation: Operation) -> tuple[str, str, str]:
    return operation.method, operation.host, operation.path


def name(operation: Operation) -> str:
    """`GET api/2010-04-01/Accounts.json`."""
    return f"{operation.method} {operation.host}{operation.path}"
