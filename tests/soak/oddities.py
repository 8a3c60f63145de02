"""Values, bodies and headers as no honest client sends them, made from a seed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus

from .doors import Door

FORM = "application/x-www-form-urlencoded"

#: Texts that have broken something somewhere, already percent-encoded.
ENCODED = (
    "%00", "a%00b", "%ED%A0%80", "%FF%FE", "%C3", "%C0%80", "%E2%80%AE", "%F0%9F%93%9E", "%", "%zz",
    "%2500", "%0d%0aX-A:%20b", "..%2f..%2fetc", "%5c", "%25", "%5f%25%27%22", "%3Cscript%3E", "+",
    "%C2%A0", "%D9%A1%D9%A2", "%C2%B2", "%EF%BC%91", "%CC%81" * 50, "%F4%8F%BF%BF", "%EF%BB%BF",
)  # fmt: skip
NUMBERS = (
    "0", "-1", "1", "00000000001", "0000000509999999", str(2**31), str(2**63 - 1), str(2**63),
    str(10**30), "9" * 5000, "1e9", "1e400", "0x10", "1.5", "NaN", "Infinity", "-0", "1_000", " 1 ",
)  # fmt: skip
MOMENTS = (
    "99999999", "9999-12-31", "0001-01-01", "10000-01-01", "2026-02-30", "2026-13-01", "1970-01-01",
    "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-11-29T12:00:00.1234567Z",
    "2026-W48-7", "today", "1e3", "-2026-01-01", "2026-01-01T00:00:00+99:99",
)  # fmt: skip
WORDS = (
    "", "true", "false", "null", "on", "yes", "all", "unassigned", "held", "number", "-number",
    "state", "-state", "imported", "name", "agent", "user:1", "user:" + "9" * 18, "api_key:0",
    "support", "number:" + "9" * 18, "number:", ":", ",", ",,1,", "1,2,3", "+14155550123", "acme",
    "(415) 555", "*", "'; DROP TABLE x; --", "\\", "{}", "[]", "a" * 5000, "release", "2024,",
)  # fmt: skip
CHARSETS = (
    "utf-8",
    "zlib",
    "rot13",
    "iso-8859-1",
    "utf-16",
    "utf-7",
    "idna",
    "unknown",
    "",
    "\x7f",
)


@dataclass
class Dice:
    """What one seed makes. ``known`` are values that mean something: ids, numbers, slugs."""

    random: Random
    known: list[str]

    def one_of(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # --- Addresses -----------------------------------------------------------------------------

    def address(self, door: Door, values: Mapping[str, Sequence[str]]) -> str:
        """The address of a door, mostly about things that exist, with a query or without."""
        filled = {
            name: self.random.choice(door.values.get(name) or values.get(name) or "1")
            if self.chance(0.75) else self.segment()
            for name in door.parameters
        }  # fmt: skip
        path = "/" + door.template.format(**filled)
        if self.chance(0.02):
            path += self.one_of("x", "/", "%00", "..;/", "?", "//")
        return f"{path}?{self.query(door)}" if self.chance(0.6) else path

    def segment(self) -> str:
        return str(self.one_of(*ENCODED, *NUMBERS, *map(quote, WORDS), *map(quote, self.known)))

    def query(self, door: Door) -> str:
        pairs = []
        for _ in range(self.random.randint(1, 4)):
            name = self.random.choice(sorted(door.names)) if self.chance(0.92) else self.segment()
            if self.chance(0.1):
                lookup = self.one_of("__in", "__gt", "__year", "__isnull", "__regex", "__x", "[]")
                name = f"{name}{lookup}"
            pairs.append(f"{name}={self.encoded()}")
        if self.chance(0.01):
            pairs += ["a=1"] * 1200
        return "&".join(pairs)

    def encoded(self) -> str:
        """A value as it stands in an address or a form."""
        kind = self.random.randrange(6)
        if kind == 0:
            return str(self.one_of(*ENCODED))
        if kind == 1:
            return quote_plus(self.cursor())
        return quote_plus(self.text())

    def text(self) -> str:
        return str(self.one_of(*NUMBERS, *MOMENTS, *WORDS, *self.known, *self.known))

    def cursor(self) -> str:
        """A place in a list, ours or nearly so."""
        if self.chance(0.15):
            return base64.urlsafe_b64encode(b"[" * self.random.randint(1, 3000)).decode()
        if self.chance(0.3):
            plain = self.one_of("<", ">", "", "=") + self.text()
        else:
            values = [self.json(2) for _ in range(self.random.randint(0, 3))]
            plain = json.dumps([self.random.randint(-5, 99), *values])
        text = base64.urlsafe_b64encode(plain.encode("utf-8", "surrogatepass")).decode()
        return text if self.chance(0.3) else text.rstrip("=")

    # --- Bodies --------------------------------------------------------------------------------

    def json(self, depth: int = 3) -> Any:
        kind = self.random.randrange(10 if depth else 7)
        if kind < 3:
            return self.text()
        if kind == 3:
            return self.one_of(0, 1, -1, 2**63, 10**40, 1.5, 1e308, True, False, None)
        if kind == 4:
            return self.one_of("\0", "\ud800", "\U0010ffff", "\u202e", "e\u0301", "\x1b[0m")
        if kind < 7:
            return self.random.randint(0, 40)
        if kind == 7:
            return [self.json(depth - 1) for _ in range(self.random.randint(0, 3))]
        return {str(self.text())[:50]: self.json(depth - 1) for _ in range(2)}

    def body(self, door: Door) -> tuple[bytes, str]:
        """A body and its media type."""
        if self.chance(0.04):
            return self.random.randbytes(self.random.randint(1, 300)), self.media_type()
        if door.is_rest and self.chance(0.9):
            return self.json_body(door)
        return self.form(door)

    def json_body(self, door: Door) -> tuple[bytes, str]:
        value: Any = self.json()
        if door.bodies and self.chance(0.9):
            properties = self.random.choice(door.bodies)
            value = {n: self.like(s) for n, s in properties.items() if self.chance(0.85)}
        text = json.dumps(value)
        if self.chance(0.1):
            text = self.one_of(
                text[:-1], text + "}", "[" * 5000, '{"a": NaN}', '{"a": 1e999}', "\ufeff" + text,
                '{"a": ' + "9" * 5000 + "}", '{"a":1,"a":2}', "", " ", '"' + "a" * 300_000 + '"',
            )  # fmt: skip
        raw = text.encode()
        if self.chance(0.03):
            raw = self.one_of(b"\xff" + raw, raw.decode().encode("utf-16"), raw + b"\0")
        return raw, "application/json" if self.chance(0.93) else self.media_type()

    def like(self, schema: dict[str, Any]) -> Any:
        """A value of about the kind that the document asks for."""
        if self.chance(0.25):
            return self.json()
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        match schema.get("type"):
            case "integer":
                return self.one_of(1, 2, 3, 0, -1, 27, 10**6, 2**63 - 1, 2**63)
            case "boolean":
                return self.chance(0.5)
            case "array":
                return [
                    self.like(schema.get("items", {})) for _ in range(self.random.randint(0, 4))
                ]
            case "object":
                return {str(self.one_of("tab", "tag", "q", "agent", "add")): self.text()}
        return self.text()

    def form(self, door: Door) -> tuple[bytes, str]:
        names = [n for n in sorted(door.names) if self.chance(0.5)] or ["a"]
        if self.chance(0.15):
            return self.parts(names)
        pairs = [f"{name}={self.encoded()}" for name in names]
        if self.chance(0.01):
            pairs += [f"ids={number}" for number in range(2_000)]
        kind = FORM if self.chance(0.93) else self.media_type()
        return "&".join(pairs).encode(), kind

    def parts(self, names: list[str]) -> tuple[bytes, str]:
        """A multipart form, in places not quite one."""
        lines = []
        for name in names:
            extra = self.one_of(
                "", '; filename="a.csv"', "; filename*=zlib''%41", '; filename="\0"'
            )
            lines.append(f'--x\r\nContent-Disposition: form-data; name="{name}"{extra}')
            if self.chance(0.2):
                lines.append(f"Content-Transfer-Encoding: {self.one_of('base64', 'x', '8bit')}")
            lines.append(f"\r\n{self.text()[:200]}")
        text = "\r\n".join(lines) + ("\r\n--x--\r\n" if self.chance(0.9) else "")
        boundary = self.one_of("x", "x", "x", "x", "y", "", "a" * 300)
        return text.encode(), f"multipart/form-data; boundary={boundary}"

    def media_type(self) -> str:
        kind = self.one_of(
            FORM, "application/json", "multipart/form-data", "text/plain", "", "a/b;;"
        )
        more = self.one_of("", f"; charset={self.one_of(*CHARSETS)}", "; x*=zlib''%41")
        return f"{kind}{more}"

    # --- Headers -------------------------------------------------------------------------------

    def environ(self) -> dict[str, str]:
        """What a server would say of headers that are strange."""
        made: dict[str, str] = {}
        for name, values in HEADERS.items():
            if self.chance(0.04):
                made[name] = str(self.one_of(*values, self.text()[:300].replace("\n", "")))
        return made


HEADERS: dict[str, tuple[str, ...]] = {
    "HTTP_COOKIE": (
        r'sessionid="\000"',
        "sessionid=" + "a" * 500,
        "sessionid=\xff",
        "csrftoken=%00",
        "=;=;",
        r'messages="\377\000"; csrftoken="\""',
        "sessionid=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    ),
    "HTTP_HOST": ("", "evil.example", "127.0.0.1:99999", "[::1", "a b", "\xff", "127.0.0.1:x"),
    "HTTP_X_FORWARDED_FOR": ("", "1.2.3.4", "x, y", "::ffff:1.2.3.4%eth0", "\xff", ", ,"),
    "HTTP_X_FORWARDED_PROTO": ("https", "gopher"),
    "HTTP_AUTHORIZATION": ("Bearer", "Bearer nd__", "Basic =", "Bearer nd_\xff_x", "Digest x=1"),
    "HTTP_X_ACCOUNT": ("acme", "\xff", "a b"),
    "HTTP_IDEMPOTENCY_KEY": ("k", "", "\xff", "k" * 300),
    "HTTP_ACCEPT": ("text/html;q=x", "*/*;;;", "application/json; indent=99999999999", "\xff"),
    "HTTP_ACCEPT_LANGUAGE": ("xx-" * 200, "de;q=nan"),
    "HTTP_HX_REQUEST": ("true",),
    "HTTP_HX_CURRENT_URL": ("http://[", "%00"),
    "HTTP_HX_CURRENT_URL_URI_AUTOENCODED": ("true",),
    "HTTP_REFERER": ("http://[", "javascript:", "\xff"),
    "HTTP_ORIGIN": ("null", "http://[", "https://evil.example"),
    "HTTP_IF_MODIFIED_SINCE": ("yesterday", "Sat, 31 Dec 99999 00:00:00 GMT", "\xff"),
    "HTTP_IF_NONE_MATCH": ('"', 'W/"', "*"),
    "HTTP_RANGE": ("bytes=9-1", "bytes=-", "lines=1-2"),
    "HTTP_X_CSRFTOKEN": ("\xff", "a" * 32),
    "HTTP_X_REQUEST_ID": ("a\xff", "x" * 200),
    "HTTP_TRANSFER_ENCODING": ("chunked", "gzip"),
    "CONTENT_LENGTH": ("-1", "x", "99", "1_0"),
    "HTTP_USER_AGENT": ("\xff" * 300, ""),
}
