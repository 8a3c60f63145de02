"""The columns of the Numbers page: those a member has chosen, else the usual ones."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.web import AccountRequest
from numbers.filters import Tab
from numbers.models import ColumnChoice
from numbers.states import ListColumn

USUAL = (
    ListColumn.AGENT,
    ListColumn.CAPABILITIES,
    ListColumn.TAGS,
    ListColumn.CONNECTION,
    ListColumn.IMPORTED,
)
#: Of the usual ones, a phone leaves these out; chosen ones show everywhere.
WIDE_ONLY = (ListColumn.CAPABILITIES, ListColumn.CONNECTION, ListColumn.IMPORTED)
SORTED_BY = {ListColumn.AGENT: "agent", ListColumn.IMPORTED: "imported"}


@dataclass(frozen=True)
class Column:
    """A column as the table shows it; ``sort`` is what its head links to, if anything."""

    name: str
    label: str
    sort: dict[str, str] | None
    wide_only: bool


@dataclass(frozen=True)
class Columns:
    """``shown`` in the table, and ``offered`` (value, label, whether it shows) to choose from."""

    shown: list[Column]
    offered: list[tuple[str, str, bool]]

    def has(self, column: ListColumn) -> bool:
        """Whether the table shows it."""
        return any(each.name == column for each in self.shown)


def columns_of(
    request: AccountRequest, tab: str, sorts: dict[str, dict[str, str]], *, connections: int
) -> Columns:
    """What the table shows in this tab.

    The connection says nothing where there is one, the agent nothing where there is none. Of
    released numbers one wants to know since when rather than when they were imported.
    """
    left = tab == Tab.RELEASED
    choice = ColumnChoice.objects.filter(account=request.account, user=request.user).first()
    wanted = USUAL if choice is None else choice.columns
    if left and choice is None:
        wanted = tuple(ListColumn.SINCE if each == ListColumn.IMPORTED else each for each in USUAL)
    idle = {ListColumn.CONNECTION} if connections < 2 else set()
    empty = {ListColumn.AGENT} if tab == Tab.UNASSIGNED else set()
    return Columns(
        shown=[
            Column(
                name=column.value,
                label="Released" if left and column == ListColumn.SINCE else str(column.label),
                sort=sorts.get(SORTED_BY.get(column, "")),
                wide_only=choice is None and tab != Tab.UNASSIGNED and column in WIDE_ONLY,
            )
            for column in ListColumn
            if column in wanted and column not in idle | empty
        ],
        offered=[
            (column.value, str(column.label), column in wanted)
            for column in ListColumn
            if column not in idle
        ],
    )
