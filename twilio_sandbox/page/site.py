"""From a request to a page of the room: routing, acts, messages, headers."""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from twilio_sandbox.control import PREFIX, Control, refuse_others
from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Request, Response
from twilio_sandbox.page import clocks, files, frame, pages, parts
from twilio_sandbox.page.headers import HEADERS
from twilio_sandbox.page.upload import posted
from twilio_sandbox.page.visit import ROOM, Page, Problem, Sheet, Visit

KEPT_NOTES = 100


class Notes:
    """What was done, for the page that is shown next; each is read once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, tone: str, text: str) -> str:
        key = secrets.token_hex(8)
        with self._lock:
            self._kept[key] = (tone, text)
            while len(self._kept) > KEPT_NOTES:
                self._kept.popitem(last=False)
        return key

    def take(self, key: str | None) -> tuple[str, str] | None:
        with self._lock:
            return self._kept.pop(key, None) if key else None


@dataclass(frozen=True, slots=True)
class _Found:
    page: Page
    args: dict[str, str]


class Site:
    """The rehearsal room as an application beside the control API."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.notes = Notes()
        self._pages = [(re.compile(f"{PREFIX}{page.path}"), page) for page in pages.PAGES]

    def __call__(self, request: Request) -> Response:
        try:
            refuse_others(request)
        except ControlError as error:
            text = {"Content-Type": "text/plain; charset=utf-8"}
            return Response(error.status, f"{error.message}\n".encode(), HEADERS | text)
        if request.path.startswith(f"{ROOM}/files/"):
            return self._file(request.path.removeprefix(f"{ROOM}/files/"))
        visit = self._visit(request)
        try:
            found = self._find(request.path)
            visit.args = found.args
            if request.method == "POST":
                return self._act(found.page, visit, request)
            if request.method not in ("GET", "HEAD"):
                raise ControlError(405, "A page is read with GET and acted on with POST.")
            return self._show(found.page, visit)
        except ControlError as error:
            visit.path, visit.query = f"{PREFIX}/", {}
            return self._page(visit, _missing(error), error.status)

    def _visit(self, request: Request) -> Visit:
        query = {name: values[-1] for name, values in request.query.items()}
        note = self.notes.take(query.pop("note", None))
        return Visit(self.control, request.path, query, host=request.host, note=note)

    def _find(self, path: str) -> _Found:
        for pattern, page in self._pages:
            if (match := pattern.fullmatch(path)) is not None:
                return _Found(page, match.groupdict())
        raise ControlError(404, f"There is no page at {path}.")

    def _act(self, page: Page, visit: Visit, request: Request) -> Response:
        """Do it and lead on, or show the page again with the reason why not."""
        visit.form, visit.files = posted(request)
        act = {"forward": clocks.forward, **page.acts}.get(visit.form.get("do", ""))
        if act is None:
            raise ControlError(400, "This page does not know how to do that.")
        try:
            done = act(visit)
        except ControlError as error:
            visit = replace(visit, problem=Problem(visit.form, error.message))
            return self._show(page, visit, error.status)
        note = self.notes.put(done.tone, done.message)
        to = done.to or visit.here
        headers = {"Location": f"{to}{'&' if '?' in to else '?'}note={note}{done.at}"}
        return Response(303, b"", HEADERS | headers)

    def _show(self, page: Page, visit: Visit, status: int = 200) -> Response:
        with self.control.room.lock:
            found = page.show(visit)
            if isinstance(found, Sheet):
                return self._page(visit, found, status)
        found.headers = HEADERS | found.headers
        return found

    def _page(self, visit: Visit, sheet: Sheet, status: int) -> Response:
        with self.control.room.lock:
            body = frame.document(visit, sheet)
        return Response(status, body, HEADERS | {"Content-Type": "text/html; charset=utf-8"})

    def _file(self, name: str) -> Response:
        try:
            response = files.serve(name)
        except ControlError as error:
            return Response(error.status, b"", dict(HEADERS))
        response.headers = HEADERS | response.headers
        return response


def _missing(error: ControlError) -> Sheet:
    title = "Not here" if error.status == 404 else "Refused"
    content = (parts.callout(title, error.message, "bad"), parts.link("Overview", f"{PREFIX}/"))
    return Sheet(title, content)
