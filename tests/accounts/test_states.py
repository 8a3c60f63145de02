"""Roles, permissions, and the life of a job as data."""

from __future__ import annotations

import pytest

from accounts.states import (
    NEXT_JOB_STATES,
    ROLE_PERMISSIONS,
    WHO_MAY,
    JobState,
    Permission,
    Role,
    require_job_move,
)
from config.errors import InvalidTransition


@pytest.mark.parametrize("new", list(JobState))
@pytest.mark.parametrize("current", list(JobState))
def test_a_job_makes_only_the_listed_moves(current: JobState, new: JobState) -> None:
    if new in NEXT_JOB_STATES[current]:
        require_job_move(current, new)
    else:
        with pytest.raises(InvalidTransition):
            require_job_move(current, new)


def test_every_role_reads_and_only_an_owner_may_do_everything() -> None:
    assert all(Permission.READ in ROLE_PERMISSIONS[role] for role in Role)
    assert [role for role in Role if ROLE_PERMISSIONS[role] == set(Permission)] == [Role.OWNER]


def test_only_an_owner_and_a_billing_admin_change_licenses() -> None:
    may = {role for role in Role if Permission.LICENSES in ROLE_PERMISSIONS[role]}

    assert may == {Role.OWNER, Role.BILLING_ADMIN}


@pytest.mark.parametrize("permission", list(Permission))
def test_a_refusal_can_name_who_may(permission: Permission) -> None:
    holders = [role for role in Role if permission in ROLE_PERMISSIONS[role]]

    assert permission == Permission.READ or all(
        role.label.lower() in WHO_MAY[permission] for role in holders
    )
