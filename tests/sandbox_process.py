"""The Twilio stand-in as a real process, for any test that needs a Twilio to talk to."""

from __future__ import annotations

import json
import os
import selectors
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 20.0
# When the stand-in's clock begins: a Wednesday, far from any midnight, end of a month, or change of
# the clocks, so that no test depends on when it runs.
MORNING = datetime(2026, 5, 13, 10, tzinfo=UTC)


class SandboxRefused(Exception):
    """The control API said no."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status}: {message}")


class RoutedHttpClient(TwilioHttpClient):  # type: ignore[misc] # twilio ships no types
    """Sends what is meant for `{label}.twilio.com` to `{base}/{label}` (twilio-facts 9.2 B)."""

    def __init__(self, base: str, *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.base = urlsplit(base)
        assert self.session is not None
        self.session.trust_env = False  # no proxy of the environment comes between

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        there = urlsplit(url)
        assert there.hostname is not None
        assert there.hostname.endswith(".twilio.com"), url
        path = f"/{there.hostname.split('.')[0]}{there.path}"
        url = urlunsplit((self.base.scheme, self.base.netloc, path, there.query, ""))
        return super().request(method, url, *args, **options)

    def close(self) -> None:
        assert self.session is not None
        self.session.close()


class SandboxProcess:
    """Starts `python -m twilio_sandbox` on a free port and ends it again.

    Its clock begins `at` that instant, and again after each reset. None is the time of this
    machine, for tests of whoever goes by that.

    >>> with SandboxProcess(numbers=27) as sandbox:
    ...     sandbox.fault("status", status=429, times=3, path="IncomingPhoneNumbers")
    """

    def __init__(
        self,
        *,
        numbers: int = 27,
        seed: int = 1,
        at: datetime | None = MORNING,
        state: Path | None = None,
        clock: Path | None = None,
        command: tuple[str, ...] = ("-m", "twilio_sandbox"),
    ) -> None:
        self._arguments = ["--port", "0", "--numbers", str(numbers), "--seed", str(seed)]
        if at is not None:
            self._arguments += ["--at", at.isoformat()]
        if state is not None:
            self._arguments += ["--state", str(state)]
        if clock is not None:
            self._arguments += ["--clock", str(clock)]
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._clients: list[RoutedHttpClient] = []
        self.url = ""
        self.main_sid = self.main_token = ""
        self.acme_sid = self.acme_token = ""
        self.stranger_sid = self.stranger_token = ""
        self.stranger_main_sid = self.stranger_main_token = ""

    def __enter__(self) -> SandboxProcess:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # The process

    def start(self) -> None:
        """Start it and wait for its first line, which names the address."""
        self._process = subprocess.Popen(
            [sys.executable, *self._command, *self._arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.url = self._first_line().rpartition(" ")[2].strip()
            self.refresh()
        except BaseException:
            self.kill()
            raise

    def _first_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(START_SECONDS):
                raise TimeoutError("the sandbox did not start")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the sandbox ended with code {self._process.wait()}")
        return line

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """End it in an orderly way; returns its exit code."""
        return self._end(signum)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL)

    def _end(self, signum: int) -> int:
        for client in self._clients:
            client.close()
        self._clients.clear()
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            os.kill(process.pid, signum)
        try:
            return process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            if process.stdout is not None:
                process.stdout.close()

    # Twilio's side

    def client(
        self,
        sid: str | None = None,
        token: str | None = None,
        *,
        account: str | None = None,
        timeout: float = 10.0,
    ) -> Client:
        """The official client, as Acme unless said otherwise; `account` is the SID in the paths."""
        if sid is None:
            sid, token = self.acme_sid, self.acme_token
        transport = RoutedHttpClient(self.url, timeout=timeout)
        self._clients.append(transport)
        return Client(sid, token, account_sid=account, http_client=transport)

    # The control API

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of `/_sandbox/…`; raises `SandboxRefused` for a refusal."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/_sandbox/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxRefused(error.code, json.load(error)["message"]) from None

    def state(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.control("GET", "state")
        return answer

    def account(self, sid: str) -> dict[str, Any]:
        """An account as the control API shows it: status, token, count of numbers."""
        found: dict[str, Any] = next(a for a in self.state()["accounts"] if a["sid"] == sid)
        return found

    def refresh(self) -> None:
        """Read the SIDs and tokens anew, after a reset or a change of a token."""
        state = self.state()
        tokens = {account["sid"]: account["auth_token"] for account in state["accounts"]}
        for role, sid in state["roles"].items():
            setattr(self, f"{role}_sid", sid)
            setattr(self, f"{role}_token", tokens[sid])

    def now(self) -> datetime:
        """What its clock says."""
        return datetime.fromisoformat(self.state()["clock"])

    def reset(self, **options: int | str) -> None:
        """Start afresh, with other `numbers`, another `seed`, without `history`, or `at` a time."""
        self.control("POST", "reset", options)
        self.refresh()

    def fault(self, kind: str, **options: Any) -> None:
        """Let requests fail: see docs/sandbox.md for the kinds and the options."""
        self.control("POST", "faults", {"kind": kind, **options})

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def expire_page_tokens(self) -> None:
        """Every page link given out so far stops working."""
        self.control("POST", "page-tokens/expire")

    def add_numbers(
        self,
        count: int | None = None,
        *,
        numbers: list[dict[str, Any]] | None = None,
        account: str | None = None,
    ) -> list[dict[str, str]]:
        """Numbers appear in an account (Acme's by default): `count` of the sequence, or these."""
        body = {"numbers": numbers} if count is None else {"count": count}
        path = f"accounts/{account or self.acme_sid}/numbers"
        added: list[dict[str, str]] = self.control("POST", path, body)["numbers"]
        return added

    def add_account(self, friendly_name: str, *, owner: str | None = None) -> dict[str, Any]:
        """Another subaccount of the main account, or of `owner`."""
        body = {"friendly_name": friendly_name, "owner_account_sid": owner or self.main_sid}
        account: dict[str, Any] = self.control("POST", "accounts", body)
        return account

    def forward(self, **by: float) -> datetime:
        """Move the clock: `forward(days=10, hours=1)`."""
        answer = self.control("POST", "clock", {"forward": by})
        return datetime.fromisoformat(answer["clock"])

    def requests(self) -> list[dict[str, Any]]:
        """What was asked of the Twilio side: method, path and count."""
        counts: list[dict[str, Any]] = self.control("GET", "requests")["counts"]
        return counts

    def recent_requests(self) -> list[dict[str, Any]]:
        """The last thousand requests one by one, with query, form and status."""
        recent: list[dict[str, Any]] = self.control("GET", "requests")["recent"]
        return recent

    def clear_requests(self) -> None:
        self.control("DELETE", "requests")

    def revoke_token(self, sid: str | None = None, *, token: str | None = None) -> str:
        """Give the account (Acme by default) another token; the one it had stops working."""
        body = {"token": token} if token else {}
        answer = self.control("POST", f"accounts/{sid or self.acme_sid}/token", body)
        return str(answer["auth_token"])

    def suspend(self, sid: str | None = None, *, by_twilio: bool = False) -> None:
        self.set_status("suspended", sid, by_twilio=by_twilio)

    def close(self, sid: str | None = None) -> None:
        """Close the account for good; its numbers are released."""
        self.set_status("closed", sid)

    def set_status(self, status: str, sid: str | None = None, *, by_twilio: bool = False) -> None:
        body = {"status": status, "by_twilio": by_twilio}
        self.control("POST", f"accounts/{sid or self.acme_sid}/status", body)

    def buy_back(self, phone_number: str, *, account: str | None = None) -> dict[str, str]:
        """What a person does on Console's page "Released Numbers"."""
        body = {"account_sid": account} if account else {}
        answer: dict[str, str] = self.control("POST", f"numbers/{phone_number}/buy-back", body)
        return answer

    def save(self) -> None:
        self.control("POST", "save")

    def seconds_until_saved(self, path: Path, needle: str, *, patience: float = 30.0) -> float:
        """How long it takes until a row of the state file contains `needle`."""
        began = time.monotonic()
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
            while time.monotonic() - began < patience:
                if file.execute("SELECT 1 FROM rows WHERE instr(data, ?)", [needle]).fetchone():
                    return time.monotonic() - began
                time.sleep(0.02)
        raise TimeoutError(f"{needle} was not saved")
