"""What an action would do, shown before anyone confirms it (B4). Pure reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from config.errors import Blocker
from config.text import absolute, name_as_label, plural
from licensing import gates as licensing_gates
from licensing.standing import Standing

from . import gates, routes
from .models import Connection, PhoneNumber
from .previous import kept_instead, offered, settings_of
from .states import RESTORE_WINDOW, TAKES_LICENSE, Fate, NumberState, TaskKind

#: How a released number comes back, if it does.
BOUGHT_AGAIN = (
    "if Twilio still has it: it is bought again, and where Twilio refuses you get the steps for "
    "the Twilio Console."
)
FREE = "Releasing is free. Twilio does not refund the month that is paid."


@dataclass(frozen=True)
class Change:
    """One thing that would be different: what, whose, before, after."""

    label: str
    number: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """The consequences of an action: what it changes and touches, what it costs, how to undo it."""

    changes: list[Change] = field(default_factory=list)
    touches: list[str] = field(default_factory=list)
    cost: str = ""
    undo: str = ""
    blockers: list[Blocker] = field(default_factory=list)


def _agent_name(number: PhoneNumber) -> str:
    return number.agent.name if number.agent else ""


def _without(number: PhoneNumber, standing: Standing) -> Standing:
    """The standing once the number has left."""
    return standing.after(-1 if number.state in TAKES_LICENSE else 0)


def _licenses_after(number: PhoneNumber, standing: Standing) -> str:
    """What the number's going does to the licenses, if it takes one."""
    return standing.said_of(-1) if number.state in TAKES_LICENSE else ""


def _cost_of_release(number: PhoneNumber, standing: Standing) -> str:
    return f"{FREE} {_licenses_after(number, standing)}".rstrip()


_HOSTED = (
    "cannot be bought back: it is hosted, so it belongs to another carrier and not to Twilio. To "
    "have it here again it is hosted anew in the Twilio Console."
)


def _way_back_from_release(number: PhoneNumber, standing: Standing, *, it: str = "It") -> str:
    if number.is_hosted:
        return f"{it} {_HOSTED}"
    until = absolute(standing.at + RESTORE_WINDOW, number.account.zone)
    return (
        f"{it} can come back until about {until}, {BOUGHT_AGAIN} "
        f"{_without(number, standing).said_of_return(1)}"
    )


def said_of_restore(number: PhoneNumber, standing: Standing) -> str:
    """The way back of a number whose release has just begun, in a sentence."""
    if number.is_hosted:
        return "It cannot be bought back."
    sentence = f"“Restore” undoes it within {RESTORE_WINDOW.days} days."
    if licensing_gates.take_license(standing, left_at=standing.at):
        return f"{sentence} {standing.said_of_return(1)}"
    return sentence


def release_plan(number: PhoneNumber, *, standing: Standing) -> Plan:
    """What releasing touches, what it costs, until when it can be undone (S1-14 to S1-18)."""
    touches = []
    if number.agent:
        touches.append(f"{number.agent.name} is no longer its agent.")
    kept = settings_of(number)
    if any(name.startswith(("voice_", "trunk_")) for name in kept):
        touches.append("Calls to it no longer reach the voice settings at Twilio.")
    if any(name.startswith("sms_") for name in kept):
        touches.append("Texts to it no longer reach the messaging settings at Twilio.")
    touches.append("Name, notes, tags and settings are kept here for a restore.")
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Released")],
        touches=touches,
        cost=_cost_of_release(number, standing),
        undo=_way_back_from_release(number, standing),
        blockers=gates.release(number),
    )


