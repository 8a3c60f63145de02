"""Roles, permissions and the life of a job. Pure: no database, no clock."""

from __future__ import annotations

from django.db import models

from config.errors import InvalidTransition


class Permission(models.TextChoices):
    """What an actor may do in an account. API keys carry the same words as their scopes."""

    READ = "read", "Read everything in the account"
    NUMBERS = "numbers", "Import, assign, swap and release numbers"
    LICENSES = "licenses", "Change the number of licenses"
    ADMIN = "admin", "Manage members, API keys and Twilio connections"


class Role(models.TextChoices):
    """What a member is in an account (design section 3)."""

    OWNER = "owner", "Owner"
    BILLING_ADMIN = "billing_admin", "Billing admin"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"


ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Permission.values),
    Role.BILLING_ADMIN: frozenset({Permission.READ, Permission.NUMBERS, Permission.LICENSES}),
    Role.ADMIN: frozenset({Permission.READ, Permission.NUMBERS, Permission.ADMIN}),
    Role.MEMBER: frozenset({Permission.READ}),
}

#: Who to ask, for each permission an actor lacks.
WHO_MAY: dict[str, str] = {
    Permission.READ: "a member of the account",
    Permission.NUMBERS: "an owner, billing admin or admin",
    Permission.LICENSES: "an owner or billing admin",
    Permission.ADMIN: "an owner or admin",
}


class ActorKind(models.TextChoices):
    """What kind of thing acted."""

    USER = "user", "Member"
    API_KEY = "api_key", "API key"
    SUPPORT = "support", "Numberdesk support"
    SYSTEM = "system", "Numberdesk"


class JobState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


OPEN_JOB_STATES = (JobState.QUEUED, JobState.RUNNING)

NEXT_JOB_STATES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.DONE, JobState.FAILED}),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),  # run again, which continues where it stopped
}


class ItemState(models.TextChoices):
    """What became of one thing in a bulk job."""

    PENDING = "pending", "Waiting"
    DONE = "done", "Changed"
    SKIPPED = "skipped", "Skipped"
    FAILED = "failed", "Failed"


def require_job_move(current: str, new: JobState) -> None:
    """Refuse a move that ``NEXT_JOB_STATES`` does not list."""
    state = JobState(current)
    if new not in NEXT_JOB_STATES[state]:
        raise InvalidTransition(
            f"A job that is {state.label.lower()} cannot become {new.label.lower()}."
        )
