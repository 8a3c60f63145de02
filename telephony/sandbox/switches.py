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
    "absolute_links": Switch(
        "What do the absolute links of the newer APIs begin with?",
        {
            "twilio": "https://messaging.twilio.com, as Twilio says, for clients that route hosts",
            "here": "this sandbox's own address, for clients that only know another base address",
        },
        "twilio-facts 9.2",
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
            "documented": "queued, sent, delivered, undelivered, failed, canceled",
            "all": "accepted, scheduled and sending as well",
        },
        "twilio-facts 5.4, A",
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
}


def default(name: str) -> str:
    return next(iter(SWITCHES[name].options))
