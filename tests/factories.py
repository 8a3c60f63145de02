"""Rows for tests. Each factory makes the plainest valid row; traits name the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from factory.builder import DeclarationSet
from factory.django import DjangoModelFactory

from accounts.models import (
    Account,
    ApiKey,
    Event,
    IdempotencyKey,
    Invitation,
    Job,
    JobItem,
    Look,
    Membership,
    Notice,
    NoticePreference,
    User,
)
from accounts.services.tokens import digest
from accounts.states import ActorKind, JobState, Permission, Role
from carrier.types import NumberType
from config.text import fold
from licensing.models import Charge, GracePeriod, LicenseChange, PaymentAttempt, Subscription
from licensing.states import GRACE_PERIOD, ChargeKind, GraceState, SubscriptionState
from numbers.models import (
    CarrierTask,
    Connection,
    CsvEdit,
    Import,
    ImportPage,
    PhoneNumber,
    SavedFilter,
    Tag,
)
from numbers.states import NumberState, RefreshEvery, TaskKind, TaskState
from telephony.models import Agent, Contact, ContactAddress, Conversation, Message
from telephony.states import AddressKind, AgentState, Author, MessageKind, MessageStatus

#: The instant at which every test that cares about time begins: a Sunday, 4 a.m. in Los Angeles.
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
MAIN_SID = "AC" + "0" * 32

# Each trait that is not asked for is an AttributeError that nobody reads and that names everything
# declared: half of what making a row takes.
DeclarationSet.__repr__ = object.__repr__  # type: ignore[method-assign]


class ActedByFactory(DjangoModelFactory[Any]):
    """The columns that say who did it: Numberdesk itself."""

    class Meta:
        abstract = True

    actor_kind = ActorKind.SYSTEM
    actor_label = "Numberdesk"


# --- accounts --------------------------------------------------------------------------------


class UserFactory(DjangoModelFactory[User]):
    """A person who can sign in with ``PASSWORD``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        support = factory.Trait(is_staff=True, is_superuser=True)

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    password = factory.PostGenerationMethodCall("set_password", PASSWORD)
    date_joined = NOON

    @classmethod
    def _after_postgeneration(
        cls, instance: User, create: bool, results: dict[str, Any] | None = None
    ) -> None:
        if create:
            instance.save(update_fields=["password"])


class AccountFactory(DjangoModelFactory[Account]):
    """An account without a subscription; ``subscribed(licenses)`` makes one with."""

    class Meta:
        model = Account

    slug = factory.Sequence(lambda n: f"account-{n}")
    name = factory.LazyAttribute(lambda account: account.slug.title())
    created_at = NOON


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.MEMBER
    created_at = NOON


class InvitationFactory(DjangoModelFactory[Invitation]):
    """An open invitation; its link carries ``token``."""

    class Meta:
        model = Invitation

    class Params:
        token = factory.Sequence(lambda n: f"invitation-token-{n}")

    account = factory.SubFactory(AccountFactory)
    email = factory.Sequence(lambda n: f"invited{n}@example.com")
    token_hash = factory.LazyAttribute(lambda invitation: digest(invitation.token))
    invited_by = "owner@example.com"
    created_at = NOON
    expires_at = NOON + timedelta(days=7)


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """A key with every scope; a program sends ``nd_<prefix>_<secret>``."""

    class Meta:
        model = ApiKey

    class Params:
        secret = "s" * 43  # what follows the prefix in the key
        read_only = factory.Trait(scopes=[Permission.READ.value])

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Key {n}")
    prefix = factory.Sequence(lambda n: f"{n:08d}")
    secret_hash = factory.LazyAttribute(lambda key: digest(key.secret))
    scopes = factory.LazyFunction(lambda: list(Permission.values))
    created_by = "owner@example.com"
    created_at = NOON


class RequestedByFactory(ActedByFactory):
    """Whoever asked may do everything."""

    class Meta:
        abstract = True

    actor_permissions = factory.LazyFunction(lambda: list(Permission.values))


