"""What several actions say of themselves."""

from __future__ import annotations

from dataclasses import replace

from numbers.gates import Facts

A_LICENSE = (
    "Needs a free license, unless it left in a grace period that still runs, and fewer numbers are "
    "held than when that opened."
)
HELD_TABS = ("all", "assigned", "unassigned", "disabled")


def promised(facts: Facts, n: int) -> Facts:
    return replace(facts, standing=replace(facts.standing, promised=n))
