"""The Twilio sandbox: pages of numbers against a static file, purchases, its start when saved."""

from __future__ import annotations

import base64
import http.client
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import urlencode, urlsplit

from tests.sandbox_process import SandboxProcess

from .measuring import Row, ratio, seconds

NUMBERS = 100_000
PAGE = 1_000
ROUNDS = 15
EACH = 20
STARTS = 5
BUYERS = 50
AREA_CODE = "415"  # one of those that many of the numbers have


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        state = Path(folder) / "state.json"
        with SandboxProcess(numbers=NUMBERS, state=state) as sandbox:
            pages = [_page(sandbox, Path(folder), deep) for deep in (False, True)]
            sandbox.save()
            buying = _buying(sandbox)
        return [*pages, buying, _start(state)]


class _Caller:
    """One connection that is kept open."""

    def __init__(self, url: str, sid: str = "", token: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        login = base64.b64encode(f"{sid}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}"}

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return answer.read()

    def post(self, path: str, form: dict[str, str]) -> None:
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, urlencode(form), headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{form} answered {answer.status}")

    def close(self) -> None:
        self._connection.close()


def _page(sandbox: SandboxProcess, folder: Path, deep: bool) -> Row:
    """A page of a thousand, the first one or the one in the middle."""
    caller = _Caller(sandbox.url, sandbox.acme_sid, sandbox.acme_token)
    path = _path(sandbox, deep)
    file = folder / "page.json"
    file.write_bytes(caller.get(path))
    with _static(file) as address:
        plain = _Caller(address)
        try:
            for _ in range(EACH):  # warm both
                if len(plain.get("/")) != len(caller.get(path)):
                    raise RuntimeError("The page and the file differ.")
            return ratio(
                f"sandbox: page of {PAGE:,} among {NUMBERS:,} numbers, {_name(deep)}",
                lambda: caller.get(path),
                "a static file of the same bytes from the same web server",
                lambda: plain.get("/"),
                limit=1.5,
                rounds=ROUNDS,
                each=EACH,
            )
        finally:
            plain.close()
            caller.close()


def _name(deep: bool) -> str:
    return "in the middle" if deep else "first"


def _path(sandbox: SandboxProcess, deep: bool) -> str:
    account = f"/2010-04-01/Accounts/{sandbox.acme_sid}"
    if not deep:
        return f"/api{account}/IncomingPhoneNumbers.json?PageSize={PAGE}"
    client = sandbox.client()
    page = client.incoming_phone_numbers.page(page_size=PAGE)
    for _ in range(NUMBERS // PAGE // 2):
        following = page.next_page_url
        page = client.incoming_phone_numbers.get_page(following)
    there = urlsplit(following)
    return f"/api{there.path}?{there.query}"


@contextmanager
def _static(file: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.static_file", str(file)], stdout=subprocess.PIPE, text=True
    )
    with process as running:
        try:
            port = running.stdout.readline().strip() if running.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def _buying(sandbox: SandboxProcess) -> Row:
    """Many buyers at the same time, each with a connection of its own."""
    path = f"/api/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers.json"
    fresh = (f"+1{AREA_CODE}555{line}" for line in count(1000))  # no stock is among these
    with ExitStack() as stack:
        buyers = [
            stack.enter_context(closing(_Caller(sandbox.url, sandbox.acme_sid, sandbox.acme_token)))
            for _ in range(BUYERS)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(BUYERS))

        def buy(forms: list[dict[str, str]]) -> None:
            list(pool.map(lambda buyer, form: buyer.post(path, form), buyers, forms))

        def by_area_code() -> None:
            buy([{"AreaCode": AREA_CODE}] * BUYERS)

        def by_number() -> None:
            buy([{"PhoneNumber": next(fresh)} for _ in range(BUYERS)])

        by_area_code()  # warm both
        by_number()
        return ratio(
            f"sandbox: {BUYERS} numbers bought by area code at the same time",
            by_area_code,
            "the same bought by their digits",
            by_number,
            limit=1.5,
            rounds=ROUNDS,
        )


def _start(state: Path) -> Row:
    """From the command to the answer of the first call."""

    def start() -> None:
        sandbox = SandboxProcess(state=state)
        sandbox.start()
        sandbox.kill()

    start()
    taken = [seconds(start) for _ in range(STARTS)]
    return Row(
        work=f"sandbox: start with a saved state of {NUMBERS:,} numbers",
        compared_with="nothing",
        value=median(taken),
        limit=2,
        unit="s",
        spread=(min(taken), max(taken)),
    )
