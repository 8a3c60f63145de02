"""Why nothing can be asked of a connection, or why it cannot go."""

from __future__ import annotations

from django.db.models import Count

from config.errors import Blocker
from config.text import inside, plural
from numbers.models import CarrierTask, Connection
from numbers.states import ENDED, UNATTACHED, ConnectionState, NumberState


def reachable(connection: Connection) -> list[Blocker]:
    """Reasons why Twilio cannot be asked to do anything through this connection."""
    if connection.state == ConnectionState.ACTIVE:
        return []
    return [
        Blocker(
            "connection_broken",
            f"The connection “{connection.name}” does not work: "
            f"{inside(connection.get_state_display())}.",
            "Mend the connection",
            "numbers:connection",
            (connection.pk,),
        )
    ]


def ended(connection: Connection) -> list[Blocker]:
    """The reason why nothing that Twilio listed through this connection is believed any more."""
    return reachable(connection) if connection.state in ENDED else []


def attached(connection: Connection) -> list[Blocker]:
    """Reasons why a connection can be neither checked nor changed any more."""
    if connection.state not in UNATTACHED:
        return []
    code = "connection_detached"
    left = f"Support has detached “{connection.name}” from this account."
    if connection.state == ConnectionState.REMOVED:
        code, left = "connection_removed", f"“{connection.name}” was removed from this account."
    return [
        Blocker(
            code,
            f"{left} Connect the subaccount again if it belongs here.",
            "Connections",
            "numbers:connections",
        )
    ]


def remove(connection: Connection) -> list[Blocker]:
    """Reasons against removing a connection: something here still needs it."""
    blockers = attached(connection)
    if blockers:
        return blockers
    counted = connection.numbers.order_by().values_list("state").annotate(Count("pk"))
    in_state = {NumberState(state): amount for state, amount in counted}
    blockers = [
        Blocker(
            code,
            f"{plural(amount, 'number')} {_agreeing(words, amount)}",
            "See the numbers",
            "numbers:list",
        )
        for code, states, words in _NEEDS_IT
        if (amount := sum(in_state.get(state, 0) for state in states))
    ]
    waiting = CarrierTask.objects.unfinished().filter(number__connection=connection)
    waiting = waiting.exclude(number__state__in=NEEDING_CONNECTION)
    if amount := waiting.values("number").distinct().count():
        blockers.append(
            Blocker(
                "tasks_wait",
                f"Something at Twilio is not finished for {plural(amount, 'number')}. Wait for it, "
                "or decide about it on the number's page.",
                "See the numbers",
                "numbers:list",
            )
        )
    if connection.imports.filter(is_open=True).exists():
        blockers.append(
            Blocker(
                "import_runs",
                "An import from it is running. Wait for its end.",
                "See the imports",
                "numbers:imports",
            )
        )
    return blockers


def _agreeing(words: str, amount: int) -> str:
    return words.replace(" are ", " is ", 1).replace("them", "it", 1) if amount == 1 else words


_NEEDS_IT = (
    ("holds_numbers", (NumberState.HELD, NumberState.RESTORING),
     "held here are in this subaccount. Release or exclude them first."),
    ("excludes_numbers", (NumberState.EXCLUDED,),
     "excluded here are in this subaccount. Release them, or mark as gone what is not there."),
    ("releases_numbers", (NumberState.RELEASING,),
     "being released: Twilio has not confirmed it yet."),
)  # fmt: skip
NEEDING_CONNECTION = tuple(state for _, states, _ in _NEEDS_IT for state in states)
