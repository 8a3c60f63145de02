"""Calls from outside: proven, stored, handled once, answered alike (design mechanism 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import actors
from accounts.actor import Actor
from accounts.models import Account, Event, HookDelivery, User
from accounts.services import hooks
from accounts.services.events import record
from accounts.services.hooks import Answer, Caller, Hook, Incoming
from accounts.states import ActorKind, DeliveryState, Permission
from config.errors import Forbidden, NotDue
from tests.factories import NOON, subscribed
from tests.races import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

SIGNED = {"X-Proof": "by the caller"}


class Killed(BaseException):
    """The process ended here."""


def verify(incoming: Incoming) -> Caller | None:
    """The account is in the address; the proof in a header."""
    account = Account.objects.filter(slug=incoming.address.partition("?")[0].strip("/")).first()
    if account is None or incoming.headers.get("x-proof") != SIGNED["X-Proof"]:
        return None
    return Caller(account.pk, incoming.headers.get("X-Token", ""), about=account)


class Handler:
    """Writes an event for each delivery that it handles; can be told to fail."""

    def __init__(self) -> None:
        self.fails: BaseException | None = None
        self.about: list[Any] = []

    def __call__(self, delivery: HookDelivery, actor: Actor, at: datetime, about: Any) -> Answer:
        self.about.append(about)
        actor.require(Permission.NUMBERS)
        record(
            "account.changed",
            account_id=actor.account_id,
            subject=("account", actor.account_id, "Acme"),
            summary=f"Heard {bytes(delivery.body).decode()}",
            actor=actor,
            at=at,
        )
        if self.fails:
            raise self.fails
        return Answer(200, f"<Response>{Event.objects.count()}</Response>", "text/xml")


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    handle = Handler()
    monkeypatch.setattr(hooks, "HOOKS", dict(hooks.HOOKS))
    hooks.register(
        Hook(
            "rehearsal",
            label="Twilio",
            verify=verify,
            handle=handle,
            permissions=frozenset({Permission.NUMBERS}),
            on_failure=Answer(503, "<Response/>", "text/xml"),
        )
    )
    return handle


def address(slug: str = "acme", source: str = "rehearsal") -> str:
    return reverse("hook", args=[source, slug])


def call(client: Client, body: str = "ring", slug: str = "acme", **headers: str) -> Any:
    return client.post(
        address(slug), data=body, content_type="text/plain", headers={**SIGNED, **headers}
    )


def test_a_proven_call_is_stored_handled_and_answered(
    acme: Account, handler: Handler, client: Client
) -> None:
    response = call(client, **{"X-Token": "once", "X-Request-Id": "req_of_twilio"})

    assert (response.status_code, response.content) == (200, b"<Response>1</Response>")
    assert response.headers["Content-Type"] == "text/xml"
    assert "no-store" in response.headers["Cache-Control"]
    delivery = HookDelivery.objects.get()
    assert (delivery.account, delivery.key, bytes(delivery.body)) == (acme, "once", b"ring")
    assert (delivery.state, delivery.answered_at) == (DeliveryState.ANSWERED, NOON)
    event = Event.objects.get()
    assert (event.actor_kind, event.actor_label) == (ActorKind.CARRIER, "Twilio")
    assert handler.about == [acme]
    assert event.request_id == delivery.request_id == "req_of_twilio"


def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    acme: Account, handler: Handler, client: Client
) -> None:
    first = call(client, **{"X-Token": "once"})
    stored = HookDelivery.objects.values().get()

    again = call(client, body="another body", **{"X-Token": "once"})

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert Event.objects.count() == 1
    assert HookDelivery.objects.values().get() == stored


def test_without_a_key_the_same_words_are_the_same_delivery(
    acme: Account, handler: Handler, client: Client
) -> None:
    for body in ("ring", "ring", "ring ring"):
        call(client, body=body)

    assert Event.objects.count() == 2


def test_long_keys_that_begin_alike_are_two_deliveries(
    acme: Account, handler: Handler, client: Client
) -> None:
    begins = "k" * hooks.LONGEST_KEY

    for token in (begins + "1", begins + "2", begins + "1"):
        call(client, **{"X-Token": token})

    assert Event.objects.count() == 2


def test_a_key_belongs_to_one_account(acme: Account, handler: Handler, client: Client) -> None:
    subscribed(slug="other")

    for slug in ("acme", "other"):
        call(client, slug=slug, **{"X-Token": "once"})

    assert Event.objects.count() == 2
    assert HookDelivery.objects.values("account").distinct().count() == 2


@pytest.mark.usefixtures("handler")
def test_no_registered_hook_believes_a_call_that_proves_nothing(
    acme: Account, client: Client, owner_client: Client
) -> None:
    for source, hook in hooks.HOOKS.items():
        for visitor in (client, owner_client):
            assert visitor.post(address(source=source), data={"a": "b"}).status_code == 403
        refused = 403 if "GET" in hook.methods else 405
        assert client.get(address(source=source), headers=SIGNED).status_code == refused
        assert client.put(address(source=source), headers=SIGNED).status_code == 405
    assert client.post(address(source="unheard-of"), headers=SIGNED).status_code == 404

    assert not HookDelivery.objects.exists()
    assert not Event.objects.exists()


def test_a_body_that_is_too_long_is_refused_and_not_cut(
    acme: Account, handler: Handler, client: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert call(client, body="ring" * 10).status_code == 413
    assert not HookDelivery.objects.exists()


def test_a_form_of_too_many_fields_is_refused_before_anybody_reads_it(
    acme: Account, handler: Handler, client: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3

    def post(form: str) -> int:
        kind = "application/x-www-form-urlencoded"
        return client.post(address(), form, content_type=kind, headers=SIGNED).status_code

    assert post("a&b&c") == 200
    assert post("a&b&c&d") == 400
    assert HookDelivery.objects.count() == 1


def test_what_could_not_be_handled_is_a_row_that_the_repeat_handles(
    acme: Account, handler: Handler, client: Client
) -> None:
    handler.fails = RuntimeError("secret words")

    failed = call(client, **{"X-Token": "once"})

    delivery = HookDelivery.objects.get()
    assert (failed.status_code, failed.content) == (503, b"<Response/>")
    assert (delivery.state, delivery.error, delivery.attempts) == ("failed", "RuntimeError", 1)
    assert not Event.objects.exists()

    handler.fails = None
    repeated = call(client, **{"X-Token": "once"})

    delivery.refresh_from_db()
    assert repeated.status_code == 200
    assert (delivery.state, delivery.error, delivery.attempts) == ("answered", "", 2)
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["before it acts", "after it acted", "after its commit"])
def test_a_process_killed_between_two_steps_loses_nothing_and_does_nothing_twice(
    acme: Account, handler: Handler, client: Client, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def dies(*args: Any, **facts: Any) -> Any:
        if step == "after its commit":
            actual(*args, **facts)
        raise Killed

    actual = hooks._handle
    if step == "after it acted":
        handler.fails = Killed()
    else:
        monkeypatch.setattr(hooks, "_handle", dies)
    with pytest.raises(Killed):
        call(client, **{"X-Token": "once"})
    assert HookDelivery.objects.count() == 1
    assert Event.objects.count() == (1 if step == "after its commit" else 0)

    handler.fails = None
    monkeypatch.setattr(hooks, "_handle", actual)
    response = call(client, **{"X-Token": "once"})

    assert response.content == b"<Response>1</Response>"
    assert Event.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_deliveries_at_the_same_instant_are_handled_once(
    acme: Account, handler: Handler
) -> None:
    answers: list[bytes] = []

    def act() -> None:
        answers.append(call(Client(), **{"X-Token": "once"}).content)

    at_once(act, act, act)

    assert answers == [b"<Response>1</Response>"] * 3
    assert Event.objects.count() == 1


# --- run again by support --------------------------------------------------------------------


@pytest.fixture
def failed(acme: Account, handler: Handler, client: Client) -> HookDelivery:
    handler.fails = RuntimeError()
    call(client, **{"X-Token": "once"})
    handler.fails = None
    return HookDelivery.objects.get()


@pytest.fixture
def act_url(failed: HookDelivery) -> str:
    return reverse("admin:accounts_hookdelivery_act", args=[failed.pk, "run_again"])


def test_support_runs_again_what_could_not_be_handled(
    failed: HookDelivery, act_url: str, support_client: Client, handler: Handler
) -> None:
    response = support_client.post(act_url, {"reason": "Mended"}, follow=True)

    assert "Handled now" in response.text
    assert handler.about[-1] is None
    failed.refresh_from_db()
    assert failed.state == DeliveryState.ANSWERED
    noted, heard = Event.objects.order_by("pk")
    assert (noted.type, noted.reason, noted.actor_kind) == ("support.acted", "Mended", "support")
    assert (heard.summary, heard.actor_kind) == ("Heard ring", ActorKind.CARRIER)


def test_what_fails_again_says_so_and_stays(
    failed: HookDelivery, act_url: str, support_client: Client, handler: Handler
) -> None:
    handler.fails = RuntimeError("secret words")

    response = support_client.post(act_url, {"reason": "Mended"})

    assert response.status_code == 422
    assert "could not be handled again" in response.text
    assert "secret words" not in response.text
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (DeliveryState.FAILED, 2)
    assert not Event.objects.exists()


def test_what_was_handled_or_has_no_hook_any_more_is_not_run(
    failed: HookDelivery, support: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = actors.support(support, reason="Mended")
    hooks.run_again(failed.pk, actor=actor, at=NOON)

    with pytest.raises(NotDue, match="has been handled"):
        hooks.run_again(failed.pk, actor=actor, at=NOON)
    monkeypatch.setattr(hooks, "HOOKS", {})
    with pytest.raises(NotDue, match="Nothing here"):
        hooks.run_again(failed.pk, actor=actor, at=NOON)


def test_only_support_runs_deliveries_again(
    failed: HookDelivery, act_url: str, by_owner: Actor, owner_client: Client
) -> None:
    with pytest.raises(Forbidden):
        hooks.run_again(failed.pk, actor=by_owner, at=NOON)

    assert owner_client.post(act_url, {"reason": "Mine"}).status_code in (302, 403)
    failed.refresh_from_db()
    assert failed.state == DeliveryState.FAILED


def test_the_admin_shows_no_words_of_customers(
    failed: HookDelivery, support_client: Client
) -> None:
    page = support_client.get(reverse("admin:accounts_hookdelivery_change", args=[failed.pk])).text

    assert "rehearsal" in page
    assert "ring" not in page.replace("string", "")


def test_a_source_has_one_hook(handler: Handler) -> None:
    with pytest.raises(ValueError, match="already"):
        hooks.register(hooks.HOOKS["rehearsal"])