def exclude_plan(number: PhoneNumber, *, standing: Standing) -> Plan:
    """What excluding the number touches."""
    touches = ["It stays at Twilio, keeps its settings there, and Twilio goes on billing it."]
    if routes.comes_here(number, number.twilio):
        touches = [
            "It stays at Twilio, which goes on billing it.",
            "Twilio is told to send its texts where they went before it was enabled.",
        ]
    if number.agent:
        touches.insert(0, f"{number.agent.name} is no longer its agent.")
    with_agent = "; its agent comes back with it" if number.agent else ""
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Excluded")],
        touches=touches,
        cost=_cost_of_exclusion(number, standing),
        undo=(
            f"Bring it back at any time{with_agent}. {_without(number, standing).said_of_return(1)}"
        ),
        blockers=gates.exclude(number),
    )


def _cost_of_exclusion(number: PhoneNumber, standing: Standing, *, it: str = "It") -> str:
    after = _licenses_after(number, standing)
    return f"{it} takes no license. Twilio's own monthly price goes on. {after}".rstrip()


def unassign_plan(number: PhoneNumber) -> Plan:
    """What taking the agent off the number touches."""
    agent = _agent_name(number)
    return Plan(
        changes=[Change("Agent", str(number), agent, "")],
        touches=[f"{agent or 'The agent'} is no longer its agent."],
        cost="Nothing changes: it stays held and takes its license.",
        undo="Assign it again at any time.",
        blockers=gates.unassign(number),
    )


def enable_plan(number: PhoneNumber, *, standing: Standing, enabled: int) -> Plan:
    """Where Twilio sends the texts today, and where from now on (B4, B6)."""
    there = routes.routes_of(number.twilio)
    agent = _agent_name(number)
    return Plan(
        changes=[
            Change("Answered", str(number), "no", "yes"),
            *(
                Change(name_as_label(name), str(number), there[name], value)
                for name, value in routes.planned(number).items()
            ),
        ],
        touches=[
            f"{agent or 'Its agent'} gets the texts to this number from now on.",
            *_kept_by_enabling(number),
        ],
        cost="Nothing is charged for enabling.",
        undo=(
            "Disable it at any time. That writes nothing at Twilio: texts go on coming here and "
            "are kept. To have them go where they went before, exclude the number."
        ),
        blockers=gates.enable(number, standing, enabled=enabled),
    )


def _kept_by_enabling(number: PhoneNumber) -> list[str]:
    """What Twilio is told, and what is put back one day (decision 38)."""
    if routes.comes_here(number, number.twilio):
        asked = "Twilio still sends its texts here, and is asked at once whether that is so."
    else:
        asked = "Twilio is told at once."
    if number.before_service.get(routes.WANTED) or _waits_for_restore(number):
        return [asked, "What its restore was to put back is kept for when the number is excluded."]
    if not routes.comes_here(number, number.twilio):
        kept = "What it has today, as the last refresh found it, is kept and put back when the "
        return [asked, f"{kept}number is excluded."]
    before = routes.addresses(routes.to_keep(number, number.twilio))
    if not before:
        return [asked, "Nothing was set there before; excluded, it is set to nothing again."]
    kept = "What Twilio had before stays kept and is put back when the number is excluded: "
    return [asked, f"{kept}{', '.join(before.values())}."]


def _waits_for_restore(number: PhoneNumber) -> bool:
    """Whether settings that say where its texts go are still to be put back."""
    waiting = number.carrier_tasks.unfinished().filter(kind=TaskKind.PUT_BACK)
    return any(routes.addresses(task.settings) for task in waiting)


def texts_of_disabled(number: PhoneNumber) -> str:
    """What becomes of texts to a number that is not answered."""
    if routes.comes_here(number, number.twilio):
        return "Texts to it still come here, are kept, and are not answered."
    return "Texts to it go where Twilio sends them now, which is not here."


def disable_plan(number: PhoneNumber) -> Plan:
    """What stops, and what stays as it is."""
    return Plan(
        changes=[Change("Answered", str(number), "yes", "no")],
        touches=[
            texts_of_disabled(number),
            "Agent, services and name stay. Nothing is changed at Twilio"
            + (
                ": what it had before is put back when the number is excluded."
                if routes.comes_here(number, number.twilio)
                else "."
            ),
        ],
        cost="While it is disabled nothing is counted. It stays held and takes its license.",
        undo="Enable it again at any time.",
        blockers=gates.disable(number),
    )


