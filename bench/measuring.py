"""Timing two programs against each other."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the result. ``value`` is what must not exceed ``limit``, in ``unit``."""

    work: str
    compared_with: str
    value: float
    limit: float
    unit: str = "x"
    spread: tuple[float, float] | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.value <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def seconds(program: Callable[[], object]) -> float:
    """How long one run takes, with the garbage of the last one out of the way."""
    gc.collect()
    started = time.perf_counter()
    program()
    return time.perf_counter() - started


def ratio(
    work: str,
    ours: Callable[[], object],
    compared_with: str,
    theirs: Callable[[], object],
    *,
    limit: float,
    rounds: int,
    each: int = 1,
) -> Row:
    """Run both by turns; the value is the median of the rounds' ratios.

    With ``each`` a round runs each program that many times in a row, for what takes milliseconds.
    """

    def repeated(program: Callable[[], object]) -> float:
        return min(seconds(program) for _ in range(each))

    pairs = [(repeated(ours), repeated(theirs)) for _ in range(rounds)]
    ratios = [one / other for one, other in pairs]
    return Row(
        work=work,
        compared_with=compared_with,
        value=statistics.median(ratios),
        limit=limit,
        spread=(min(ratios), max(ratios)),
        details={
            "ours_seconds": statistics.median(one for one, _ in pairs),
            "theirs_seconds": statistics.median(other for _, other in pairs),
            "rounds": rounds,
        },
    )
