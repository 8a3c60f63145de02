"""Numbers in service: what they offer, enabled or not."""

from __future__ import annotations

from dataclasses import replace

from numbers import gates, plans
from numbers.services import enabling
from numbers.states import TaskKind

from .action import Action, Kind, Many, Param, Route, Undo

_TEXTS = Param(
    "texts",
    Kind.YES_NO,
    "Texts",
    said=("They offer texts while they are enabled.", "They offer no texts any more."),
    choices=("On: the agent gets them while the number is enabled", "Off"),
    example=True,
)
SERVICES = Action(
    "services",
    "Services",
    alone=True,
    gate=lambda number, facts: gates.choose_services(number),
    service=enabling.choose_services,
    done=lambda number: (
        "{number} offers texts while it is enabled."
        if number.texts
        else "{number} offers no texts."
    ),
    heading="What {number} offers",
    submit="Save",
    params=(_TEXTS,),
    undone_by=lambda before, params: (
        Undo("services", {"texts": before.texts}) if before.texts != params["texts"] else None
    ),
    rest=Route(
        "services",
        "Choose what the number offers while it is enabled.",
        method="patch",
        status=200,
    ),
    many=Many(
        "Nothing is answered by that alone: enable them for it.",
        "Choose again at any time.",
        check=enabling.check_services,
        reads=lambda params, facts: gates.READS_OF_SERVICES,
        unchanged=lambda number, params: number.texts is params["texts"],
        undone_by=lambda params: Undo("services", {"texts": not params["texts"]}),
        fields=("texts",),
        tabs=("all", "assigned", "disabled"),
        phrase=("Choose services for {}",),
    ),
)
ENABLE = Action(
    "enable",
    "Enable",
    gate=lambda number, facts: gates.enable(number, facts.standing, enabled=facts.enabled),
    service=enabling.enable,
    done="{number} is enabled. Twilio is being told to send its texts here.",
    plan=lambda number, facts: plans.enable_plan(
        number, standing=facts.standing, enabled=facts.enabled
    ),
    template="numbers/both_versions.html",
    undo="disable",
    rest=Route(
        "activations",
        "Answer the number from now on, and have Twilio send its texts here. A dry run shows "
        "where Twilio sends them today.",
        status=202,
        dry_run=True,
    ),
    many=Many(
        "Texts to them are answered from now on, and Twilio is told to send them here. Where "
        "they went before is kept.",
        "Disable them at any time, which writes nothing at Twilio. Excluding one has its texts "
        "go where they went before.",
        reads=lambda params, facts: gates.READS_OF_ENABLE,
        spends=lambda facts, n: replace(facts, enabled=facts.enabled + n),
        at_twilio=TaskKind.ROUTE,
        tabs=("all", "assigned", "disabled"),
    ),
)
DISABLE = Action(
    "disable",
    "Disable",
    alone=True,
    gate=lambda number, facts: gates.disable(number),
    service=enabling.disable,
    done=lambda number: (
        "{number} is disabled. Nothing is changed at Twilio. " + plans.texts_of_disabled(number)
    ),
    plan=lambda number, facts: plans.disable_plan(number),
    undo="enable",
    rest=Route(
        "activations",
        "Stop answering the number. What is configured stays, and texts to it are kept.",
        method="delete",
        status=200,
    ),
    many=Many(
        "Texts to them are kept and not answered, and nothing is counted. What is configured "
        "stays, and nothing is changed at Twilio.",
        "Enable them again at any time.",
        reads=lambda params, facts: gates.READS_OF_DISABLE,
        tabs=("all", "assigned"),
    ),
)
SEND_HERE_AGAIN = Action(
    "send_here_again",
    "Have Twilio send its texts here again",
    alone=True,
    gate=lambda number, facts: gates.send_here_again(number),
    service=enabling.send_here_again,
    done="Twilio is being told to send the texts of {number} here again.",
    at_once=True,
    listed=False,
    rest=Route(
        "routes",
        "Have Twilio send the texts of an enabled number here again, where somebody has "
        "changed that there.",
        status=202,
    ),
)