def mark_gone_plan(number: PhoneNumber) -> Plan:
    """What closing the file of a missing number touches."""
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Gone")],
        touches=[
            "Its name, notes, tags and history stay here, under Gone.",
            "Nothing happens at Twilio: it is no longer in the subaccount.",
        ],
        cost="Nothing. A missing number takes no license.",
        undo="If a later refresh finds it at Twilio, it comes back by itself.",
        blockers=gates.mark_gone(number),
    )


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
        touches.append(_agent_again(agent))
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
        touches.insert(0, _agent_again(agent))
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Held")],
        touches=touches,
        cost=standing.cost_of_one_more,
        undo="Exclude it again at any time.",
        blockers=gates.bring_back(number, standing),
    )


def _agent_again(agent: str) -> str:
    """What a number that comes back has of the agent it had."""
    return f"{agent} is its agent again, if live, and answers it once the number is enabled."


def put_settings_back_plan(number: PhoneNumber) -> Plan:
    """Both versions of each setting that is other at Twilio than it was before."""
    record = {**number.twilio, "friendly_name": number.friendly_name}
    written, kept, before = (
        offered(number),
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
    )


def shown(value: object) -> str:
    """A setting as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")


def restore_plan(number: PhoneNumber, *, standing: Standing, at: datetime) -> Plan:
    """What comes back with a released number, and what Twilio may refuse (S1-18, B14)."""
    remembered = number.before_release
    touches = ["Name, notes and tags come back."]
    if remembered.get("agent"):
        touches.append(_agent_again(remembered["agent"]))
    if remembered.get("settings"):
        touches.append(
            f"{len(remembered['settings'])} settings at Twilio are put back, unless somebody has "
            "set new ones there in the meantime."
        )
    touches.append(
        f"It {_HOSTED}"
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


def remove_plan(connection: Connection, *, at: datetime) -> Plan:
    """What removing a connection means, and which released numbers lose their way back."""
    touches = [
        "Nothing is read, released or restored through it any more, and its token is forgotten.",
        "Nothing changes at Twilio. Numbers that came through it stay here with their history.",
    ]
    released = connection.numbers.filter(
        state=NumberState.RELEASED, released_at__gt=at - RESTORE_WINDOW
    ).count()
    if released:
        touches.append(
            f"{plural(released, 'released number')} could still come back through it; after this "
            "only by the Twilio Console."
        )
    return Plan(
        touches=touches,
        cost="Nothing.",
        undo="Connect the subaccount again at any time, with its token.",
        blockers=gates.remove(connection),
    )


def swap_plan(leaving: PhoneNumber, taking: PhoneNumber, *, fate: str, standing: Standing) -> Plan:
    """Both numbers before and after a swap; the license count does not change (S0-10)."""
    after_state = {
        Fate.RELEASE: "Released",
        Fate.EXCLUDE: "Excluded",
        Fate.KEEP: "Held, unassigned",
    }[Fate(fate)]
    left_tags, took_tags = ({tag.name for tag in n.tags.all()} for n in (leaving, taking))
    rows = [
        ("Name", leaving, leaving.label, ""),
        ("Name", taking, taking.label, leaving.label or taking.label),
        ("Agent", leaving, _agent_name(leaving), ""),
        ("Agent", taking, _agent_name(taking), _agent_name(leaving)),
        ("Tags", leaving, ", ".join(sorted(left_tags)), ""),
        ("Tags", taking, ", ".join(sorted(took_tags)), ", ".join(sorted(left_tags | took_tags))),
        ("Texts", leaving, _on_or_off(leaving.texts), _on_or_off(False)),
        ("Texts", taking, _on_or_off(taking.texts), _on_or_off(leaving.texts or taking.texts)),
        ("Answered", leaving, shown(leaving.is_enabled), shown(False)),
        ("Answered", taking, shown(taking.is_enabled), shown(leaving.is_enabled)),
        ("Notes", leaving, leaving.notes, ""),
        ("Notes", taking, taking.notes, gates.merged_notes(leaving, taking)),
        ("State", leaving, NumberState.HELD.label, after_state),
    ]
    return Plan(
        changes=[
            Change(label, str(number), before, after)
            for label, number, before, after in rows
            if before != after
        ],
        touches=_touched_by_swap(leaving, taking),
        cost=f"The number of licenses does not change. {_swap_cost(leaving, fate, standing)}",
        undo=_swap_undo(leaving, taking, fate, standing),
        blockers=gates.swap(leaving, taking, fate),
    )


def _on_or_off(value: bool) -> str:
    return "on" if value else "off"


def _touched_by_swap(leaving: PhoneNumber, taking: PhoneNumber) -> list[str]:
    if leaving.is_enabled:
        return [
            f"Whoever texts {leaving} is no longer answered here.",
            f"Twilio is told to send the texts of {taking} here; what it has today is kept.",
        ]
    return [
        f"Neither is answered: {leaving} is disabled, and so is {taking} then.",
        "Settings at Twilio of the number that takes the place stay as they are.",
    ]


def _swap_cost(leaving: PhoneNumber, fate: str, standing: Standing) -> str:
    """What becomes of the number that leaves costs as much as without a swap."""
    if fate == Fate.RELEASE:
        return _cost_of_release(leaving, standing)
    if fate == Fate.EXCLUDE:
        return _cost_of_exclusion(leaving, standing, it=str(leaving))
    return standing.said_of(0)


def _swap_undo(leaving: PhoneNumber, taking: PhoneNumber, fate: str, standing: Standing) -> str:
    if fate == Fate.RELEASE:
        back = _way_back_from_release(leaving, standing, it=str(leaving))
        return back if leaving.is_hosted else f"{back} Then swap again."
    if fate == Fate.EXCLUDE:
        license = _without(leaving, standing).said_of_return(1)
        return f"Bring {leaving} back at any time and swap again. {license}"
    if shut := gates.swap_back(leaving, taking):
        return f"No Undo as things are. {shut[0].message}"
    if lost := lost_by_swapping_back(leaving, taking):
        return (
            "Swap again at any time. That does not bring back "
            f"{' or '.join(lost)}, so there is no Undo."
        )
    return " ".join(
        ["Undo it right afterwards, or swap again at any time.", *_left_there(leaving, taking)]
    )


def lost_by_swapping_back(leaving: PhoneNumber, taking: PhoneNumber) -> list[str]:
    """What the two have before a swap that keeps both, and not after the swap the other way."""
    has = {
        "name": taking.label,
        "notes": taking.notes,
        "tags": taking.tags.all(),
        "setting of texts": taking.texts,
    }
    own = [what for what, value in has.items() if value]
    kept = [number for number in (taking, leaving) if number.keep_decided_at is not None]
    return [f"the {', '.join(own)} of {taking}"] * bool(own) + [
        f"the decision to keep {number} as a spare" for number in kept
    ]


def _left_there(leaving: PhoneNumber, taking: PhoneNumber) -> list[str]:
    """What a swap back does not put right at Twilio: where texts of an enabled number go."""
    if not leaving.is_enabled:
        return []
    left = []
    if not routes.comes_here(taking, taking.twilio) or routes.missing(taking, taking.twilio):
        left.append(
            f"After that the texts of {taking} still come here, and are kept and not answered; "
            "excluding it has them go where they went before."
        )
    if leaving.goes_elsewhere(leaving.carrier_tasks.unfinished()):
        left.append(
            f"Somebody at Twilio has sent the texts of {leaving} elsewhere; by Undo Twilio is told "
            "to send them here again."
        )
    return left
