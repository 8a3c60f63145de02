"""Where the browser tests happen: web server, worker and Twilio stand-in as real processes."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.installation import Installation, Migrated
from tests.sandbox_process import SandboxProcess

PASSWORD = "numbers-for-everyone"
LICENSES, NUMBERS = 10, 27
#: Each account is one file's, so that no story depends on another (`test_architecture`).
ACCOUNTS = (
    "acme",
    "blue",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "gust",
    "haze",
    "iris",
    "jade",
    "kite",
    "lark",
)
#: Who owns two of them; the other accounts have an owner of their own.
OWNERS = {"gust": "olivia@fjord.example"}
START_SECONDS = 30.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Home:
    """One account: its people, its key, and its subaccount at the stand-in."""

    slug: str
    sid: str
    token: str
    api_key: str
    owner: str

    @property
    def member(self) -> str:
        return f"max@{self.slug}.example"


class House:
    """A running Numberdesk with the accounts of all stories."""

    def __init__(self, folder: Path, migrated: Migrated, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.mails = folder / "mails"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.installation = Installation(
            folder,
            migrated,
            sandbox,
            PUBLIC_URL=self.url,
            EMAIL_URL=f"filemail:///{self.mails}",
        )
        self.homes = self._open_accounts()
        self.installation.start(
            *("manage.py", "run_web", "--port", str(port)),
            log=folder / "web.log",
        )
        self.installation.start_worker(log=folder / "worker.log")
        self._wait()

    def _open_accounts(self) -> dict[str, Home]:
        wanted = []
        for slug in ACCOUNTS:
            account = self.sandbox.add_account(slug.title())
            self.sandbox.add_numbers(NUMBERS, account=account["sid"])
            wanted.append(
                {
                    "slug": slug,
                    "sid": account["sid"],
                    "token": account["auth_token"],
                    "owner": OWNERS.get(slug, f"olivia@{slug}.example"),
                }
            )
        opened = self.installation.run(
            "from tests.e2e.accounts import open_accounts\n"
            f"print(json.dumps(open_accounts({wanted!r}, password={PASSWORD!r},"
            f" licenses={LICENSES})))"
        )
        return {each["slug"]: Home(**each) for each in opened}

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with _direct.open(f"{self.url}/healthz", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < until, "the web server did not start"
                time.sleep(0.1)

    def api(
        self, home: Home, path: str, body: dict[str, Any] | None = None, *, key: str = ""
    ) -> Any:
        """One call of the REST API with the account's first key, or another; a POST with `body`."""
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key or home.api_key}",
                "Content-Type": "application/json",
            },
        )
        with _direct.open(request, timeout=20) as response:
            return json.load(response)

    def import_numbers(self, home: Home) -> None:
        """Import all numbers of the account, and wait until that is done."""
        (connection,) = self.api(home, "connections/")["results"]
        run = self.api(home, "imports/", {"connection": connection["id"]})
        self.wait_for_job(home, run["job"]["id"])

    def wait_for_job(self, home: Home, job: int) -> None:
        self.wait_for(lambda: self.api(home, f"jobs/{job}/")["finished_at"] is not None)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until the worker has done its part."""
        until = time.monotonic() + START_SECONDS
        while not condition():
            assert time.monotonic() < until, "it took too long"
            time.sleep(0.1)

    def assign_unassigned(self, home: Home, count: int) -> None:
        """Let the first live agent answer as many of the numbers that nobody answers."""
        agent = next(each for each in self._all(home, "agents/") if each["state"] == "live")
        for number in self._all(home, f"numbers/?tab=unassigned&limit={count}"):
            self.api(home, f"numbers/{number['id']}/assignments/", {"agent": agent["id"]})

    def _all(self, home: Home, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.api(home, path)["results"]
        return rows

    def end_grace(self, home: Home) -> None:
        """Let the 48 hours of the account be over, and the sweep notice it."""
        self.installation.run(
            "from datetime import timedelta\n"
            "from django.core.management import call_command\n"
            "from django.db.models import F\n"
            "from accounts.models import Account\n"
            "from licensing.models import GracePeriod\n"
            f"account = Account.objects.get(slug={home.slug!r})\n"
            "period = GracePeriod.objects.filter(account=account, state='open')\n"
            "past = timedelta(hours=49)\n"
            "period.update(opened_at=F('opened_at') - past, ends_at=F('ends_at') - past)\n"
            "call_command('check_grace')"
        )

    def link_mailed_to(self, email: str) -> str:
        """The last link of this installation in a mail to `email`, once there is one."""
        self.wait_for(lambda: bool(self._links(email)))
        return self._links(email)[-1]

    def _links(self, email: str) -> list[str]:
        mails = "".join(
            text
            for path in sorted(self.mails.glob("*.log"))
            for text in re.split(r"^-{70,}$", path.read_text(), flags=re.MULTILINE)
            if f"To: {email}" in text
        )
        return re.findall(rf"{re.escape(self.url)}/\S+", mails)

    def complaints(self) -> list[str]:
        """Errors that server and worker have logged."""
        said = [
            line
            for name in ("web.log", "worker.log")
            for line in (self.installation.folder / name).read_text().splitlines()
        ]
        return [line for line in said if re.search(r"\[(error|critical) |Traceback|Error: ", line)]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
