"""Documents: the upload of a utility bill, on a host of its own (twilio-facts 4.6)."""

from __future__ import annotations

import re

from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import Operation
from twilio_sandbox.porting import multipart
from twilio_sandbox.porting.multipart import Part
from twilio_sandbox.porting.rows import Document

UTILITY_BILL = "utility_bill"
MAX_BYTES = 10 * 1024 * 1024

_BEGINNINGS = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}


def upload(context: Context) -> Response:
    """Keep a document; one without content is kept as well, and shows an empty `mime_type`."""
    account = context.active_account()
    parts = multipart.parse(context.request.content_type, context.request.body)
    document_type = parts.get("document_type", Part(None, b"")).text
    if not re.fullmatch(r"[a-z][a-z_]{0,63}", document_type):
        raise TwilioError(20001, "document_type is required, utility_bill for instance")
    if "File" not in parts:
        raise TwilioError(20001, "File is required")
    name, content = parts.get("friendly_name"), parts["File"].content
    document = context.world.documents.add(
        Document(
            *context.world.stamp("RD", account.sid),
            document_type=document_type,
            friendly_name=name.text if name else None,
            mime_type=_mime_type(content),
            size=len(content),
        )
    )
    return json_response(int(context.world.switch("document_upload_status")), _resource(document))


def _mime_type(content: bytes) -> str:
    """What the content is, whatever the client called it; PDF, JPEG and PNG are taken."""
    if len(content) > MAX_BYTES:
        raise TwilioError(20001, "File must have at most 10 MB")
    if not content:
        return ""
    found = [kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)]
    if not found:
        raise TwilioError(20001, "File must be a PDF, JPEG or PNG")
    if found[0] == "application/pdf" and b"/Encrypt" in content:
        raise TwilioError(20001, "File must not be protected by a password")
    return found[0]


def _resource(document: Document) -> dict[str, object]:
    return {
        "sid": document.sid,
        "account_sid": document.account_sid,
        "document_type": document.document_type,
        "version": 1,
        "status": "DRAFT",
        "friendly_name": document.friendly_name,
        "mime_type": document.mime_type,
    }


OPERATIONS = [
    Operation(
        "POST", "numbers-upload", "/v1/Documents", upload, body="multipart", documented=False
    ),
]
