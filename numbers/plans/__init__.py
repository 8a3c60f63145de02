"""What an action would do, shown before anyone confirms it (B4). Pure reads. One file a topic."""

from __future__ import annotations

from .connections import remove_plan
from .leaving import BOUGHT_AGAIN, FREE, exclude_plan, mark_gone_plan, release_plan, said_of_restore
from .plan import Change, Plan, shown
from .returning import bring_back_plan, put_settings_back_plan, restore_plan, take_back_plan
from .service import disable_plan, enable_plan, texts_of_disabled, unassign_plan
from .swaps import lost_by_swapping_back, swap_plan

__all__ = [
    "BOUGHT_AGAIN",
    "FREE",
    "Change",
    "Plan",
    "bring_back_plan",
    "disable_plan",
    "enable_plan",
    "exclude_plan",
    "lost_by_swapping_back",
    "mark_gone_plan",
    "put_settings_back_plan",
    "release_plan",
    "remove_plan",
    "restore_plan",
    "said_of_restore",
    "shown",
    "swap_plan",
    "take_back_plan",
    "texts_of_disabled",
    "unassign_plan",
]
