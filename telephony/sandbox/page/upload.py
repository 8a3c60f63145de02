"""What a form posts: fields, and files when it has any."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP

from telephony.sandbox.errors import ControlError
from telephony.sandbox.http import Request


def posted(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """(fields, files) of a form, the last of a repeated name; line breaks become plain ones."""
    if not request.content_type.lower().startswith("multipart/form-data"):
        fields = request.form()
        return {name: value.replace("\r\n", "\n") for name, value in fields.items()}, {}
    head = f"Content-Type: {request.content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        raise ControlError(400, "The form could not be read.")
    fields, files = {}, {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = _content(part)
        if part.get_filename() is None:
            fields[str(name)] = content.decode("utf-8", "replace")
        else:
            files[str(name)] = content
    return fields, files


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
