"""Roles, permissions and the life of a job. Pure: no database, no clock."""

from __future__ import annotations

from django.db import models

from config.moves import Moves


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
    VIEWER = "viewer", "Viewer"


ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Permission.values),
    Role.BILLING_ADMIN: frozenset({Permission.READ, Permission.NUMBERS, Permission.LICENSES}),
    Role.ADMIN: frozenset({Permission.READ, Permission.NUMBERS, Permission.ADMIN}),
    Role.MEMBER: frozenset({Permission.READ}),
    Role.VIEWER: frozenset({Permission.READ}),
}

#: What each role is for, as every page says it.
ROLE_WORDS: dict[str, str] = {
    Role.OWNER: "everything",
    Role.BILLING_ADMIN: "licenses and numbers",
    Role.ADMIN: "numbers, members, API keys and Twilio connections",
    Role.MEMBER: "sees everything, and will answer calls and texts once they come in here",
    Role.VIEWER: "sees everything, changes nothing",
}

#: What staff needs for acts of support on an account, as Django's admin calls it.
CHANGES_ACCOUNTS = "accounts.change_account"

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
    CARRIER = "carrier", "Twilio and other callers"
    SYSTEM = "system", "Numberdesk"


class JobState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SETTLING = "settling", "Waiting for answers"  # every item was begun, not every one has ended
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


OPEN_JOB_STATES = (JobState.QUEUED, JobState.RUNNING, JobState.SETTLING)

JOB_MOVES = Moves(
    "A job",
    {
        JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED}),
        JobState.RUNNING: frozenset({JobState.SETTLING, JobState.DONE, JobState.FAILED}),
        JobState.SETTLING: frozenset({JobState.DONE}),
        JobState.DONE: frozenset(),
        JobState.FAILED: frozenset(
            {JobState.QUEUED}
        ),  # run again, which continues where it stopped
    },
)


class ItemState(models.TextChoices):
    """What became of one thing in a job; kinds of jobs have words of their own for these."""

    PENDING = "pending", "Waiting"
    STARTED = "started", "Not confirmed yet"  # what it started ends later, and settles it
    DONE = "done", "Done"
    SKIPPED = "skipped", "Skipped"
    FAILED = "failed", "Failed"


#: Items that have yet to end. A job is done once it has none of them.
UNSETTLED_ITEM_STATES = (ItemState.PENDING, ItemState.STARTED)


class DeliveryState(models.TextChoices):
    """What became of a call of one of our hooks."""

    RECEIVED = "received", "Received"
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
