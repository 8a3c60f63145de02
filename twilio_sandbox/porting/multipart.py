"""Reads a `multipart/form-data` body, strictly."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import HTTP
from typing import NamedTuple

from twilio_sandbox.errors import TwilioError


class Part(NamedTuple):
    """One field; `filename` is None for plain ones."""

    filename: str | None
    content: bytes

    @property
    def text(self) -> str:
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise TwilioError(20001, "A field of the body is not UTF-8") from None


def parse(content_type: str, body: bytes) -> dict[str, Part]:
    """The parts by field name, the last of a repeated one; 20001 for anything that is not whole."""
    delimiter = b"\r\n--" + _boundary(content_type)
    pieces = (b"\r\n" + body).split(delimiter)[1:]  # what comes before the first is no part
    if not pieces or not pieces[-1].startswith(b"--"):
        raise TwilioError(20001, "The multipart body is not whole")
    parts: dict[str, Part] = {}
    for piece in pieces[:-1]:
        padding, _, rest = piece.partition(b"\r\n")
        head, blank, content = rest.partition(b"\r\n\r\n")
        if padding.strip(b" \t") or not blank:
            raise TwilioError(20001, "A part of the multipart body is malformed")
        name, part = _part(head, content)
        parts[name] = part
    return parts


def _boundary(content_type: str) -> bytes:
    message = EmailMessage(policy=HTTP)
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise TwilioError(20001, "The body must be multipart/form-data with a boundary")
    return boundary.encode()


def _part(head: bytes, content: bytes) -> tuple[str, Part]:
    message = BytesHeaderParser(policy=HTTP).parsebytes(head)
    name = message.get_param("name", header="content-disposition")
    if message.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise TwilioError(20001, "A part of the multipart body has no name")
    return name, Part(message.get_filename(), content)