class JobFactory(RequestedByFactory):
    """A job that waits for a worker; traits for the others."""

    class Meta:
        model = Job

    class Params:
        running = factory.Trait(state=JobState.RUNNING, started_at=NOON, lease="a" * 32, attempts=1)
        finished = factory.Trait(
            state=JobState.DONE, started_at=NOON, finished_at=NOON, leased_until=None
        )
        failed = factory.Trait(
            state=JobState.FAILED,
            started_at=NOON,
            finished_at=NOON,
            leased_until=None,
            error_code="refused",
            error="Twilio refused it.",
        )

    account = factory.SubFactory(AccountFactory)
    kind = "bulk"
    title = "Tag 3 numbers"
    task = "accounts.tasks.mail_notices"
    created_at = NOON
    leased_until = NOON + timedelta(minutes=3)


class JobItemFactory(DjangoModelFactory[JobItem]):
    class Meta:
        model = JobItem

    job = factory.SubFactory(JobFactory)
    key = factory.Sequence(lambda n: f"+1415555{n:04d}")


class EventFactory(ActedByFactory):
    class Meta:
        model = Event

    account = factory.SubFactory(AccountFactory)
    type = "number.described"
    at = NOON
    subject_type = "number"
    subject_id = factory.Sequence(lambda n: n + 1)
    subject_label = "+14155550100"
    summary = "Label changed"


class LookFactory(DjangoModelFactory[Look]):
    class Meta:
        model = Look

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory, support=True)
    reason = "They called"
    began_at = NOON
    ends_at = NOON + timedelta(minutes=30)


class NoticeFactory(DjangoModelFactory[Notice]):
    """An unread notice whose mail is due now."""

    class Meta:
        model = Notice

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)
    kind = "grace"
    key = factory.Sequence(lambda n: f"grace:{n}:start")
    title = "17 numbers over your 10 licenses"
    body = "Decide which to keep."
    url = "/"
    created_at = NOON
    mail_due_at = NOON


class NoticePreferenceFactory(DjangoModelFactory[NoticePreference]):
    class Meta:
        model = NoticePreference

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)
    kind = "grace"


class IdempotencyKeyFactory(DjangoModelFactory[IdempotencyKey]):
    class Meta:
        model = IdempotencyKey

    account = factory.SubFactory(AccountFactory)
    actor_kind = ActorKind.API_KEY
    actor_id = factory.Sequence(lambda n: n + 1)
    key = factory.Sequence(lambda n: f"key-{n}")
    fingerprint = "f" * 64
    created_at = NOON


# --- licensing -------------------------------------------------------------------------------


class SubscriptionFactory(DjangoModelFactory[Subscription]):
    """Ten licenses at five dollars, paid until a month after NOON."""

    class Meta:
        model = Subscription

    class Params:
        past_due = factory.Trait(state=SubscriptionState.PAST_DUE)
        canceled = factory.Trait(state=SubscriptionState.CANCELED)

    account = factory.SubFactory(AccountFactory)
    licenses = 10
    price = Decimal("5.0000")
    currency = "USD"
    period_started_at = NOON
    period_ends_at = NOON + timedelta(days=31)
    created_at = NOON


class GracePeriodFactory(DjangoModelFactory[GracePeriod]):
    """A grace period that opened at NOON and is still open."""

    class Meta:
        model = GracePeriod

    class Params:
        resolved = factory.Trait(
            state=GraceState.RESOLVED, settled_at=factory.SelfAttribute("opened_at")
        )
        expired = factory.Trait(
            state=GraceState.EXPIRED, expired_at=factory.SelfAttribute("ends_at")
        )

    account = factory.SubFactory(AccountFactory)
    opened_at = NOON
    ends_at = factory.LazyAttribute(lambda period: period.opened_at + GRACE_PERIOD)
    held_at_open = 27
    licenses_at_open = 10


