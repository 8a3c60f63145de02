"""A kind of job that only the tests have: asking somebody about numbers that are not ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.actor import Actor
from accounts.job_kinds import STARTED, JobKind, Outcome, Turn
from accounts.models import Account, Job, JobItem
from accounts.services import job_items
from accounts.states import ItemState, Permission
from config.errors import DomainError, Invalid
from config.phone_numbers import for_people
from config.text import plural
from tests.factories import NOON


class Killed(BaseException):
    """Stands for the end of a worker's process: nothing of ours catches it."""


class Unreachable(DomainError):
    """They do not answer; that says nothing about the number asked about."""

    code = "unreachable"


class Refused(DomainError):
    code = "not_portable"


@dataclass
class Registry:
    """Somebody outside, whom no rollback reaches: they are asked, and they take orders."""

    asked: Counter[str] = field(default_factory=Counter)
    ordered: Counter[str] = field(default_factory=Counter)
    refuses: set[str] = field(default_factory=set)
    #: Numbers about which they answer later.
    later: set[str] = field(default_factory=set)
    #: Called with the number at each request, before anything else.
    happening: Callable[[str], object] = lambda number: None

    def order(self, number: str, *, look_first: bool) -> dict[str, Any]:
        """Order a check of the number, once; ``look_first`` where it may have been ordered."""
        self.asked[number] += 1
        self.happening(number)
        if number in self.refuses:
            raise Refused("They say no.")
        if not (look_first and self.ordered[number]):
            self.ordered[number] += 1
        return {"portable": True, "carrier": "Acme Mobile"}


def recorded(account: Account) -> int:
    """How many answers were recorded: a count at the end of the account's name stands for them."""
    return int("0" + account.name.removeprefix("Acme").strip())


def kind_of_strangers(registry: Registry) -> JobKind:
    """Numbers of strangers, asked about at ``registry``."""

    def call(turn: Turn) -> dict[str, Any]:
        return registry.order(turn.item.key, look_first=turn.again)

    def record(turn: Turn, answer: dict[str, Any]) -> Outcome:
        account = Account.objects.get(pk=turn.job.account_id)
        account.name = f"Acme {recorded(account) + 1}"
        account.save(update_fields=["name"])
        if turn.item.key in registry.later:
            return STARTED
        return Outcome(result=answer)

    return JobKind(
        "portability",
        label="Portability check",
        thing="number",
        permission=Permission.LICENSES,  # so that it is seen to be the kind's
        call=call,
        record=record,
        rest_on=(Unreachable,),
        title=lambda params, count: f"Check {plural(count, 'number')}",
        check=_check,
        words={ItemState.DONE: "Checked", ItemState.STARTED: "Asked"},
        show_key=for_people,
        columns=("Portable", "Carrier"),
        cells=_cells,
    )


def _check(account_id: int, params: Any) -> dict[str, Any]:
    if params.get("country") == "XX":
        raise Invalid({"country": ["Nobody can be asked there."]})
    return dict(params)


def _cells(item: JobItem) -> Sequence[str]:
    if not item.result:
        return ("", "")
    return ("yes" if item.result["portable"] else "no", str(item.result["carrier"]))


def numbers(count: int) -> list[str]:
    return [f"+1650555{index:04d}" for index in range(count)]


def ask_about(account: Account, kind: JobKind, keys: Sequence[str], actor: Actor) -> Job:
    """Queue a job about these numbers."""
    return job_items.start(
        kind, account_id=account.pk, params={"country": "US"}, items=keys, actor=actor, at=NOON
    )
