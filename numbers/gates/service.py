"""Why a number cannot be answered, or no longer be."""

from __future__ import annotations

from accounts.models import Account
from config.errors import Blocker
from licensing import gates as licensing_gates
from licensing.standing import Standing
from numbers.models import PhoneNumber
from numbers.states import NumberState

from .connections import reachable
from .reasons import only
from .work import agent


def choose_services(number: PhoneNumber, *, texts: bool | None = None) -> list[Blocker]:
    """Reasons against choosing what the number offers, or against what is chosen (S4-25 to S4-27).

    ``texts`` is None before anything is.
    """
    blockers = only(number, (NumberState.HELD,), "given services")
    if blockers or texts is False:
        return blockers or (_last_service(number) if number.is_enabled else [])
    return blockers + _with_an_agent(number) + _can_text(number)


def _last_service(number: PhoneNumber) -> list[Blocker]:
    return [
        Blocker(
            "last_service",
            "It is enabled and offers nothing else. Disable it instead.",
            "Disable it",
            "numbers:disable",
            (number.pk,),
        )
    ]


def _with_an_agent(number: PhoneNumber) -> list[Blocker]:
    if number.is_assigned:
        return []
    return [
        Blocker(
            "no_agent",
            "It has no agent, and an agent answers what it offers. Assign one first.",
            "Assign an agent",
            "numbers:assign",
            (number.pk,),
        )
    ]


def _can_text(number: PhoneNumber) -> list[Blocker]:
    if number.sms:
        return []
    return [Blocker("cannot_text", "Twilio says that this number cannot receive texts.")]


def enable(number: PhoneNumber, standing: Standing, *, enabled: int) -> list[Blocker]:
    """Everything that is missing before the number can be answered (S4-45 to S4-47).

    ``enabled`` counts the account's others.
    """
    blockers = only(number, (NumberState.HELD,), "enabled")
    if not blockers and number.is_enabled:
        blockers.append(Blocker("enabled_already", "This number is enabled already."))
    if blockers:
        return blockers
    if not number.label:
        blockers.append(
            Blocker(
                "no_name",
                "It has no name. Give it one that your team knows it by.",
                "Name it",
                "numbers:detail",
                (number.pk,),
                "id_label",
            )
        )
    blockers += _with_an_agent(number)
    if number.agent is not None:
        blockers += agent(number.agent)
    if not number.texts:
        blockers.append(_no_service(number))
    blockers += _can_text(number)
    return (
        blockers
        + reachable(number.connection)
        + licensing_gates.put_to_work(standing, already=enabled, how="enabled")
    )


def _no_service(number: PhoneNumber) -> Blocker:
    """That it offers nothing, with the way to choose where that is open."""
    code, message = "no_service", "It offers nothing yet. Choose at least one service."
    if choose_services(number, texts=True):
        return Blocker(code, message)
    return Blocker(code, message, "Choose services", "numbers:services", (number.pk,))


def count_enabled(account: Account, standing: Standing) -> int:
    """How many numbers are enabled, where that decides: after a grace period has run out."""
    return account.number_counts.enabled() if standing.restricted else 0


def disable(number: PhoneNumber) -> list[Blocker]:
    """Reasons against no longer answering the number."""
    if number.is_enabled:
        return []
    return [Blocker("not_enabled", "This number is not enabled.")]


def send_here_again(number: PhoneNumber) -> list[Blocker]:
    """Reasons against having Twilio send the texts here again."""
    if not number.goes_elsewhere(number.carrier_tasks.unfinished()):
        return [Blocker("comes_here", "Twilio has not been told otherwise.")]
    return reachable(number.connection)
