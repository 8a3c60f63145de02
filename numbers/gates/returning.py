"""Why a number cannot come back, or get back the settings that it had."""

from __future__ import annotations

from datetime import datetime

from config.errors import Blocker
from licensing import gates as licensing_gates
from licensing.standing import Standing
from numbers.models import PhoneNumber
from numbers.previous import kept_instead, offered
from numbers.states import RESTORE_WINDOW, NumberState, TaskKind

from .connections import reachable
from .reasons import at_twilio, only


def bring_back(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against managing an excluded number again; it takes a license."""
    blockers = only(number, (NumberState.EXCLUDED,), "brought back")
    blockers = blockers or at_twilio(number)
    if blockers:  # no license would help
        return blockers
    return licensing_gates.take_license(standing, left_at=number.state_changed_at)


def restore(number: PhoneNumber, standing: Standing, at: datetime) -> list[Blocker]:
    """Reasons against asking Twilio for a released number again (S1-18: within 10 days)."""
    blockers = only(number, (NumberState.RELEASED,), "restored")
    if blockers:
        return blockers
    until = number.restorable_until
    if until is not None and until <= at:  # no license would help
        return [
            Blocker(
                "too_late",
                f"Released numbers can come back for {RESTORE_WINDOW.days} days; "
                "this one has left Twilio for good.",
            )
        ]
    taken = licensing_gates.take_license(standing, left_at=number.left_at)
    return reachable(number.connection) + taken


UNDER_WAY = Blocker(
    "under_way",
    "The release is under way at Twilio; wait for its answer. Once Twilio has taken the number, "
    "Restore asks for it back.",
)


def take_back(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against keeping a number whose release Twilio refused, or was not asked for yet.

    One that was excluded is excluded again, and takes no license.
    """
    blockers = only(number, (NumberState.RELEASING,), "kept after all")
    if blockers:
        return blockers
    if not number.carrier_tasks.can_be_called_off().filter(kind=TaskKind.RELEASE).exists():
        blockers.append(UNDER_WAY)
    return blockers + license_to_keep(number, standing)


def license_to_keep(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against the license that a number takes again when it is kept after all."""
    if number.was_excluded:
        return []
    return licensing_gates.take_license(standing, left_at=number.state_changed_at)


def _offered(number: PhoneNumber, verb: str) -> list[Blocker]:
    blockers = only(number, (NumberState.HELD,), verb)
    if not blockers and not offered(number) and not kept_instead(number):
        blockers.append(
            Blocker("nothing_offered", "At Twilio it has no other settings than before.")
        )
    return blockers


def put_settings_back(number: PhoneNumber) -> list[Blocker]:
    """Reasons against writing the settings that a number had before over today's."""
    blockers = _offered(number, "given its settings back")
    return blockers or reachable(number.connection)


def leave_settings(number: PhoneNumber) -> list[Blocker]:
    """Reasons against leaving the settings at Twilio as they are, for good.

    What Twilio has refused to write may be given up as well.
    """
    blockers = _offered(number, "left as it is at Twilio")
    is_asked = any(blocker.code == "nothing_offered" for blocker in blockers)
    return [] if is_asked and number.carrier_tasks.refused_settings().exists() else blockers