class ChargeFactory(DjangoModelFactory[Charge]):
    class Meta:
        model = Charge

    account = factory.SubFactory(AccountFactory)
    kind = ChargeKind.LICENSES_ADDED
    description = "17 licenses added"
    quantity = 17
    unit_price = Decimal("5.0000")
    amount = Decimal("85.00")
    currency = "USD"
    period_started_at = NOON
    period_ends_at = NOON + timedelta(days=31)
    charged_at = NOON
    reference = factory.Sequence(lambda n: f"open-{n}")


class PaymentAttemptFactory(RequestedByFactory):
    """A payment that the gateway has not answered yet."""

    class Meta:
        model = PaymentAttempt

    account = factory.SubFactory(AccountFactory)
    kind = ChargeKind.LICENSES_ADDED
    quantity = 17
    amount = Decimal("85.00")
    currency = "USD"
    description = "17 licenses added"
    created_at = NOON
    next_ask_at = NOON + timedelta(minutes=2)


class LicenseChangeFactory(ActedByFactory):
    class Meta:
        model = LicenseChange

    account = factory.SubFactory(AccountFactory)
    before = 10
    after = 27
    held = 27
    at = NOON


# --- telephony -------------------------------------------------------------------------------


class AgentFactory(DjangoModelFactory[Agent]):
    """A live agent."""

    class Meta:
        model = Agent

    class Params:
        draft = factory.Trait(state=AgentState.DRAFT)
        paused = factory.Trait(state=AgentState.PAUSED)

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Agent {n}")
    state = AgentState.LIVE
    created_at = NOON


# --- numbers ---------------------------------------------------------------------------------


class ConnectionFactory(DjangoModelFactory[Connection]):
    """A working link to a subaccount."""

    class Meta:
        model = Connection

    class Params:
        hourly = factory.Trait(refresh_every=RefreshEvery.HOURLY, next_refresh_at=NOON)

    account = factory.SubFactory(AccountFactory)
    sid = factory.Sequence(lambda n: f"AC{n + 1:032x}")
    owner_sid = MAIN_SID
    name = factory.Sequence(lambda n: f"Subaccount {n}")
    auth_token = factory.Sequence(lambda n: f"{n:032x}")
    checked_at = NOON
    created_at = NOON


class PhoneNumberFactory(DjangoModelFactory[PhoneNumber]):
    """A held, unassigned number that was imported at NOON; traits for the other states."""

    class Meta:
        model = PhoneNumber

    class Params:
        assigned = factory.Trait(
            agent=factory.SubFactory(AgentFactory, account=factory.SelfAttribute("..account"))
        )
        ready = factory.Trait(
            label=factory.Sequence(lambda n: f"Desk {n}"),
            texts=True,
            agent=factory.SubFactory(AgentFactory, account=factory.SelfAttribute("..account")),
        )
        enabled = factory.Trait(
            ready=True, enabled_at=NOON, hook_key=factory.Sequence(lambda n: f"key-{n:020d}")
        )
        excluded = factory.Trait(state=NumberState.EXCLUDED)
        releasing = factory.Trait(state=NumberState.RELEASING)
        released = factory.Trait(state=NumberState.RELEASED, released_at=NOON)
        restoring = factory.Trait(state=NumberState.RESTORING, released_at=NOON)
        missing = factory.Trait(state=NumberState.MISSING)
        gone = factory.Trait(state=NumberState.GONE)

    account = factory.SubFactory(AccountFactory)
    connection = factory.SubFactory(ConnectionFactory, account=factory.SelfAttribute("..account"))
    # An area that the sandbox has no numbers in: what it holds never meets a row made here.
    e164 = factory.Sequence(lambda n: f"+1707{2_000_000 + n:07d}")
    sid = factory.Sequence(lambda n: f"PN{n + 1:032x}")
    state = NumberState.HELD
    state_changed_at = NOON
    country = "US"
    type = NumberType.LOCAL
    voice = True
    sms = True
    friendly_name = factory.Sequence(lambda n: f"Line {n}")
    twilio = factory.LazyFunction(dict)
    fingerprint = "f" * 32
    imported_at = NOON


