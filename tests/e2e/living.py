"""An account in which something of everything has happened."""

from __future__ import annotations

from typing import Any

from .desk import Desk
from .house import Home, House


def live_in(house: House, browser: Any, home: Home, *, newcomer: str) -> Any:
    """Let everything happen in the account; returns the session of its owner."""
    _live_through(house, home)
    context = browser.new_context(base_url=house.url)
    desk = Desk(context.new_page(), house, home)
    desk.sign_in()
    desk.open("settings/members/")
    desk.page.get_by_label("Email").fill(newcomer)
    desk.press("Send invitation")
    desk.told(newcomer)
    desk.open("numbers/?tab=unassigned&country=US")
    desk.page.get_by_text("Saved views").click()
    desk.page.get_by_label("Save this view as").fill("American spares")
    desk.press("Save")
    state = context.storage_state()
    context.close()
    return state


def _live_through(house: House, home: Home) -> None:
    """Numbers in every state, jobs, a grace period, and something that Twilio refuses."""
    twilio = house.sandbox.client(home.sid, home.token)
    theirs = twilio.incoming_phone_numbers.list()
    house.import_numbers(home)
    house.assign_unassigned(home, 4)
    twilio.incoming_phone_numbers(theirs[-1].sid).delete()
    twilio.incoming_phone_numbers(theirs[-2].sid).update(friendly_name="Renamed at Twilio")
    house.import_numbers(home)

    spares = house.api(home, "numbers/?tab=unassigned")["results"]
    excluded, released, refused, kept, *rest = [number["id"] for number in spares]
    house.api(home, f"numbers/{excluded}/exclusions/", {})
    house.api(home, f"numbers/{kept}/spares/", {})
    house.api(home, f"numbers/{released}/releases/", {})
    house.wait_for(lambda: house.api(home, f"numbers/{released}/")["state"] == "released")
    house.sandbox.fault(
        "status", status=400, code=21422, account=home.sid, method="DELETE", times=1
    )
    house.api(home, f"numbers/{refused}/releases/", {})
    house.wait_for(lambda: "refused" in str(house.api(home, f"numbers/{refused}/timeline/")))
    for action, params in (("tag", {"add": ["spring", "spare"]}), ("protect", {"protected": True})):
        body = {"action": action, "params": params, "numbers": rest[:3]}
        house.wait_for_job(home, house.api(home, "bulk-jobs/", body)["id"])
    changed = house.api(home, f"numbers/{rest[-1]}/")["sid"]
    twilio.incoming_phone_numbers(changed).update(voice_url="https://example.com/elsewhere")
    house.import_numbers(home)
    pays(house, home, "refused")
    _is_texted(house, home)


def _is_texted(house: House, home: Home) -> None:
    """A phone writes to a number: words in two scripts, a picture, and that it wants no more."""
    sid, number, path = house.installation.run(
        "from tests.e2e.accounts import texting_number\n"
        f"print(json.dumps(texting_number({home.slug!r})))"
    )
    twilio = house.sandbox.client(home.sid, home.token)
    twilio.incoming_phone_numbers(sid).update(sms_url=f"{house.url}{path}")
    for text in (
        {"body": "Are you open on Sunday?\nAnd is it far from the station? " * 5},
        {"body": "\u05e9\u05dc\u05d5\u05dd, 24/7?", "media": ["image/jpeg", "text/vcard"]},
        {"body": "STOP"},
    ):
        message = {"from": "+12065550199", "to": number, **text}
        house.sandbox.control("POST", "messages?settle=1", message)
    assert len(house.api(home, "messages/")["results"]) == 5


def pays(house: House, home: Home, state: str) -> None:
    house.installation.run(
        f"from tests.e2e.accounts import a_payment\nprint(a_payment({home.slug!r}, {state!r}))"
    )
