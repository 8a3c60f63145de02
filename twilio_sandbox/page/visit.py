"""What a page is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from twilio_sandbox.control import PREFIX, Control
from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Response
from twilio_sandbox.page.html import Child
from twilio_sandbox.world import Account, World

ROOM = f"{PREFIX}/room"
SETTLE_SECONDS = 3.0  # how long a page waits for the answers to what it set off


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an act was refused, and what was typed."""

    form: dict[str, str]
    message: str

    def is_of(self, do: str, hidden: Mapping[str, str]) -> bool:
        """Whether it belongs to the form of that act with these hidden fields."""
        return self.form.get("do") == do and all(self.form.get(k) == v for k, v in hidden.items())


@dataclass(slots=True)
class Visit:
    """One request for a page: reading it, or an act on it."""

    control: Control
    path: str
    query: dict[str, str]
    args: dict[str, str] = field(default_factory=dict)  # the parts of the path by name
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    host: str = ""
    note: tuple[str, str] | None = None  # (tone, text) of what was done before
    problem: Problem | None = None

    @property
    def world(self) -> World:
        return self.control.world

    @property
    def here(self) -> str:
        """The address of the page."""
        return self.address()

    def address(self, **changes: str | int | None) -> str:
        """The page with other parameters; None and "" take one away."""
        query = {**self.query, **{k: str(v) for k, v in changes.items() if v is not None}}
        kept = {k: v for k, v in query.items() if v and changes.get(k, v) not in (None, "")}
        return f"{quote(self.path)}{'?' if kept else ''}{urlencode(kept)}"

    @property
    def base_url(self) -> str:
        """The address that programs are pointed at."""
        return f"http://{self.host}"

    def get(self, path: str) -> Any:
        """What the control API answers."""
        return self.control.call("GET", path, {})[1]

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        method: str = "POST",
        settle: bool = False,
    ) -> Any:
        """Do something through the control API; `ControlError` when it refuses."""
        seconds = SETTLE_SECONDS if settle else 0.0
        return self.control.call(method, path, body or {}, settle=seconds)[1]

    def account(self) -> Account:
        """The account in the path."""
        account = self.world.accounts.get(self.args["sid"])
        if account is None:
            raise ControlError(404, f"There is no account {self.args['sid']}.")
        return account

    def given(self, *names: str) -> dict[str, Any]:
        """The fields of the form that were filled in."""
        return {name: self.form[name] for name in names if self.form.get(name)}


@dataclass(slots=True)
class Sheet:
    """The content of a page: its frame is `frame.document`."""

    title: str
    content: Child
    trail: Child = None
    extra: Child = None
    actions: Child = None


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and the page to go on with; without one the same page."""

    message: str
    to: str | None = None
    at: str = "#main"  # where on it; a field has the focus then
    tone: str = "success"


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and what can be done on it: the field `do` of a form names the act."""

    path: str  # a pattern for what follows `/_sandbox`
    show: Callable[[Visit], Sheet | Response]  # a `Response` is a file
    acts: Mapping[str, Callable[[Visit], Done]] = field(default_factory=dict)
