"""What people can do to a number: every action once, for every door.

Pages, bulk jobs, REST and the support admin make their addresses, buttons, forms and fields of this
table. An action is an entry here, a service, a gate, and a template where the usual page does not
do; no door knows one by name. An app above adds its own with ``register`` in its
``AppConfig.ready``.
"""

from __future__ import annotations

from .action import (
    ACTIONS,
    Action,
    ActionState,
    Kind,
    Many,
    Param,
    Route,
    Undo,
    all_actions,
    can_be_done,
    is_relevant,
    many_of,
    register,
)
from .description import PROTECT, TAG
from .leaving import EXCLUDE, MARK_GONE, RELEASE
from .returning import BRING_BACK, LEAVE_SETTINGS, PUT_SETTINGS_BACK, RESTORE, TAKE_BACK
from .service import DISABLE, ENABLE, SEND_HERE_AGAIN, SERVICES
from .work import ASSIGN, KEEP, SWAP_IN, SWAP_OUT, UNASSIGN, UNKEEP

__all__ = [
    "ACTIONS",
    "Action",
    "ActionState",
    "Kind",
    "Many",
    "Param",
    "Route",
    "Undo",
    "all_actions",
    "can_be_done",
    "is_relevant",
    "many_of",
    "register",
]

#: In the order of pages.
for _action in (
    ASSIGN,
    UNASSIGN,
    SERVICES,
    ENABLE,
    DISABLE,
    SEND_HERE_AGAIN,
    KEEP,
    UNKEEP,
    SWAP_OUT,
    SWAP_IN,
    TAG,
    PROTECT,
    BRING_BACK,
    EXCLUDE,
    RELEASE,
    TAKE_BACK,
    RESTORE,
    MARK_GONE,
    PUT_SETTINGS_BACK,
    LEAVE_SETTINGS,
):
    register(_action)
