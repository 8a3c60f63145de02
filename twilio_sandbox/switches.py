"""What Twilio's documents leave open (twilio-facts B): both behaviors, one of them in force."""

from __future__ import annotations

from typing import NamedTuple


class Switch(NamedTuple):
    """A question Twilio's documents do not answer; the first option is the default."""

    question: str
    options: dict[str, str]  # name -> what it means
    source: str  # where twilio-facts names the doubt


SWITCHES: dict[str, Switch] = {
    "page_size_above_maximum": Switch(
        "What happens to a PageSize above the maximum?",
        {
            "refused": "400 with code 20001",
            "capped": "the maximum is taken instead",
        },
        "twilio-facts B 12",
    ),
    "available_rows": Switch(
        "How many numbers on sale does one answer have at most?",
        {
            "thirty": "thirty, whatever PageSize says, as others saw it",
            "page_size": "as many as PageSize says",
        },
        "twilio-facts C 2",
    ),
    "available_capabilities": Switch(
        "How are the capabilities of numbers on sale spelled?",
        {
            "mixed": "voice, SMS, MMS, as others saw it",
            "lower": "voice, sms, mms, as in the OpenAPI document",
        },
        "twilio-facts C 1",
    ),
    "absolute_links": Switch(
        "What do the absolute links of the newer APIs begin with?",
        {
            "twilio": "https://messaging.twilio.com, as Twilio says, for clients that route hosts",
            "here": "this sandbox's own address, for clients that only know another base address",
        },
        "twilio-facts 9.2",
    ),
    "lesser_key_in_subaccount": Switch(
        "Does a standard or restricted API key of a main account reach its subaccounts?",
        {
            "refused": "no, it is refused as other things it may not do",
            "reached": "yes, in the 2010 API, as the auth token does",
        },
        "twilio-facts 1.5",
    ),
    "key_without_permission": Switch(
        "How is an API key refused what it may not do?",
        {
            "unauthorized": "401 with code 20003",
            "forbidden": "403 with code 20006",
        },
        "twilio-facts 1.5",
    ),
    "transferred_number_sid": Switch(
        "Does a number keep its SID when it moves to another account of the family?",
        {
            "kept": "yes",
            "new": "no, it gets another one",
        },
        "twilio-facts B 8",
    ),
    "transferred_number_urls": Switch(
        "Does a number keep its URLs when it moves to another account of the family?",
        {
            "kept": "yes; only what is bound to the account is lost",
            "cleared": "no, it comes with the settings of a new number",
        },
        "twilio-facts B 8",
    ),
    "released_number_purchase": Switch(
        "Can the API buy back a number that was just released?",
        {
            "refused": "no: 21422, only Console can, for ten days",
            "allowed": "the account that released it can, for ten days",
        },
        "twilio-facts B 9",
    ),
    "long_suspended_numbers": Switch(
        "What becomes of the numbers of an account that was suspended for sixty days?",
        {
            "kept": "they are kept",
            "reclaimed": "Twilio takes them back",
        },
        "twilio-facts 1.5",
    ),
    "emergency_registration": Switch(
        "When is an emergency address registered?",
        {
            "at_once": "with the call that names it",
            "later": "a minute later; until then it is pending",
        },
        "twilio-facts 1.2",
    ),
    "concurrency_limit": Switch(
        "How many requests at a time does Twilio allow an account before it answers 429?",
        {
            "off": "any number; the fault `concurrency` still limits what it is told to",
            "100": "a hundred, as others report",
            "10": "ten, to rehearse the refusal with a few requests",
        },
        "twilio-facts B 14",
    ),
    "a2p_enforcement": Switch(
        "Are texts from American local numbers to American phones stopped without A2P?",
        {
            "off": "they are delivered",
            "on": "30034 without a campaign, 30035 while it is set up, 30033 when it is suspended",
        },
        "twilio-facts 7.4, B 16",
    ),
    "toll_free_enforcement": Switch(
        "Are texts from toll-free numbers stopped without a verification?",
        {
            "off": "they are delivered",
            "on": "30032 until the verification is TWILIO_APPROVED",
        },
        "twilio-facts 7.4",
    ),
    "toll_free_opt_out": Switch(
        "What happens to a text to a phone that sent STOP to a toll-free number?",
        {
            "refused": "400 with code 21610",
            "blocked": "it is accepted, and undelivered with 30004 when the network stops it",
        },
        "twilio-facts 5.6",
    ),
    "status_callbacks": Switch(
        "Which statuses of a message are called back?",
        {
            "documented": "queued, sent, delivered, read, undelivered, failed, canceled; "
            "the one it begins with is not told",
            "all": "accepted, scheduled and sending as well, and the one it begins with",
        },
        "twilio-facts 5.4, C 4",
    ),
    "inbound_without_service_url": Switch(
        "What becomes of a text to a number whose messaging service has no inbound URL?",
        {
            "dropped": "it reaches nobody and no list",
            "listed": "nobody is told, but it is in the list of messages",
        },
        "twilio-facts 7.3",
    ),
    "sms_geo_permissions": Switch(
        "To which countries may accounts send texts?",
        {
            "some": "to the United States, Canada and the United Kingdom; others get 21408",
            "all": "to every country",
        },
        "twilio-facts 2, 8",
    ),
    "not_portable_status": Switch(
        "Which HTTP status has the portability of a number that cannot be ported?",
        {"200": "200, as the OpenAPI document says", "400": "400, as the docs page says"},
        "twilio-facts B 2",
    ),
    "portability_while_porting": Switch(
        "What does portability say of a number that is being ported into an account of yours?",
        {
            "in_progress": "22137: a port is in progress",
            "as_held": "22131 or 22136, as if it were there already",
        },
        "twilio-facts 3",
    ),
    "document_upload_status": Switch(
        "Which HTTP status has a successful upload of a document?",
        {"201": "201", "200": "200"},
        "twilio-facts B 3",
    ),
    "portable_in_create_answer": Switch(
        "Is the portability of the numbers known when a port-in request was just created?",
        {"known": "yes, as in Twilio's example", "later": "null until the review begins"},
        "twilio-facts 4.3",
    ),
    "notification_emails_maximum": Switch(
        "How many notification_emails may a request have?",
        {"none": "any number", "ten": "ten, as an older page says"},
        "twilio-facts 4.2",
    ),
    "letter_expires_after": Switch(
        "When does an LOA that nobody signs expire?",
        {"30_days": "after 30 days", "14_days": "after 14 days", "7_days": "after 7 days"},
        "twilio-facts B 4",
    ),
    "signature_request_url": Switch(
        "When is signature_request_url filled?",
        {
            "while_waiting": "as long as the signature is waited for",
            "never": "never, as in Twilio's examples",
            "from_then_on": "from the first wait for the signature on",
        },
        "twilio-facts B 4",
    ),
    "cancel_near_port_date": Switch(
        "Can a number be canceled within 48 hours of its port date?",
        {"allowed": "yes", "refused": "no: 409 with code 20409"},
        "twilio-facts B 15",
    ),
    "port_list_timestamp": Switch(
        "What is status_last_updated_timestamp in the list of port-in requests?",
        {"date": "a date, as in Twilio's example", "time": "a date with its time"},
        "twilio-facts 4.3",
    ),
    "porting_webhook_configuration_post": Switch(
        "What becomes of a URL or list that a new webhook configuration leaves out?",
        {"clears": "it is cleared", "keeps": "it stays"},
        "twilio-facts B 7",
    ),
    "porting_webhook_signer": Switch(
        "Whose auth token signs porting webhooks?",
        {"parent": "the main account's", "account": "that of the account that gets the number"},
        "twilio-facts B 11",
    ),
    "porting_webhook_encoding": Switch(
        "How are porting webhooks encoded?",
        {"json": "JSON, with bodySHA256", "form": "a form"},
        "twilio-facts B 1",
    ),
    "porting_webhook_names": Switch(
        "How are the names in porting webhooks written?",
        {"snake": "port_in_request_sid", "camel": "portInRequestSid"},
        "twilio-facts B 1",
    ),
    "porting_webhook_status": Switch(
        "What is status in a porting webhook?",
        {
            "short": "the state in short: submitted",
            "long": "the state as in the resource: port_submitted",
            "event": "the name of the event: PortInPhoneNumberSubmitted",
        },
        "twilio-facts B 1",
    ),
    "porting_webhook_event_type": Switch(
        "Does a porting webhook name its event under event_type?",
        {"absent": "no", "present": "yes"},
        "twilio-facts B 1",
    ),
    "porting_webhook_portable": Switch(
        "What is portable in a porting webhook?",
        {"text": '"true" or "false"', "boolean": "true or false"},
        "twilio-facts B 1",
    ),
    "snap_transfer_number": Switch(
        "Does a number that support moves between unrelated accounts keep its SID and settings?",
        {"new": "no: a new SID, as new", "kept": "yes"},
        "twilio-facts B 8",
    ),
    "recording_media": Switch(
        "Who gets the file of a recording?",
        {
            "authenticated": "who has credentials of the account: HTTP Basic, else 401",
            "public": "everybody who knows its address",
        },
        "a setting of Twilio's Console",
    ),
    "call_without_voice_url": Switch(
        "What happens to a call to a number without a voice URL?",
        {
            "rejected": "nobody answers it: no-answer, without a price",
            "apologized": "it is answered, the caller hears that there was an error, and it ends",
        },
        "twilio-facts 5.5 (silent)",
    ),
    "empty_gather": Switch(
        "What does a gather with actionOnEmptyResult send when nothing was said or pressed?",
        {
            "empty": "Digits or SpeechResult, or both, as it listened to, with nothing in them",
            "absent": "neither",
        },
        "twilio-facts 6.1 (silent)",
    ),
    "initiated_call_status": Switch(
        "Which CallStatus has the status callback of the event `initiated`?",
        {
            "initiated": "initiated, which is no status that a call in a list can have",
            "queued": "the call's own",
        },
        "twilio-facts 5.5 (silent)",
    ),
}


def default(name: str) -> str:
    return next(iter(SWITCHES[name].options))
