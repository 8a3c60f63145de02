"""Why an action on a number is refused, as data (design mechanism 2). Pure reads.

Every function collects all reasons. The page shows a disabled button with them, REST answers 409
with the same codes, and the services ask again under their lock. One file a topic.
"""

from __future__ import annotations

from .connections import NEEDING_CONNECTION, attached, ended, reachable, remove
from .facts import Facts, facts_of
from .leaving import (
    IN_USE,
    RELEASABLE,
    RISKY_TO_RELEASE,
    exclude,
    mark_gone,
    release,
    risk_of_release,
    unconfirmed,
)
from .many import (
    READS_OF_DISABLE,
    READS_OF_ENABLE,
    READS_OF_EXCLUDE,
    READS_OF_KEEP,
    READS_OF_LEAVE_SETTINGS,
    READS_OF_MARK_GONE,
    READS_OF_PUT_BACK,
    READS_OF_RELEASE,
    READS_OF_SERVICES,
    READS_OF_UNASSIGN,
    Reads,
    reads_of_assign,
    reads_of_bring_back,
    reads_of_keep,
    reads_of_restore,
    reads_of_tag,
)
from .returning import (
    UNDER_WAY,
    bring_back,
    leave_settings,
    license_to_keep,
    put_settings_back,
    restore,
    take_back,
)
from .service import choose_services, count_enabled, disable, enable, send_here_again
from .swaps import fits, merged_notes, swap, swap_back, swap_in, swap_out
from .work import agent, assign, keep, rename, unassign, unkeep

__all__ = [
    "IN_USE",
    "NEEDING_CONNECTION",
    "READS_OF_DISABLE",
    "READS_OF_ENABLE",
    "READS_OF_EXCLUDE",
    "READS_OF_KEEP",
    "READS_OF_LEAVE_SETTINGS",
    "READS_OF_MARK_GONE",
    "READS_OF_PUT_BACK",
    "READS_OF_RELEASE",
    "READS_OF_SERVICES",
    "READS_OF_UNASSIGN",
    "RELEASABLE",
    "RISKY_TO_RELEASE",
    "UNDER_WAY",
    "Facts",
    "Reads",
    "agent",
    "assign",
    "attached",
    "bring_back",
    "choose_services",
    "count_enabled",
    "disable",
    "enable",
    "ended",
    "exclude",
    "facts_of",
    "fits",
    "keep",
    "leave_settings",
    "license_to_keep",
    "mark_gone",
    "merged_notes",
    "put_settings_back",
    "reachable",
    "reads_of_assign",
    "reads_of_bring_back",
    "reads_of_keep",
    "reads_of_restore",
    "reads_of_tag",
    "release",
    "remove",
    "rename",
    "restore",
    "risk_of_release",
    "send_here_again",
    "swap",
    "swap_back",
    "swap_in",
    "swap_out",
    "take_back",
    "unassign",
    "unconfirmed",
    "unkeep",
]
