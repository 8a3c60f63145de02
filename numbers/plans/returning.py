"""What becomes of a number that comes back, or stays after all, and of its settings."""

from __future__ import annotations

from datetime import datetime

from config.text import name_as_label
from licensing.standing import Standing
from numbers import gates, routes
from numbers.models import PhoneNumber
from numbers.previous import kept_instead, seal_of, written_back
from numbers.states import TaskKind

from .leaving import HOSTED
from .plan import Change, Plan, agent_again, shown


def take_back_plan(number: PhoneNumber, *, standing: Standing) -> Plan:
    """What keeping a number means whose release Twilio refused, or was not asked for."""
    release = number.carrier_tasks.unfinished().filter(kind=TaskKind.RELEASE).first()
    touches = ["The release is dropped; Twilio still has the number in the subaccount."]
    if release is not None and release.is_unanswered:
        found_gone = (
            "says if it is there no more"
            if number.was_excluded
            else "one that is gone becomes missing"
        )
        touches = [
            "The release is dropped. Twilio gave no answer to it, so it may have taken the number: "
            f"a refresh looks right away, and {found_gone}."
        ]
    if number.was_excluded:
        return Plan(
            changes=[Change("State", str(number), number.get_state_display(), "Excluded")],
            touches=[*touches, "It is excluded, as before."],
            cost="Takes no license.",
            undo="Release it again at any time.",
            blockers=gates.take_back(number, standing),
        )
    if agent := number.before_release.get("agent"):
        touches.append(agent_again(agent))
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Held")],
        touches=touches,
        cost=standing.cost_of_one_more,
        undo="Release it again at any time.",
        blockers=gates.take_back(number, standing),
    )


def bring_back_plan(number: PhoneNumber, *, standing: Standing) -> Plan:
    """What managing an excluded number again takes."""
    touches = ["The next refresh reads its settings again."]
    if agent := number.before_release.get("agent"):
        touches.insert(0, agent_again(agent))
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Held")],
        touches=touches,
        cost=standing.cost_of_one_more,
        undo="Exclude it again at any time.",
        blockers=gates.bring_back(number, standing),
    )


def put_settings_back_plan(number: PhoneNumber) -> Plan:
    """Both versions of each setting that is other at Twilio than it was before."""
    record = {**number.twilio, "friendly_name": number.friendly_name}
    on_their_way = number.carrier_tasks.settings_on_their_way().settings()
    written, kept, before = (
        written_back(number, on_their_way),
        kept_instead(number),
        routes.whole(number.before_service),
    )
    return Plan(
        changes=[
            Change(
                name_as_label(name),
                str(number),
                shown(record.get(name)),
                shown(old),
            )
            for name, old in written.items()
        ]
        + [
            Change(f"{name_as_label(name)}, once excluded", str(number), before[name], old)
            for name, old in kept.items()
        ],
        touches=[
            *[
                "These settings are written at Twilio over the ones that are there; others stay.",
                "What Twilio has is as the last refresh found it.",
            ]
            * bool(written),
            *["Its texts go on coming here, as it is enabled."] * number.is_enabled,
            *[
                "Where they went before it left is kept in place of what is kept now, and put back "
                "when the number is excluded."
            ]
            * bool(kept),
        ],
        cost="Nothing.",
        undo="By hand, in the Twilio Console.",
        blockers=gates.put_settings_back(number),
        seal=seal_of(number, on_their_way),
    )


def restore_plan(number: PhoneNumber, *, standing: Standing, at: datetime) -> Plan:
    """What comes back with a released number, and what Twilio may refuse (S1-18, B14)."""
    remembered = number.before_release
    touches = ["Name, notes and tags come back."]
    if remembered.get("agent"):
        touches.append(agent_again(remembered["agent"]))
    if remembered.get("settings"):
        touches.append(
            f"{len(remembered['settings'])} settings at Twilio are put back, unless somebody has "
            "set new ones there in the meantime."
        )
    touches.append(
        f"It {HOSTED}"
        if number.is_hosted
        else "Twilio has no call that restores: the number is bought again, and where Twilio "
        "refuses you get the steps for the Twilio Console. An emergency address is registered anew "
        "by you."
    )
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Held")],
        touches=touches,
        cost=f"{standing.cost_of_one_more} Twilio starts to bill the number again.",
        undo="Release it again at any time.",
        blockers=gates.restore(number, standing, at),
    )
