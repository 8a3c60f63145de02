"""A browser without JavaScript, as far as the rehearsal room needs one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

_VOID = {"input", "link", "meta", "br", "hr", "img"}


@dataclass
class Form:
    """A form as the page has it: where it goes, and what is in its fields."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)  # every name, also of what is not ticked
    buttons: dict[str, str] = field(default_factory=dict)  # text -> value
    is_multipart: bool = False


class Parsed(HTMLParser):
    """What is on a page: its text, links and forms, and whether its tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._select = self._area = self._button = ""
        self.feed(html)
        self.close()
        assert self._open == [], self._open

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag not in _VOID:
            self._open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("method", "get"), given.get("action", ""))
            self._form.is_multipart = given.get("enctype") == "multipart/form-data"
            self.forms.append(self._form)
        elif self._form is not None and (name := given.get("name")):
            self._field(self._form, tag, name, given)
        elif tag == "option" and self._select and self._form is not None:
            self._option(self._form.fields, given)

    def _option(self, fields: dict[str, str], given: dict[str, str]) -> None:
        """The one that is selected, else the first."""
        if self._select not in fields or "selected" in given:
            fields[self._select] = given["value"]

    def _field(self, form: Form, tag: str, name: str, given: dict[str, str]) -> None:
        form.offered.add(name)
        kind = given.get("type", "")
        if tag == "button":
            self._button = f"{name}={given['value']}"
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            form.fields[name] = ""
        elif kind not in ("checkbox", "radio", "file") or "checked" in given:
            form.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}>"
        if tag == "form":
            self._form = None
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area
        self._button = "" if tag == "button" else self._button

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.fields[self._area] += data.removeprefix("\n")
        if self._button and self._form is not None:
            self._form.buttons[data] = self._button
        if self._open and self._open[-1] == "h1":
            self.headings.append(data)
        self.texts.append(data)


class Visitor:
    """Somebody in the room of a sandbox: opens pages, fills in forms, and is led on."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.url = ""
        self.status = 0
        self.page = Parsed("")

    def open(self, path: str) -> Parsed:
        """A page by its path; every page is whole and has one heading."""
        answer = self.session.get(urljoin(f"{self.base}/_sandbox/", path), timeout=60)
        return self._take(answer)

    def _take(self, answer: requests.Response) -> Parsed:
        self.url, self.status = answer.url, answer.status_code
        assert answer.headers["Content-Type"].startswith("text/html"), answer.text
        self.html = answer.text
        self.page = Parsed(answer.text)
        assert len(self.page.headings) == 1, self.page.headings
        assert len(set(self.page.ids)) == len(self.page.ids), "an id is there twice"
        return self.page

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def form(self, do: str, **hidden: str) -> Form:
        """The form of the page that does it, to what its hidden fields name."""
        wanted = {"do": do, **hidden}
        return next(form for form in self.page.forms if wanted.items() <= form.fields.items())

    def submit(
        self,
        do: str,
        *,
        to: dict[str, str] | None = None,
        files: dict[str, bytes] | None = None,
        button: str = "",
        typed: Mapping[str, str] | None = None,
        **filled: str | None,
    ) -> Parsed:
        """Fill in the form that does it and send it; None takes a tick away.

        `to` are hidden fields that name the form, `typed` fields that Python has other uses for.
        """
        form = self.form(do, **(to or {}))
        filled = {**(typed or {}), **filled}
        assert set(filled) <= form.offered, f"{set(filled) - form.offered} is not in the form"
        fields = {**form.fields, **filled}
        if button:
            name, _, value = form.buttons[button].partition("=")
            fields[name] = value
        given = {name: value for name, value in fields.items() if value is not None}
        address = urljoin(self.url, form.action)
        sent = {name: ("file", content) for name, content in (files or {}).items()}
        answer = self.session.post(
            address, data=given, files=sent or None, headers={"Origin": self.base}, timeout=60
        )
        return self._take(answer)

    def told(self, text: str) -> bool:
        return text in self.page.text
