"""A preview by sets says what asking the gate for each number would say (B2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actor import SYSTEM
from accounts.models import Account
from config.errors import Blocker
from licensing.services import grace
from licensing.standing import standing
from numbers.actions import ACTIONS
from numbers.gates import facts_of
from numbers.models import PhoneNumber
from numbers.services import exclusion, previews
from numbers.services.bulk import BULK_ACTIONS, Selection, check_params
from numbers.services.judging import UNCHANGED
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    PhoneNumberFactory,
    TagFactory,
    subscribed,
)

pytestmark = pytest.mark.django_db

EMERGENCIES: list[dict[str, Any]] = [
    {},
    {"emergency_status": "Active", "emergency_address_sid": "AD" + "1" * 32},
    {"emergency_status": "Active", "emergency_address_sid": None},
    {"emergency_status": "Active", "emergency_address_sid": ""},
    {"emergency_status": "Inactive", "emergency_address_sid": "AD" + "1" * 32},
    {"emergency_status": None},
]
TAGS = ("berlin", "sales", "vip")

NUMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "state": st.sampled_from([*NumberState, *["held"] * 6, *["excluded"] * 3]),
            "unlisted": st.booleans(),
            "protected": st.sampled_from([False, False, True]),
            "agent": st.integers(0, 3),
            "connection": st.sampled_from([0, 0, 0, 1, 2, 3]),
            "twilio": st.sampled_from(EMERGENCIES),
            "tags": st.sets(st.sampled_from(TAGS)),
            "hosted": st.sampled_from([False, False, True]),
            "kept": st.booleans(),
            "released": st.sampled_from([0, 0, 11]),
            "days_ago": st.sampled_from([0, 0, 1]),
            "label": st.sampled_from(["", "Desk"]),
            "sms": st.sampled_from([True, True, False]),
            "refused": st.booleans(),
            "differs": st.booleans(),
            "service": st.sampled_from(["none", "texts", "enabled"]),
        }
    ),
    min_size=1,
    max_size=16,
)
ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("assign", {"agent": 0}),
    ("assign", {"agent": 1}),
    ("unassign", {}),
    ("tag", {"add": ["berlin"]}),
    ("tag", {"add": ["berlin", "new"], "remove": ["sales"]}),
    ("tag", {"remove": ["vip"]}),
    ("tag", {"add": ["vip"], "remove": ["vip"]}),
    ("protect", {"protected": True}),
    ("protect", {"protected": False}),
    ("exclude", {}),
    ("release", {}),
    ("bring_back", {}),
    ("mark_gone", {}),
    ("keep", {}),
    ("keep", {"until": "2099-01-31"}),
    ("unkeep", {}),
    ("restore", {}),
    ("services", {"texts": True}),
    ("services", {"texts": False}),
    ("enable", {}),
    ("disable", {}),
    ("put_settings_back", {}),
    ("leave_settings", {}),
]


def by_row(account: Account, action: str, params: Any, at: Any) -> previews.BulkPreview:
    """The same, number by number: what the services would meet, one after the other."""
    result, reasons, messages = previews.BulkPreview(), Counter[str](), dict[str, str]()
    for number, blockers in _judged(account, action, params, at):
        if not blockers:
            result.will_change += 1
            risk = ACTIONS[action].risk
            result.risky += bool(risk and risk(number))
            result.licenses += BULK_ACTIONS[action].licenses(number)
            result.changing.append(number)
            continue
        result.will_skip += 1
        reasons[blockers[0].code] += 1
        messages.setdefault(blockers[0].code, blockers[0].message)
        result.skipping.append((number, blockers[0].message))
    now = standing(account.pk, at=at)
    if result.licenses:
        result.said_of_licenses = now.said_of(result.licenses)
    if BULK_ACTIONS[action].leaves and result.will_change:
        result.said_of_return = now.after(result.licenses).said_of_return(result.will_change)
    result.reasons = [(code, messages[code], count) for code, count in reasons.most_common()]
    result.changing = result.changing[: previews.SAMPLE]
    result.skipping = result.skipping[: previews.SAMPLE]
    return result


def _judged(
    account: Account, action: str, params: Any, at: Any
) -> Iterator[tuple[PhoneNumber, list[Blocker]]]:
    bulk, facts, spent = BULK_ACTIONS[action], facts_of(account, at=at), 0
    for number in account.numbers.order_by("e164"):
        now = bulk.spends(facts, spent) if bulk.spends else facts
        unchanged = bulk.unchanged is not None and bulk.unchanged(number, params)
        blockers = [UNCHANGED] if unchanged else bulk.gate(number, now)
        if not blockers and bulk.spender(number):
            spent += 1
        yield number, blockers


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=NUMBERS, licenses=st.integers(0, 8), late=st.booleans(), decided=st.integers(0, 4))
def test_a_preview_says_what_each_number_s_gate_says(
    rows: list[dict[str, Any]], licenses: int, late: bool, decided: int, db: None
) -> None:
    account = subscribed(licenses=licenses)
    agents = [
        AgentFactory.create(account=account),
        AgentFactory.create(account=account),
        AgentFactory.create(account=account, draft=True),
    ]
    connections = [
        ConnectionFactory.create(account=account, state=state)
        for state in (
            ConnectionState.ACTIVE,
            ConnectionState.SUSPENDED,
            ConnectionState.AUTH_FAILED,
            ConnectionState.CLOSED,
        )
    ]
    tags = {name: TagFactory.create(account=account, name=name) for name in TAGS}
    for row in rows:
        state = row["state"]
        agent = agents[row["agent"] - 1] if row["agent"] and state == "held" else None
        enabled = row["service"] == "enabled" and agent is not None
        number = PhoneNumberFactory.create(
            label=row["label"],
            sms=row["sms"],
            texts=row["service"] != "none",
            enabled_at=NOON if enabled else None,
            account=account,
            connection=connections[row["connection"]],
            state=state,
            released_at=NOON - timedelta(days=row["released"]),
            keep_decided_at=NOON if row["kept"] and state == "held" and agent is None else None,
            unlisted_at=NOON if row["unlisted"] and state == "excluded" else None,
            protected=row["protected"],
            agent=agent,
            before_release={"changed": {"voice_url": "https://was.example/"}}
            if row["differs"]
            else {},
            differs_since=NOON if row["differs"] else None,
            twilio={**row["twilio"], **({"origin": "hosted"} if row["hosted"] else {})},
            state_changed_at=NOON - timedelta(days=row["days_ago"]),
        )
        number.tags.set(tags[name] for name in row["tags"])
        if row["refused"]:
            CarrierTaskFactory.create(
                number=number, kind=TaskKind.PUT_BACK, state=TaskState.NEEDS_PERSON
            )
    grace.import_completed(account.pk, actor=SYSTEM, at=NOON)
    for number in (
        account.numbers.held().filter(protected=False, enabled_at=None).order_by("-pk")[:decided]
    ):
        exclusion.exclude(number.pk, actor=SYSTEM, at=NOON + timedelta(minutes=20))
    at = NOON + timedelta(hours=49 if late else 1)
    everything = Selection(ids=list(account.numbers.values_list("pk", flat=True)))
    by: dict[str, Any] = {"selection": everything, "actor": SYSTEM, "at": at}

    for action, wanted in ORDERS:
        params = {"agent": agents[wanted["agent"]].pk} if action == "assign" else wanted
        found = previews.preview(account.pk, action=action, params=params, **by)

        assert found == by_row(account, action, check_params(account.pk, action, params), at)


def test_every_bulk_action_is_among_those_compared() -> None:
    assert {name for name, action in ACTIONS.items() if action.many} == dict(ORDERS).keys()


def test_a_preview_asks_the_database_as_often_for_300_numbers_as_for_3(
    acme: Account, django_assert_num_queries: Any
) -> None:
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(300, account=acme, connection=connection, excluded=True)
    ids = list(acme.numbers.values_list("pk", flat=True))

    for some in (ids[:3], ids):
        with django_assert_num_queries(14 if some == ids else 10):
            previews.preview(
                acme.pk,
                action="bring_back",
                selection=Selection(ids=some),
                params={},
                actor=SYSTEM,
                at=NOON,
            )
