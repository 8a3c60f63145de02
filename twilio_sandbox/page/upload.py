"""What a form posts: fields, and files when it has any."""

from __future__ import annotations

from twilio_sandbox.errors import ControlError, TwilioError
from twilio_sandbox.http import Request
from twilio_sandbox.porting import multipart


def posted(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """(fields, files) of a form, the last of a repeated name; line breaks become plain ones."""
    if not request.content_type.lower().startswith("multipart/form-data"):
        fields = request.form()
        return {name: value.replace("\r\n", "\n") for name, value in fields.items()}, {}
    try:
        found = multipart.parse(request.content_type, request.body).items()
        fields = {name: part.text for name, part in found if part.filename is None}
    except TwilioError as error:
        raise ControlError(400, error.message) from None
    return fields, {name: part.content for name, part in found if part.filename is not None}
