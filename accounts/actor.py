"""Who does something: a member, an API key, support staff, a carrier, or Numberdesk itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from config.errors import Forbidden

from .states import WHO_MAY, ActorKind, Permission


@dataclass(frozen=True)
class Actor:
    """The one argument that says who acts, what it may do, and in which account.

    ``account_id`` is None for support staff and the system, who see every account; support that
    looks at one as its members do is bound to it.
    ``label`` is what timelines show. ``request_id`` ties events to a log line. ``reason`` is why
    support acts, ``job_id`` the job on whose behalf a worker acts; both are written to every event
    of the act.
    """

    kind: ActorKind
    label: str
    permissions: frozenset[str]
    id: int | None = None
    account_id: int | None = None
    request_id: str = ""
    reason: str = ""
    job_id: int | None = None

    @property
    def sees_every_account(self) -> bool:
        return self.account_id is None and self.kind in (ActorKind.SUPPORT, ActorKind.SYSTEM)

    @property
    def can_numbers(self) -> bool:
        return Permission.NUMBERS in self.permissions

    @property
    def can_licenses(self) -> bool:
        return Permission.LICENSES in self.permissions

    @property
    def can_admin(self) -> bool:
        return Permission.ADMIN in self.permissions

    def sees(self, account_id: int) -> bool:
        return self.sees_every_account or self.account_id == account_id

    def require(self, permission: Permission) -> None:
        """Raise ``Forbidden`` with the roles that may, when this actor may not (B11)."""
        if permission in self.permissions:
            return
        if self.kind == ActorKind.API_KEY:
            raise Forbidden(
                f"This API key lacks the scope “{permission.value}”. "
                "Use a key that has it, or create one under Settings, API keys."
            )
        if self.kind == ActorKind.SUPPORT:
            raise Forbidden(
                "You look at this account as its members see it, and this page is for changing it. "
                "Stop looking first, and do it in the support console."
            )
        raise Forbidden(f"Your role does not allow this. Ask {WHO_MAY[permission]}.")

    def as_columns(self) -> dict[str, Any]:
        """The columns of ``models.ActedBy``."""
        return {"actor_kind": self.kind, "actor_id": self.id, "actor_label": self.label[:150]}

    def as_request(self) -> dict[str, Any]:
        """The columns of ``models.RequestedBy``: all that a worker needs to act as this actor."""
        return {
            **self.as_columns(),
            "actor_permissions": sorted(self.permissions),
            "request_id": self.request_id,
            "reason": self.reason[:300],
        }


SYSTEM = Actor(kind=ActorKind.SYSTEM, label="Numberdesk", permissions=frozenset(Permission.values))
#: Whoever runs a management command on the server.
OPERATOR = replace(SYSTEM, label="Operator (command line)")
