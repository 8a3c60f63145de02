"""Media of a message: list, fetch, delete, and the file itself (twilio-facts 5.3)."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import in_period, periods
from twilio_sandbox.world import World

_SIDE = 64  # pixels
_GIF = bytes.fromhex(
    "47494638396101000100800000ff0000ffffff21f90400000000002c00000000010001000002024401003b"
)
# A gray square of eight by eight pixels: one block whose only coefficient is zero, with Huffman
# tables of a single code each.
_JPEG = b"".join(
    (
        b"\xff\xd8\xff\xdb\x00\x43\x00" + b"\x01" * 64,
        bytes.fromhex("ffc0000b080008000801011100"),
        bytes.fromhex("ffc4001400") + b"\x01" + b"\x00" * 16,
        bytes.fromhex("ffc4001410") + b"\x01" + b"\x00" * 16,
        bytes.fromhex("ffda0008010100003f003fffd9"),
    )
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A piece of media with its place, for the pages of a list."""

    seq: int
    data: dict[str, Any]


def path(message: Message, media_sid: str) -> str:
    """Where the file is; with `.json` the resource."""
    return f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}/Media/{media_sid}"


def link(world: World, message: Message, media_sid: str) -> str:
    """The file's address as webhooks give it."""
    return world.base_url("api") + path(message, media_sid)


def resource(message: Message, media: dict[str, Any]) -> dict[str, Any]:
    created = rfc2822(media["created"])
    return {
        "account_sid": message.account_sid,
        "content_type": media["content_type"],
        "date_created": created,
        "date_updated": created,
        "parent_sid": message.sid,
        "sid": media["sid"],
        "uri": path(message, media["sid"]) + ".json",
    }


def list_media(context: Context) -> Response:
    message, given = _message(context), context.read()
    tests = in_period(given, "DateCreated", _created)
    rows = [
        _Entry(place, media)
        for place, media in enumerate(message.media)
        if all(test(media) for test in tests)
    ]
    return page(
        context, "media_list", rows, lambda row: json.dumps(resource(message, row.data)).encode()
    )


def _created(media: dict[str, Any]) -> float:
    return float(media["created"])


def fetch(context: Context) -> Response:
    message = _message(context)
    return json_response(200, resource(message, _media(context, message)))


def delete(context: Context) -> Response:
    message = _message(context)
    media = _media(context, message)
    message.media = [each for each in message.media if each is not media]
    context.world.messages.changed(message)
    return Response(204)


def download(context: Context) -> Response:
    """The file: an image drawn from its SID, or a line of text for what is no image."""
    message = _message(context)
    media = _media(context, message)
    content_type = media["content_type"]
    return Response(200, content(media["sid"], content_type), {"Content-Type": content_type})


def content(media_sid: str, content_type: str) -> bytes:
    if content_type in ("image/gif", "image/jpeg"):
        return _GIF if content_type == "image/gif" else _JPEG
    if content_type.startswith("image/"):
        return _png(bytes.fromhex(media_sid[2:8]))
    return f"Media {media_sid} of the sandbox\n".encode()


def _png(color: bytes) -> bytes:
    """A square of one color, with a white frame."""
    white = b"\xff\xff\xff"
    full = b"\0" + white * _SIDE
    framed = b"\0" + white * 8 + color * (_SIDE - 16) + white * 8
    rows = full * 8 + framed * (_SIDE - 16) + full * 8

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _message(context: Context) -> Message:
    return context.find(context.world.messages, context.active_account(), "MessageSid")


def _media(context: Context, message: Message) -> dict[str, Any]:
    for media in message.media:
        if media["sid"] == context.args["Sid"]:
            return media
    raise context.not_found()


_FILTERS = periods("DateCreated")
_ALL = f"{ACCOUNT}/Messages/{{MessageSid}}/Media.json"
_ONE = f"{ACCOUNT}/Messages/{{MessageSid}}/Media/{{Sid}}.json"
_FILE = f"{ACCOUNT}/Messages/{{MessageSid}}/Media/{{Sid}}"
OPERATIONS = [
    Operation("GET", "api", _ALL, list_media, _FILTERS),
    Operation("GET", "api", _ONE, fetch),
    Operation("DELETE", "api", _ONE, delete),
    Operation("GET", "api", _FILE, download, documented=False, is_public=True),
]
