"""Every act of support on a row in every state: done, or refused in words; never a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import Account, HookDelivery
from accounts.states import DeliveryState, JobState, Role
from config.admin import SupportAdmin
from licensing.states import AttemptState, SubscriptionState
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from telephony.states import AgentState
from tests import factories
from tests.factories import NOON, subscribed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite,
    pytest.mark.usefixtures("noon"),
]

Make = Callable[[Account], Model]


def _number(**fields: Any) -> Make:
    def make(account: Account) -> Model:
        return cast(
            Model, factories.PhoneNumberFactory.create(account=account, released_at=NOON, **fields)
        )

    return make


def _assigned(account: Account) -> Model:
    return cast(Model, factories.PhoneNumberFactory.create(account=account, assigned=True))


def _made(factory: Any, **fields: Any) -> Make:
    return lambda account: cast(Model, factory.create(account=account, **fields))


def _call(state: str) -> Make:
    """A call of a hook that is no longer registered, as an installation may have them."""
    return lambda account: HookDelivery.objects.create(
        account=account, source="past", key=f"{state}-1", address="", body=b"", state=state,
        received_at=NOON,
    )  # fmt: skip


#: Rows in every state that acts look at, by what they are called in a failure.
ROWS: dict[str, Make] = {
    **{f"number {state}": _number(state=state) for state in NumberState},
    "number assigned": _assigned,
    "number protected": _number(protected=True),
    "number kept": _number(keep_decided_at=NOON),
    "number of an account without a subscription": lambda account: _number()(
        factories.AccountFactory.create()
    ),
    "account": lambda account: account,
    "account without a subscription": lambda account: factories.AccountFactory.create(),
    **{
        f"subscription {state}": lambda account, state=state: factories.SubscriptionFactory.create(  # type: ignore[misc]
            state=state
        )
        for state in SubscriptionState
    },
    "grace period": _made(factories.GracePeriodFactory),
    "grace period resolved": _made(factories.GracePeriodFactory, resolved=True),
    "grace period expired": _made(factories.GracePeriodFactory, expired=True),
    "grace period extended": _made(factories.GracePeriodFactory, extended_at=NOON),
    **{
        f"connection {state}": _made(factories.ConnectionFactory, state=state)
        for state in ConnectionState
    },
    **{
        f"import {state}": lambda account, state=state: factories.ImportFactory.create(  # type: ignore[misc]
            connection__account=account, job__state=state, is_open=state in ("queued", "running")
        )
        for state in JobState
    },
    **{f"job {state}": _made(factories.JobFactory, state=state) for state in JobState},
    **{
        f"task {kind} {state}": lambda account, kind=kind, state=state: (  # type: ignore[misc]
            factories.CarrierTaskFactory.create(number__account=account, kind=kind, state=state)
        )
        for kind in TaskKind
        for state in TaskState
    },
    **{f"agent {state}": _made(factories.AgentFactory, state=state) for state in AgentState},
    **{
        f"payment {state}": _made(factories.PaymentAttemptFactory, state=state)
        for state in AttemptState
    },
    **{f"call of a hook {state}": _call(state) for state in DeliveryState},
    "user": lambda account: factories.UserFactory.create(),
    "user locked": lambda account: factories.UserFactory.create(is_active=False),
    **{f"member {role}": _made(factories.MembershipFactory, role=role) for role in Role},
    "key": _made(factories.ApiKeyFactory),
    "key revoked": _made(factories.ApiKeyFactory, revoked_at=NOON),
    "invitation": _made(factories.InvitationFactory),
    "invitation accepted": _made(factories.InvitationFactory, accepted_at=NOON),
    "invitation expired": _made(factories.InvitationFactory, expires_at=NOON),
}
#: What a person could type into any act's form.
TYPED = {
    "reason": "They called",
    "to": 3,
    "hours": 24,
    "state": "canceled",
    "role": "member",
    "add": "vip",
    "protected": "yes",
    "charged": "yes",
    "reference": "pi_1",
}


def support_admin(row: Model) -> SupportAdmin:
    return cast(SupportAdmin, admin.site._registry[type(row)])


@pytest.mark.parametrize("name", ROWS)
def test_an_act_is_done_or_refused_in_words(
    name: str, support_client: Client, settings: Any
) -> None:
    settings.TWILIO_BASE_URL, settings.TWILIO_RETRY_SECONDS = "http://127.0.0.1:9", 0
    for each in support_admin(ROWS[name](subscribed())).all_acts():
        act = each.name
        row = ROWS[name](subscribed())
        account = row if isinstance(row, Account) else getattr(row, "account", None)
        agent = factories.AgentFactory.create(**({"account": account} if account else {}))
        label = f"{row._meta.app_label}_{row._meta.model_name}"
        url = reverse(f"admin:{label}_act", args=[row.pk, act])

        looked = support_client.get(url)
        tried = support_client.post(url, {**TYPED, "agent": agent.pk})
        support_client.post(reverse("stop_looking"))
        list_url, entered = (
            reverse(f"admin:{label}_changelist"),
            {
                **TYPED,
                "agent": agent.pk,
                "action": act,
                "_selected_action": row.pk,
                "confirmed": "1",
            },
        )
        ticked = support_client.post(list_url, entered, follow=True)
        if seal := (ticked.context or {}).get("seal"):
            ticked = support_client.post(list_url, {**entered, "shown": seal}, follow=True)

        assert looked.status_code in (200, 422), act
        assert tried.status_code in (200 if each.preview else 302, 422), act
        assert ticked.status_code in (200, 422), act
        for answer in (looked, tried):
            if answer.status_code == 422:
                assert 'class="errornote"' in answer.content.decode(), act


def test_rows_of_everything_that_has_acts_are_tried() -> None:
    models = {
        model
        for model, each in admin.site._registry.items()
        if isinstance(each, SupportAdmin) and each.all_acts()
    }
    assert models == {
        type(row)
        for row in (make(subscribed()) for make in ROWS.values())
        if support_admin(row).all_acts()
    }


def test_an_act_that_does_not_apply_says_why(acme: Account, support_client: Client) -> None:
    number = factories.PhoneNumberFactory.create(account=acme, excluded=True)
    url = reverse("admin:numbers_phonenumber_act", args=[number.pk, "assign"])

    page = support_client.get(url)

    assert page.status_code == 422
    assert "This number is excluded; only a number that is held can be assigned." in (
        page.content.decode()
    )
    assert "<textarea" not in page.content.decode()
