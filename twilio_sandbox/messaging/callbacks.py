"""Status callbacks: what a program is told about a message on its way (twilio-facts 5.4)."""

from __future__ import annotations

from datetime import UTC, datetime

from twilio_sandbox import plan
from twilio_sandbox.context import VERSION
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

DOCUMENTED = ("queued", "sent", "delivered", "undelivered", "failed", "canceled", "read")
WITH_RECEIPT = ("delivered", "undelivered", "read")


def tell(world: World, message: Message, *, is_first: bool = False) -> None:
    """Call the message's status callback, if the status it has now is one that is called back.

    The first one is not: the answer to the request has told it (twilio-facts C 4).
    """
    is_told = message.status in DOCUMENTED and not is_first
    if world.switch("status_callbacks") == "documented" and not is_told:
        return
    if message.from_number == plan.MAGIC_NUMBER:  # test credentials get no callbacks (facts 2)
        return
    send(
        world,
        message.account_sid,
        "sms.status",
        message.status_callback,
        parameters(world, message),
        method=message.options.get("callback_method", "POST"),
        subject_sid=message.sid,
    )


def parameters(world: World, message: Message) -> dict[str, str]:
    """The form of a callback; what has no value is left out."""
    given = {
        "ErrorCode": str(message.error_code or ""),
        "ApiVersion": VERSION,
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "AccountSid": message.account_sid,
        "From": message.from_number or "",
        "To": message.to_number,
        "MessagingServiceSid": message.messaging_service_sid or "",
    }
    if message.status in WITH_RECEIPT:
        given["RawDlrDoneDate"] = f"{datetime.fromtimestamp(world.now(), UTC):%y%m%d%H%M}"
    return {name: value for name, value in given.items() if value}