class ContactAddressFactory(DjangoModelFactory[ContactAddress]):
    """A phone, and a contact who has no other."""

    class Meta:
        model = ContactAddress

    account = factory.SubFactory(AccountFactory)
    contact = factory.LazyAttribute(lambda made: Contact.objects.create(account=made.account))
    kind = AddressKind.PHONE
    address = factory.Sequence(lambda n: f"+1206{5_000_000 + n:07d}")
    canonical = factory.SelfAttribute("address")


class ConversationFactory(DjangoModelFactory[Conversation]):
    class Meta:
        model = Conversation

    account = factory.SubFactory(AccountFactory)
    number = factory.SubFactory(PhoneNumberFactory, account=factory.SelfAttribute("..account"))
    number_e164 = factory.SelfAttribute("number.e164")
    address = factory.SubFactory(ContactAddressFactory, account=factory.SelfAttribute("..account"))
    last_message_at = NOON
    last_inbound_at = NOON


class MessageFactory(DjangoModelFactory[Message]):
    """A text that came while the number was in service."""

    class Meta:
        model = Message

    account = factory.SubFactory(AccountFactory)
    conversation = factory.SubFactory(
        ConversationFactory, account=factory.SelfAttribute("..account")
    )
    number = factory.SelfAttribute("conversation.number")
    kind = MessageKind.TEXT
    author = Author.CONTACT
    body = "Are you open on Sunday?"
    search_words = factory.LazyAttribute(lambda message: fold(message.body))
    provider_sid = factory.Sequence(lambda n: f"SM{n + 1:032x}")
    status = MessageStatus.RECEIVED
    segments = 1
    occurred_at = NOON
    received_at = NOON


class TagFactory(DjangoModelFactory[Tag]):
    class Meta:
        model = Tag

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"tag-{n}")


class SavedFilterFactory(DjangoModelFactory[SavedFilter]):
    class Meta:
        model = SavedFilter

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"View {n}")
    query = "tab=unassigned"


class CsvEditFactory(DjangoModelFactory[CsvEdit]):
    """A file that waits to be confirmed; no number of the account is in it."""

    class Meta:
        model = CsvEdit

    account = factory.SubFactory(AccountFactory)
    name = "numbers.csv"
    text = "number,name\n+12025550100,Front desk\n"
    encoding = "UTF-8"
    created_at = NOON


class ImportFactory(DjangoModelFactory[Import]):
    """An import that waits for a worker, with its job in the connection's account."""

    class Meta:
        model = Import

    class Params:
        finished = factory.Trait(is_open=False, job__finished=True)

    connection = factory.SubFactory(ConnectionFactory)
    job = factory.SubFactory(
        JobFactory,
        account=factory.SelfAttribute("..connection.account"),
        kind="import",
        title="Import Numbers",
        task="numbers.tasks.run_import",
    )


class ImportPageFactory(DjangoModelFactory[ImportPage]):
    class Meta:
        model = ImportPage

    run = factory.SubFactory(ImportFactory)
    position = factory.Sequence(lambda n: n)
    numbers = b""


class CarrierTaskFactory(RequestedByFactory):
    """A release that Twilio has yet to be told."""

    class Meta:
        model = CarrierTask

    number = factory.SubFactory(PhoneNumberFactory, releasing=True)
    kind = TaskKind.RELEASE
    state = TaskState.PENDING
    due_at = NOON
    created_at = NOON


def count_from_zero() -> None:
    """Begin every sequence again, so that a test's rows do not depend on the tests before it."""
    for made in list(globals().values()):
        if isinstance(made, type) and issubclass(made, DjangoModelFactory):
            made.reset_sequence(0, force=True)


# --- together --------------------------------------------------------------------------------


def subscribed(licenses: int = 10, **fields: Any) -> Account:
    """An account that owns ``licenses``."""
    account = AccountFactory.create(**fields)
    SubscriptionFactory.create(account=account, licenses=licenses)
    return account
