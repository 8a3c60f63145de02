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
}


def default(name: str) -> str:
    return next(iter(SWITCHES[name].options))
