"""A number: what it is set to, and what its owner does with it in Console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from twilio_sandbox import inventory
from twilio_sandbox.errors import ControlError
from twilio_sandbox.page import console, parts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.world import Number

METHODS = parts.options(("POST", "GET"))
REFUSALS = {
    "": "it does not refuse it",
    "22350": "22350: it is being ported out",
    "22400": "22400: it is in a route configuration",
    "22402": "22402: of its region",
}
#: Parameter -> (field, label) of the settings that Console's page of a number offers.
TEXTS = {
    "FriendlyName": ("friendly_name", "Name"),
    "VoiceUrl": ("voice_url", "A call comes in"),
    "VoiceFallbackUrl": ("voice_fallback_url", "If that URL fails for a call"),
    "StatusCallback": ("status_callback", "A call's status changes"),
    "SmsUrl": ("sms_url", "A message comes in"),
    "SmsFallbackUrl": ("sms_fallback_url", "If that URL fails for a message"),
}
CHOICES = {
    "VoiceMethod": ("voice_method", "Method of calls"),
    "SmsMethod": ("sms_method", "Method of messages"),
}


def number_of(visit: Visit) -> Number:
    number = visit.world.numbers.find(visit.account().sid, visit.args["number"])
    if number is None:
        raise ControlError(404, f"The account has no number {visit.args['number']}.")
    return number


def show(visit: Visit) -> Sheet:
    account, number = visit.account(), number_of(visit)
    settings = inventory.resource(number)
    name = settings["friendly_name"]
    return Sheet(
        parts.phone(number.phone_number),
        parts.split(
            _form(visit, settings), (_facts(number, settings), _rehearse(number), _give_up(visit))
        ),
        trail=parts.link(account.friendly_name, parts.to("accounts", account.sid)),
        extra=None if name == parts.phone(number.phone_number) else name,
    )


def _form(visit: Visit, settings: dict[str, Any]) -> Markup:
    form = Form(visit, "save")

    def line(name: str) -> Markup:
        field, label = TEXTS[name]
        return form.text(name, label, value=settings[field] or "")

    def method(name: str) -> Markup:
        field, label = CHOICES[name]
        return form.choice(name, label, METHODS, value=settings[field])

    fields = (
        line("FriendlyName"),
        *(line("VoiceUrl"), method("VoiceMethod"), line("VoiceFallbackUrl")),
        line("StatusCallback"),
        *(line("SmsUrl"), method("SmsMethod"), line("SmsFallbackUrl")),
    )
    return parts.card(
        "Settings",
        tag("p", parts.soft("As Console would set them; an empty line clears the setting.")),
        form.whole(fields, submit="Save", look="primary"),
        id="settings",
    )


def save(visit: Visit) -> Done:
    given = {name: visit.form[name] for name in (*TEXTS, *CHOICES) if name in visit.form}
    number = number_of(visit)
    console.ask(visit, visit.account(), "POST", f"IncomingPhoneNumbers/{number.sid}", given)
    return Done("Saved.")


def _facts(number: Number, settings: dict[str, Any]) -> Markup:
    return parts.card(
        "Facts",
        parts.facts(
            [
                ("Number", _copied(settings["phone_number"])),
                ("SID", _copied(settings["sid"])),
                ("Type", settings["type"]),
                ("Can", ", ".join(_capabilities(settings)) or "nothing"),
                ("Bought", parts.time(number.created)),
                ("Changed", parts.time(number.updated)),
                *_more(settings),
            ]
        ),
        id="facts",
    )


def _copied(text: str) -> Child:
    return parts.code(text), " ", parts.copy(text)


def _capabilities(settings: dict[str, Any]) -> list[str]:
    return [name for name, can in settings["capabilities"].items() if can]


def _more(settings: dict[str, Any]) -> Iterator[tuple[str, Child]]:
    """What only some numbers have."""
    for field, label in (
        ("emergency_address_sid", "Emergency address"),
        ("address_sid", "Address"),
        ("bundle_sid", "Bundle"),
        ("trunk_sid", "Trunk"),
        ("voice_application_sid", "Voice application"),
        ("sms_application_sid", "SMS application"),
    ):
        if settings[field]:
            yield label, parts.code(settings[field])


def _rehearse(number: Number) -> Markup:
    query = f"{urlencode({'to': number.phone_number})}#{parts.COMPOSE}"
    links = (
        parts.link("Text it", f"{parts.to('messages')}?{query}", class_="button"),
        parts.link("Call it", f"{parts.to('calls')}?{query}", class_="button"),
    )
    return parts.card("Rehearse", tag("div", links, class_="buttons"), id="rehearse")


def _give_up(visit: Visit) -> Markup:
    form, family = Form(visit, "release"), _family(visit)
    move = Form(visit, "move")
    releasing = unfold(
        "Release",
        tag("p", "For ten days it can be bought back, without its settings."),
        form.whole(submit="Release it", look="danger primary"),
        is_open=form.problem is not None,
    )
    moving = unfold(
        "Move to another account",
        move.whole(move.choice("AccountSid", "Account", family), submit="Move it"),
        is_open=move.problem is not None,
    )
    refuse = Form(visit, "refuse")
    refused = number_of(visit).release_refused
    refusing = unfold(
        "Let Twilio refuse the release",
        refuse.whole(
            refuse.choice("code", "Why", REFUSALS, value=str(refused or "")), submit="Store"
        ),
        is_open=refuse.problem is not None or refused is not None,
    )
    taking = unfold(
        "Let Twilio take it back",
        tag("p", "It is gone from its account at once. For ten days Twilio can give it back."),
        Form(visit, "reclaim").whole(submit="Take it back", look="danger primary"),
    )
    moves = moving if family else None
    return parts.card("Give it up", releasing, moves, refusing, taking, id="give-up")


def _family(visit: Visit) -> dict[str, str]:
    account = visit.account()
    owner = visit.world.accounts[account.owner_sid]
    others = [owner, *visit.world.subaccounts(owner)]
    return {each.sid: each.friendly_name for each in others if each is not account}


def release(visit: Visit) -> Done:
    account, number = visit.account(), number_of(visit)
    console.ask(visit, account, "DELETE", f"IncomingPhoneNumbers/{number.sid}")
    there = f"{parts.to('accounts', account.sid)}?tab=released"
    return Done(f"{parts.phone(number.phone_number)} was released.", there)


def refuse_release(visit: Visit) -> Done:
    code = visit.form.get("code")
    if code not in REFUSALS:
        raise ControlError(400, "Choose one of the reasons.")
    number = number_of(visit).phone_number
    visit.post(f"/numbers/{number}/release-refusal", {"code": int(code) if code else None})
    return Done("A release is refused from now on." if code else "It can be released.")


def reclaim(visit: Visit) -> Done:
    number = number_of(visit).phone_number
    visit.post(f"/numbers/{number}/reclaim")
    return Done(f"Twilio took {parts.phone(number)} back.", parts.to("taken"))


def move(visit: Visit) -> Done:
    account, number = visit.account(), number_of(visit)
    target = visit.given("AccountSid")
    moved = console.ask(visit, account, "POST", f"IncomingPhoneNumbers/{number.sid}", target)
    return Done("It was moved.", parts.to("accounts", moved["account_sid"], "numbers", number.sid))


PAGES = [
    Page(
        "/room/accounts/(?P<sid>[^/]+)/numbers/(?P<number>[^/]+)",
        show,
        {
            "save": save,
            "release": release,
            "move": move,
            "refuse": refuse_release,
            "reclaim": reclaim,
        },
    )
]
