"""What support staff do in the Django admin: through services, with a reason on the timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission as DjangoPermission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Event, User
from accounts.states import ActorKind, JobState, Role
from licensing.models import Charge, LicenseChange, Subscription
from licensing.services import licenses
from licensing.states import GraceState, SubscriptionState
from numbers.models import Import, PhoneNumber
from numbers.states import ConnectionState, NumberState, TaskState
from tests import factories
from tests.bank import Bank
from tests.factories import NOON

REASON = "They called about it"


def act_url(row: Model, act: str) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_act"
    return reverse(name, args=[row.pk, act])


def act(client: Client, row: Model, name: str, **data: Any) -> Any:
    return client.post(act_url(row, name), {"reason": REASON, **data})


def last_event(type: str) -> Event:
    event = Event.objects.filter(type=type).order_by("-pk").first()
    assert event is not None
    return event


# S0-23
def test_support_changes_the_licenses_of_an_account(
    noon: time_machine.Traveller, acme: Account, support_client: Client
) -> None:
    assert 'value="Preview"' in support_client.get(act_url(acme, "licenses")).content.decode()
    offer = act(support_client, acme, "licenses", to=12)
    assert offer.status_code == 200
    assert "Per month: $60.00 instead of $50.00" in offer.content.decode()
    assert not LicenseChange.objects.exists()

    response = act(support_client, acme, "licenses", to=12, shown=offer.context["seal"])

    assert response.status_code == 302
    change = LicenseChange.objects.get(account=acme)
    assert (change.before, change.after, change.reason) == (10, 12, REASON)
    assert change.actor_kind == ActorKind.SUPPORT
    assert Charge.objects.get(account=acme).quantity == 2
    assert last_event("license.changed").reason == REASON


def test_a_count_that_was_changed_after_its_price_was_shown_is_priced_again(
    acme: Account, support_client: Client
) -> None:
    seal = act(support_client, acme, "licenses", to=12).context["seal"]

    response = act(support_client, acme, "licenses", to=13, shown=seal)

    assert response.status_code == 200
    assert "From 10 to 13 licenses" in response.content.decode()
    assert not LicenseChange.objects.exists()


def test_a_price_that_is_another_one_by_then_is_shown_again(
    noon: time_machine.Traveller, acme: Account, support_client: Client
) -> None:
    seal = act(support_client, acme, "licenses", to=12).context["seal"]
    Subscription.objects.update(licenses=8)

    response = act(support_client, acme, "licenses", to=12, shown=seal)

    assert response.status_code == 200
    assert "From 8 to 12 licenses" in response.content.decode()
    assert not LicenseChange.objects.exists()


def test_without_a_reason_nothing_changes(acme: Account, support_client: Client) -> None:
    response = support_client.post(act_url(acme, "licenses"), {"to": 12, "reason": " "})

    assert response.status_code == 422
    assert "This field is required." in response.content.decode()
    assert 'value="12"' in response.content.decode()
    assert not LicenseChange.objects.exists()


def test_a_refusal_is_shown_with_what_was_typed(acme: Account, support_client: Client) -> None:
    factories.PhoneNumberFactory.create_batch(9, account=acme)

    seal = act(support_client, acme, "licenses", to=5).context["seal"]
    response = act(support_client, acme, "licenses", to=5, shown=seal)

    page = response.content.decode()
    assert response.status_code == 422
    assert "release or exclude 4 first" in page
    assert REASON in page


def test_an_account_without_a_subscription_gets_one(support_client: Client) -> None:
    account = factories.AccountFactory.create()

    act(support_client, account, "open_subscription", to=3)

    assert LicenseChange.objects.get(account=account).reason == REASON
    account.refresh_from_db()
    assert account.subscription.licenses == 3


def test_support_extends_a_grace_period_once(
    noon: time_machine.Traveller, acme: Account, support_client: Client
) -> None:
    period = factories.GracePeriodFactory.create(account=acme)

    act(support_client, period, "extend", hours=24)
    again = act(support_client, period, "extend", hours=24)

    period.refresh_from_db()
    assert period.ends_at == NOON + timedelta(hours=72)
    assert (period.extension_reason, period.state) == (REASON, GraceState.OPEN)
    assert last_event("grace.extended").reason == REASON
    assert again.status_code == 422
    assert "can be extended once" in again.content.decode()


def test_a_grace_period_is_not_extended_by_more_than_seven_days(
    noon: time_machine.Traveller, acme: Account, support_client: Client
) -> None:
    period = factories.GracePeriodFactory.create(account=acme)

    response = act(support_client, period, "extend", hours=7 * 24 + 1)

    assert response.status_code == 422
    period.refresh_from_db()
    assert period.extended_at is None


def test_support_asks_again_for_a_payment_that_nobody_answered(
    noon: time_machine.Traveller, acme: Account, support_client: Client, bank: Bank
) -> None:
    attempt = factories.PaymentAttemptFactory.create(account=acme, state="unanswered", quantity=2)
    bank.down = True
    silent = act(support_client, attempt, "ask_again")
    bank.down = False
    noon.shift(timedelta(minutes=1))

    response = act(support_client, attempt, "ask_again")

    assert "has not answered yet" in silent.content.decode()
    assert response.status_code == 302
    assert LicenseChange.objects.get(account=acme).after == 12
    assert last_event("license.payment_asked_again").reason == REASON


def test_support_concludes_a_payment_by_hand(
    noon: time_machine.Traveller, acme: Account, support_client: Client, bank: Bank
) -> None:
    attempt = factories.PaymentAttemptFactory.create(account=acme, state="unanswered", quantity=2)

    page = support_client.get(act_url(attempt, "conclude")).content.decode()
    unnamed = act(support_client, attempt, "conclude", charged="yes")
    response = act(support_client, attempt, "conclude", charged="yes", reference="pi_1")

    assert attempt.key in page
    assert "the licenses are added" in page
    assert unnamed.status_code == 422
    assert "Enter what the gateway calls the payment." in unnamed.content.decode()
    assert response.status_code == 302
    assert Charge.objects.get(account=acme).reference == "pi_1"
    assert last_event("license.payment_concluded").reason == REASON
    assert not bank.looked_up


@pytest.mark.parametrize("state", ["pending", "accepted", "refused"])
def test_a_payment_that_is_asked_for_or_answered_is_not_concluded(
    acme: Account, support_client: Client, state: str
) -> None:
    attempt = factories.PaymentAttemptFactory.create(account=acme, state=state)

    response = act(support_client, attempt, "conclude", charged="no")

    assert response.status_code == 422
    assert "payment" in response.content.decode()
    attempt.refresh_from_db()
    assert attempt.state == state
    assert (
        "conclude"
        not in support_client.get(
            reverse("admin:licensing_paymentattempt_change", args=[attempt.pk])
        ).content.decode()
    )


def test_support_revokes_an_invitation(
    noon: time_machine.Traveller, acme: Account, support_client: Client
) -> None:
    invitation = factories.InvitationFactory.create(account=acme, role=Role.OWNER)

    act(support_client, invitation, "revoke")

    invitation.refresh_from_db()
    assert invitation.revoked_at == NOON
    assert last_event("member.invitation_revoked").reason == REASON


def test_support_changes_the_state_of_a_subscription(acme: Account, support_client: Client) -> None:
    act(support_client, acme.subscription, "state", state=SubscriptionState.CANCELED)

    acme.subscription.refresh_from_db()
    assert acme.subscription.state == SubscriptionState.CANCELED
    assert last_event("subscription.changed").reason == REASON


@pytest.mark.parametrize(
    ("start", "name", "after"),
    [
        (NumberState.HELD, "exclude", NumberState.EXCLUDED),
        (NumberState.HELD, "release", NumberState.RELEASING),
        (NumberState.EXCLUDED, "bring_back", NumberState.HELD),
        (NumberState.MISSING, "mark_gone", NumberState.GONE),
    ],
)
def test_support_acts_on_a_number_with_a_reason(
    start: NumberState, name: str, after: NumberState, acme: Account, support_client: Client
) -> None:
    number = factories.PhoneNumberFactory.create(account=acme, state=start)

    response = act(support_client, number, name)

    number.refresh_from_db()
    assert response.status_code == 302
    assert number.state == after
    event = Event.objects.about("number", number.pk)[0]
    assert (event.actor_kind, event.reason) == (ActorKind.SUPPORT, REASON)


def test_support_assigns_a_number_to_a_live_agent_only(
    acme: Account, support_client: Client
) -> None:
    number = factories.PhoneNumberFactory.create(account=acme)
    live = factories.AgentFactory.create(account=acme)
    draft = factories.AgentFactory.create(account=acme, draft=True)
    foreign = factories.AgentFactory.create()

    refused = act(support_client, number, "assign", agent=draft.pk)
    strange = act(support_client, number, "assign", agent=foreign.pk)
    act(support_client, number, "assign", agent=live.pk)

    number.refresh_from_db()
    assert number.agent == live
    assert (refused.status_code, strange.status_code) == (422, 422)
    assert "only a live agent can be assigned" in refused.content.decode()


def test_ticked_numbers_are_confirmed_and_each_goes_its_own_way(
    acme: Account, support_client: Client
) -> None:
    free, safe = (
        factories.PhoneNumberFactory.create(account=acme, protected=protected)
        for protected in (False, True)
    )
    url = reverse("admin:numbers_phonenumber_changelist")
    ticked = {"action": "release", "_selected_action": [free.pk, safe.pk]}

    asked = support_client.post(url, ticked)
    entered = {**ticked, "confirmed": "1", "reason": REASON}
    shown = support_client.post(url, entered)
    untouched = set(PhoneNumber.objects.values_list("state", flat=True))
    done = support_client.post(url, {**entered, "shown": shown.context["seal"]}, follow=True)

    assert "2 rows" in asked.content.decode()
    assert 'value="Preview"' in asked.content.decode()
    told = shown.context["shown"]
    assert told[0] == "1 number will change."
    assert told[1].startswith("1 number will be skipped: This number is protected.")
    assert told[2] == "Afterwards 1 held with 10 licenses: 9 free."
    assert "They are given back to Twilio." in told[3]
    assert told[-1] == "That needs a free license."
    assert 'value="Release"' in shown.content.decode()
    assert untouched == {NumberState.HELD}
    free.refresh_from_db()
    safe.refresh_from_db()
    assert (free.state, safe.state) == (NumberState.RELEASING, NumberState.HELD)
    assert "Release: 1 row changed." in done.content.decode()
    assert "This number is protected." in done.content.decode()


def test_ticked_numbers_in_use_are_released_by_how_many_they_are(
    acme: Account, support_client: Client
) -> None:
    used = factories.PhoneNumberFactory.create(account=acme, assigned=True)
    spare = factories.PhoneNumberFactory.create(account=acme)
    other = factories.PhoneNumberFactory.create(account=factories.subscribed())
    url = reverse("admin:numbers_phonenumber_changelist")
    ticked = {"action": "release", "_selected_action": [used.pk, spare.pk, other.pk]}
    entered = {**ticked, "confirmed": "1", "reason": REASON}

    shown = support_client.post(url, entered)
    sealed = {**entered, "shown": shown.context["seal"]}
    untyped = support_client.post(url, sealed)
    mistyped = support_client.post(url, {**sealed, "count": "2"})
    held = set(PhoneNumber.objects.values_list("state", flat=True))
    support_client.post(url, {**sealed, "count": "3"})

    assert {f"{acme}: 2 numbers will change.", f"{other.account}: 1 number will change."} <= set(
        shown.context["shown"]
    )
    assert "1 number of them is in use" in shown.content.decode()
    assert "This field is required" not in shown.content.decode()
    assert (shown.status_code, untyped.status_code, mistyped.status_code) == (200, 422, 422)
    assert held == {NumberState.HELD}
    assert set(PhoneNumber.objects.values_list("state", flat=True)) == {NumberState.RELEASING}


def test_ticked_numbers_that_came_into_use_since_are_shown_again(
    acme: Account, support_client: Client
) -> None:
    spare = factories.PhoneNumberFactory.create(account=acme)
    second = factories.PhoneNumberFactory.create(account=acme)
    url = reverse("admin:numbers_phonenumber_changelist")
    ticked = {"action": "release", "_selected_action": [spare.pk, second.pk]}
    entered = {**ticked, "confirmed": "1", "reason": REASON}
    shown = support_client.post(url, entered)
    PhoneNumber.objects.filter(pk=spare.pk).update(
        agent=factories.AgentFactory.create(account=acme)
    )

    again = support_client.post(url, {**entered, "shown": shown.context["seal"]})

    assert 'name="count"' not in shown.content.decode()
    assert 'name="count"' in again.content.decode()
    assert set(PhoneNumber.objects.values_list("state", flat=True)) == {NumberState.HELD}


def test_where_nothing_would_change_support_gets_no_button(
    acme: Account, support_client: Client
) -> None:
    safe = factories.PhoneNumberFactory.create(account=acme, protected=True)
    url = reverse("admin:numbers_phonenumber_changelist")
    ticked = {"action": "release", "_selected_action": [safe.pk]}

    shown = support_client.post(url, {**ticked, "confirmed": "1", "reason": REASON})

    assert "0 numbers will change." in shown.content.decode()
    assert 'value="Release"' not in shown.content.decode()


def test_support_types_the_last_digits_of_a_number_in_use(
    acme: Account, support_client: Client
) -> None:
    number = factories.PhoneNumberFactory.create(account=acme, assigned=True)

    page = support_client.get(act_url(number, "release")).content.decode()
    untyped = act(support_client, number, "release")
    act(support_client, number, "release", last_four=number.e164[-4:])

    assert "Type the last four digits of" in page
    assert untyped.status_code == 422
    number.refresh_from_db()
    assert number.state == NumberState.RELEASING


def test_support_lowers_no_licenses_that_the_owner_has_bought_meanwhile(
    noon: time_machine.Traveller,
    acme: Account,
    support_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seal = act(support_client, acme, "licenses", to=15).context["seal"]
    change = licenses.change_licenses

    def bought_before(account_id: int, **wanted: Any) -> Any:
        Subscription.objects.update(licenses=20)
        return change(account_id, **wanted)

    monkeypatch.setattr(licenses, "change_licenses", bought_before)
    refused = act(support_client, acme, "licenses", to=15, shown=seal)

    html = refused.content.decode()
    assert refused.status_code == 422
    assert "The licenses have changed in the meantime" in html
    assert "<dt>Licensed</dt><dd>20</dd>" in html
    assert Subscription.objects.get(account=acme).licenses == 20


def test_support_charges_no_more_than_was_shown(
    noon: time_machine.Traveller,
    acme: Account,
    support_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seal = act(support_client, acme, "licenses", to=15).context["seal"]
    change = licenses.change_licenses

    def dearer_by_then(account_id: int, **wanted: Any) -> Any:
        Subscription.objects.update(price=50)
        return change(account_id, **wanted)

    monkeypatch.setattr(licenses, "change_licenses", dearer_by_then)
    refused = act(support_client, acme, "licenses", to=15, shown=seal)

    assert refused.status_code == 422
    assert not Charge.objects.exists()


def test_a_failed_import_is_run_again_as_a_new_one(acme: Account, support_client: Client) -> None:
    connection = factories.ConnectionFactory.create(account=acme)
    failed = factories.ImportFactory.create(connection=connection, job__failed=True, is_open=False)

    act(support_client, failed, "again")

    fresh = Import.objects.exclude(pk=failed.pk).get()
    assert (fresh.connection, fresh.job.state) == (connection, JobState.QUEUED)
    assert last_event("support.acted").reason == REASON


def test_a_failed_job_is_run_again_where_it_stopped(acme: Account, support_client: Client) -> None:
    job = factories.JobFactory.create(account=acme, failed=True, done=3)

    act(support_client, job, "again")
    twice = act(support_client, job, "again")

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.QUEUED, 3)
    assert last_event("support.acted").subject_id == job.pk
    assert twice.status_code == 422


def test_a_broken_connection_is_not_imported(acme: Account, support_client: Client) -> None:
    connection = factories.ConnectionFactory.create(account=acme, state=ConnectionState.SUSPENDED)

    response = act(support_client, connection, "import")

    assert response.status_code == 422
    assert "does not work" in response.content.decode()
    assert not Import.objects.exists()


def test_a_refused_release_is_tried_again(acme: Account, support_client: Client) -> None:
    task = factories.CarrierTaskFactory.create(
        number__account=acme, state=TaskState.NEEDS_PERSON, error="Twilio said no."
    )

    act(support_client, task, "again")

    task.refresh_from_db()
    assert task.state == TaskState.PENDING
    assert last_event("support.acted").reason == REASON


def test_a_release_that_waits_is_tried_now(
    noon: time_machine.Traveller, acme: Account, support_client: Client
) -> None:
    task = factories.CarrierTaskFactory.create(
        number__account=acme, due_at=NOON + timedelta(hours=1)
    )

    assert act(support_client, task, "again").status_code == 302

    task.refresh_from_db()
    assert task.due_at == NOON


def test_support_detaches_a_subaccount_with_a_reason(
    acme: Account, support_client: Client, admin_client: Client
) -> None:
    connection = factories.ConnectionFactory.create(account=acme)
    page = support_client.get(act_url(connection, "detach")).content.decode()

    assert act(admin_client, connection, "detach").status_code in (302, 403)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    response = act(support_client, connection, "detach")

    connection.refresh_from_db()
    assert "its numbers become missing" in page
    assert (response.status_code, connection.state) == (302, ConnectionState.DETACHED)
    assert last_event("connection.detached").reason == REASON


@pytest.mark.parametrize("name", ["put_settings_back", "leave_settings"])
def test_support_decides_about_settings_from_before(
    acme: Account, support_client: Client, name: str
) -> None:
    number = factories.PhoneNumberFactory.create(
        account=acme,
        twilio={"voice_url": "https://example.com/new"},
        before_release={"settings": {"voice_url": "https://example.com/old"}},
    )
    page = support_client.get(act_url(number, "put_settings_back")).content.decode()

    assert act(support_client, number, name).status_code == 302

    assert "https://example.com/old" in page
    assert "https://example.com/new" in page
    assert number.carrier_tasks.count() == (name == "put_settings_back")


def test_a_locked_out_person_is_signed_out_and_let_in_again(
    owner: User, owner_client: Client, support_client: Client
) -> None:
    act(support_client, owner, "lock")
    signed_out = owner_client.get(reverse("accounts:activity", args=["acme"]))
    act(support_client, owner, "unlock")

    owner.refresh_from_db()
    assert owner.is_active
    assert signed_out.status_code == 302
    assert Event.objects.filter(type="support.acted", subject_id=owner.pk).count() == 2


def test_support_cannot_lock_itself_out(support: User, support_client: Client) -> None:
    response = act(support_client, support, "lock")

    support.refresh_from_db()
    assert support.is_active
    assert response.status_code == 422


def test_the_last_owner_stays_owner(acme: Account, owner: User, support_client: Client) -> None:
    membership = owner.memberships.get()

    response = act(support_client, membership, "role", role=Role.MEMBER)

    membership.refresh_from_db()
    assert membership.role == Role.OWNER
    assert response.status_code == 422


def test_a_key_is_revoked_for_good(acme: Account, support_client: Client) -> None:
    key = factories.ApiKeyFactory.create(account=acme)

    act(support_client, key, "revoke")

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert last_event("api_key.revoked").reason == REASON


def test_an_agent_is_paused(acme: Account, support_client: Client) -> None:
    agent = factories.AgentFactory.create(account=acme)

    act(support_client, agent, "pause")

    agent.refresh_from_db()
    assert not agent.is_live


def test_staff_who_may_only_look_see_no_acts(acme: Account, client: Client) -> None:
    looker = factories.UserFactory.create(is_staff=True)
    looker.user_permissions.set(DjangoPermission.objects.filter(codename__startswith="view_"))
    client.force_login(looker)
    number = factories.PhoneNumberFactory.create(account=acme)

    page = client.get(reverse("admin:numbers_phonenumber_change", args=[number.pk]))
    tried = act(client, number, "exclude")

    number.refresh_from_db()
    assert page.status_code == 200
    assert page.context["acts"] == []
    assert tried.status_code == 403
    assert number.state == NumberState.HELD


def test_an_unknown_act_or_row_is_not_found(acme: Account, support_client: Client) -> None:
    assert act(support_client, acme, "explode").status_code == 404
    assert act(support_client, Account(pk=999_999), "licenses").status_code == 404


def test_only_a_superuser_decides_whether_staff_can_sign_in(
    support: User, support_client: Client
) -> None:
    junior = factories.UserFactory.create(is_staff=True)
    junior.user_permissions.set(DjangoPermission.objects.filter(codename__endswith="_user"))
    browser = Client()
    browser.force_login(junior)

    response = act(browser, support, "lock")

    assert response.status_code == 422
    assert "Only a superuser decides" in response.content.decode()
    support.refresh_from_db()
    assert support.is_active
    act(support_client, junior, "lock")
    junior.refresh_from_db()
    assert not junior.is_active
