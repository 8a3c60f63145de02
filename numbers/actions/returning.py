"""How a number comes back, with the settings that it had."""

from __future__ import annotations

from numbers import gates, plans
from numbers.services import exclusion, release, settings
from numbers.states import NumberState, TaskKind

from .action import Action, Many, Route
from .common import A_LICENSE, promised

BRING_BACK = Action(
    "bring_back",
    "Bring back",
    gate=lambda number, facts: gates.bring_back(number, facts.standing),
    service=exclusion.bring_back,
    done="{number} is managed here again.",
    heading="Bring {number} back?",
    plan=lambda number, facts: plans.bring_back_plan(number, standing=facts.standing),
    undo="exclude",
    rest=Route(
        "inclusions",
        f"Bring an excluded number back.\n\n{A_LICENSE}",
        dry_run=True,
    ),
    many=Many(
        "They are managed here again and each takes a license.",
        "Exclude them again at any time.",
        reads=lambda params, facts: gates.reads_of_bring_back(facts),
        spends=promised,
        licenses=lambda number: 1,
        tabs=("excluded",),
    ),
)
TAKE_BACK = Action(
    "take_back",
    "Keep after all",
    gate=lambda number, facts: gates.take_back(number, facts.standing),
    service=release.take_back,
    done=lambda number: (
        "{number} is excluded again."
        if number.state == NumberState.EXCLUDED
        else "{number} is held again."
    ),
    heading="Keep {number} after all?",
    submit="Keep it",
    instead="restore",
    too_late="Twilio has taken {number} already; restoring buys it back.",
    plan=lambda number, facts: plans.take_back_plan(number, standing=facts.standing),
    rest=Route(
        "releases",
        "Keep a number whose release Twilio refused, or has not been asked for yet. One that "
        "was excluded is excluded again. Where Twilio gave no answer, a refresh looks whether "
        f"it still has the number.\n\nHeld again, it takes a license. {A_LICENSE}",
        method="delete",
        status=200,
    ),
)
RESTORE = Action(
    "restore",
    "Restore",
    gate=lambda number, facts: gates.restore(number, facts.standing, facts.at),
    service=release.restore,
    done="Twilio is asked for {number}; a license is reserved for it.",
    plan=lambda number, facts: plans.restore_plan(number, standing=facts.standing, at=facts.at),
    rest=Route(
        "restorations",
        f"Ask Twilio for a released number again.\n\n{A_LICENSE}",
        status=202,
        dry_run=True,
    ),
    many=Many(
        "Each is bought again at Twilio, which bills it from then on, and gets back what it "
        "had here. Where Twilio refuses, the job's row has the steps for the Twilio Console. A "
        "hosted number cannot be bought back.",
        "Release them again at any time.",
        reads=lambda params, facts: gates.reads_of_restore(facts),
        spends=promised,
        licenses=lambda number: 1,
        tabs=("released",),
    ),
)
PUT_SETTINGS_BACK = Action(
    "put_settings_back",
    "Put settings back",
    alone=True,
    gate=lambda number, facts: gates.put_settings_back(number),
    service=settings.put_settings_back,
    done=lambda number: (
        "The settings of {number} are put back. Where its texts went is kept for when it is "
        "excluded."
        if number.is_enabled
        else "The settings of {number} are being put back at Twilio."
    ),
    heading="Put the settings of {number} back?",
    submit="Put them back",
    plan=lambda number, facts: plans.put_settings_back_plan(number),
    template="numbers/both_versions.html",
    sealed=True,
    beside=True,
    many=Many(
        "What each had at Twilio before is written there over what it has now, field by field. "
        "Where the texts of an enabled number went is kept for when it is excluded.",
        "By hand, in the Twilio Console: what Twilio has now is on the timeline of each.",
        reads=lambda params, facts: gates.READS_OF_PUT_BACK,
        seals=("fingerprint", "before_release"),
        at_twilio=TaskKind.PUT_BACK,
        tabs=("differs",),
        phrase=("Put the settings of {} back",),
    ),
    rest=Route(
        "previous-settings",
        "Write the settings that the number had before it left, or before somebody changed them at "
        "Twilio, over those that are there. Where the texts of an enabled number went is kept for "
        "when it is excluded, and not written. A dry run shows both versions of each, and a "
        "`seal`; sent with the order, it has just that written or nothing (`not_as_shown`).",
        status=202,
        dry_run=True,
    ),
)
LEAVE_SETTINGS = Action(
    "leave_settings",
    "Leave settings as they are",
    alone=True,
    gate=lambda number, facts: gates.leave_settings(number),
    service=settings.leave_settings,
    done="The settings of {number} stay as they are at Twilio.",
    at_once=True,
    beside=True,
    many=Many(
        "They stay at Twilio as they are, and those from before are forgotten, except on the "
        "timeline of each. Nothing is written at Twilio.",
        "By hand, in the Twilio Console.",
        reads=lambda params, facts: gates.READS_OF_LEAVE_SETTINGS,
        tabs=("differs",),
        phrase=("Leave the settings of {} as they are",),
    ),
    rest=Route(
        "previous-settings",
        "Leave the settings at Twilio as they are, and forget those from before.",
        method="delete",
        status=200,
    ),
)
