"""Who does something: a member, an API key, support staff, or Numberdesk itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from config.errors import Forbidden

from .states import ROLE_PERMISSIONS, WHO_MAY, ActorKind, Permission

if TYPE_CHECKING:
    from .models import ActedBy, ApiKey, Membership, User


@dataclass(frozen=True)
class Actor:
    """The one argument that says who acts, what it may do, and in which account.

    ``account_id`` is None for support staff and the system, who see every account.
    ``label`` is what timelines show. ``request_id`` ties events to a log line. ``reason`` is why
    support acts; it is written to every event of the act.
    """

    kind: ActorKind
    label: str
    permissions: frozenset[str]
    id: int | None = None
    account_id: int | None = None
    request_id: str = ""
    reason: str = ""

    @property
    def sees_every_account(self) -> bool:
        return self.kind in (ActorKind.SUPPORT, ActorKind.SYSTEM)

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
        raise Forbidden(f"Your role does not allow this. Ask {WHO_MAY[permission]}.")

    def as_columns(self) -> dict[str, Any]:
        """The columns of ``models.ActedBy``."""
        return {"actor_kind": self.kind, "actor_id": self.id, "actor_label": self.label[:150]}


_EVERYTHING = frozenset(Permission.values)
SYSTEM = Actor(kind=ActorKind.SYSTEM, label="Numberdesk", permissions=_EVERYTHING)
#: Whoever runs a management command on the server.
OPERATOR = replace(SYSTEM, label="Operator (command line)")


def member(membership: Membership, *, request_id: str = "") -> Actor:
    """A signed-in user in one of their accounts."""
    return Actor(
        kind=ActorKind.USER,
        id=membership.user_id,
        label=membership.user.email,
        account_id=membership.account_id,
        permissions=ROLE_PERMISSIONS[membership.role],
        request_id=request_id,
    )


def api_key(key: ApiKey, *, request_id: str = "") -> Actor:
    """A program that holds an API key."""
    return Actor(
        kind=ActorKind.API_KEY,
        id=key.pk,
        label=key.name,
        account_id=key.account_id,
        permissions=frozenset(key.scopes),
        request_id=request_id,
    )


def support(user: User, *, request_id: str = "", reason: str = "") -> Actor:
    """A member of our own staff in the Django admin; sees every account."""
    return Actor(
        kind=ActorKind.SUPPORT,
        id=user.pk,
        label=f"Support ({user.email})",
        permissions=_EVERYTHING,
        request_id=request_id,
        reason=reason,
    )


def requested_by(row: ActedBy, *, account_id: int) -> Actor:
    """Who asked for a job or a task, so that the worker can act in their name.

    The request itself was allowed when it was made, so the actor may finish what it started.
    """
    actor = Actor(
        kind=ActorKind(row.actor_kind),
        id=row.actor_id,
        label=row.actor_label,
        permissions=_EVERYTHING,
    )
    return actor if actor.sees_every_account else replace(actor, account_id=account_id)
