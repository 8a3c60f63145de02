"""Roles and permissions as data."""

from __future__ import annotations

import pytest

from accounts.states import (
    ROLE_PERMISSIONS,
    WHO_MAY,
    Permission,
    Role,
)


def test_every_role_reads_and_only_an_owner_may_do_everything() -> None:
    assert all(Permission.READ in ROLE_PERMISSIONS[role] for role in Role)
    assert [role for role in Role if ROLE_PERMISSIONS[role] == set(Permission)] == [Role.OWNER]


def test_a_viewer_reads_and_no_more() -> None:
    assert ROLE_PERMISSIONS[Role.VIEWER] == {Permission.READ}


def test_only_an_owner_and_a_billing_admin_change_licenses() -> None:
    may = {role for role in Role if Permission.LICENSES in ROLE_PERMISSIONS[role]}

    assert may == {Role.OWNER, Role.BILLING_ADMIN}


@pytest.mark.parametrize("permission", list(Permission))
def test_a_refusal_can_name_who_may(permission: Permission) -> None:
    holders = [role for role in Role if permission in ROLE_PERMISSIONS[role]]

    assert permission == Permission.READ or all(
        role.label.lower() in WHO_MAY[permission] for role in holders
    )
