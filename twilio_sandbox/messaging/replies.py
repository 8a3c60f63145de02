"""What a program answers to an inbound text: TwiML, or plain text (twilio-facts 5.2, 5.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from twilio_sandbox.errors import TwilioError
from twilio_sandbox.messaging import delivery, drafts, inbound
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import action
from twilio_sandbox.webhooks.courier import Outcome
from twilio_sandbox.webhooks.rows import Webhook
from twilio_sandbox.world import World

XML_TYPES = ("text/xml", "application/xml", "text/html")
PARSE_FAILURE, SCHEMA_WARNING, BAD_TYPE = 12100, 12200, 12300
BAD_TO, BAD_FROM, BAD_BODY, TOO_DEEP = 14101, 14102, 14103, 14106
LOOP, TOO_MANY, BAD_VERB = 14107, 14109, 14110
MAX_REPLIES, MAX_DOCUMENTS = 10, 10
# More than 15 replies between two numbers, each within 30 seconds of the last, are a loop.
LOOP_REPLIES, LOOP_SECONDS = 15, 30


@action("messaging.answered")
def answered(world: World, outcome: Outcome, sid: str, hook_sid: str, depth: int) -> None:
    """Carry out the answer to the webhook about an inbound text."""
    message, hook = world.messages.get(sid), world.webhooks.get(hook_sid)
    if message is None or hook is None:
        return
    body = outcome.body.strip()
    if outcome.error_code is not None or not body:
        return
    if outcome.content_type in XML_TYPES:
        _Answer(world, message, hook, outcome, depth).run(body)
    elif outcome.content_type == "text/plain":
        _Answer(world, message, hook, outcome, depth).reply(body, [], {})
    else:
        _alert(world, hook, BAD_TYPE, f"{outcome.content_type or 'No content type'} is no TwiML")


def _alert(world: World, hook: Webhook, code: int, text: str) -> None:
    alerts.add(world, hook.account_sid, code, text, hook=hook)


class _Answer:
    """One TwiML document, carried out for the text it answers."""

    def __init__(
        self, world: World, message: Message, hook: Webhook, outcome: Outcome, depth: int
    ) -> None:
        self.world = world
        self.message = message
        self.hook = hook
        self.base = outcome.attempts[-1].url  # what relative URLs are relative to
        self.depth = depth
        self.replies = 0

    def run(self, text: str) -> None:
        try:
            root = ElementTree.fromstring(text)  # noqa: S314 - expat limits what entities become
        except ElementTree.ParseError as error:
            _alert(self.world, self.hook, PARSE_FAILURE, f"The answer is not XML: {error}")
            return
        if root.tag != "Response":
            text = f"The answer begins with <{root.tag}>, not <Response>"
            _alert(self.world, self.hook, PARSE_FAILURE, text)
            return
        for verb in root:
            if verb.tag == "Message":
                self._message(verb)
            elif verb.tag == "Redirect":
                self._redirect(verb)
                return  # what follows a redirect is never reached
            else:
                _alert(self.world, self.hook, BAD_VERB, f"<{verb.tag}> is no verb for texts")

    def _message(self, verb: ElementTree.Element) -> None:
        bodies = [each.text or "" for each in verb.findall("Body")]
        body = "".join(bodies) if bodies else (verb.text or "").strip()
        media = [urljoin(self.base, (each.text or "").strip()) for each in verb.findall("Media")]
        for child in verb:
            if child.tag not in ("Body", "Media"):
                text = f"<{child.tag}> cannot be in a <Message>"
                _alert(self.world, self.hook, SCHEMA_WARNING, text)
        self.reply(body, media, verb.attrib)

    def reply(self, body: str, media: list[str], attributes: dict[str, str]) -> None:
        """Send one reply, if it may be sent; why not is an alert."""
        world, message = self.world, self.message
        self.replies += 1
        if self.replies > MAX_REPLIES:
            _alert(world, self.hook, TOO_MANY, f"There are more than {MAX_REPLIES} replies")
            return
        account = world.accounts[message.account_sid]
        if world.status(account) != "active":
            return
        given: dict[str, Any] = {
            "To": attributes.get("to") or message.from_number,
            "From": attributes.get("from") or message.to_number,
            "Body": body,
            "MediaUrl": media,
            "StatusCallback": self._callback(attributes),
        }
        try:
            draft = drafts.check(world, account, given)
        except TwilioError as error:
            codes = {21211: BAD_TO, 21212: BAD_FROM, 21606: BAD_FROM, 21602: BAD_BODY}
            _alert(world, self.hook, codes.get(error.code, error.code), error.message)
            return
        loops = _loops(world, message.account_sid, str(draft.from_number), draft.to_number)
        sent = delivery.submit(
            world,
            message.account_sid,
            from_number=draft.from_number,
            to_number=draft.to_number,
            body=draft.body,
            direction="outbound-reply",
            media_urls=draft.media_urls,
            service_sid=message.messaging_service_sid,
            status_callback=draft.status_callback,
            options={"callback_method": self._method(attributes)},
        )
        if loops:
            _alert(world, self.hook, LOOP, "Too many replies between two numbers")
            delivery.finish(world, sent, "failed", LOOP)

    def _callback(self, attributes: dict[str, str]) -> str | None:
        """`action` or `statusCallback`: where the status of the reply goes."""
        url = attributes.get("action") or attributes.get("statusCallback")
        return urljoin(self.base, url) if url else None

    def _method(self, attributes: dict[str, str]) -> str:
        """The HTTP method a verb names; any but GET and POST is a warning, and POST."""
        method = attributes.get("method", "POST").upper()
        if method in ("GET", "POST"):
            return method
        _alert(self.world, self.hook, SCHEMA_WARNING, f"{method} is no method for webhooks")
        return "POST"

    def _redirect(self, verb: ElementTree.Element) -> None:
        """Fetch another document, with the parameters of the first request."""
        if self.depth + 1 >= MAX_DOCUMENTS:
            _alert(self.world, self.hook, TOO_DEEP, f"More than {MAX_DOCUMENTS} documents")
            return
        url = urljoin(self.base, (verb.text or "").strip())
        fallback = (self.hook.fallback_url, self.hook.fallback_method)
        params = {pair[0]: pair[1] for pair in self.hook.form or []}
        route = inbound.Route(url, self._method(verb.attrib), *fallback)
        inbound.tell(self.world, self.message, route, params, self.depth + 1)


def _loops(world: World, account_sid: str, from_number: str, to_number: str) -> bool:
    """Whether the replies between two numbers have come too fast for too long."""
    later, replies = world.now(), 0
    for row in reversed(world.messages.of(account_sid)):
        if later - row.created > LOOP_SECONDS:
            return False
        if (
            row.direction == "outbound-reply"
            and row.from_number == from_number
            and row.to_number == to_number
        ):
            later, replies = row.created, replies + 1
            if replies >= LOOP_REPLIES:
                return True
    return False
