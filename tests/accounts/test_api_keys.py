"""API keys: shown once, stored as a hash, never more than their maker may do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import actors
from accounts.actor import SYSTEM, Actor
from accounts.models import Account, ApiKey, Event
from accounts.services import api_keys
from accounts.states import Permission
from config.errors import Forbidden, Invalid, InvalidTransition
from tests.factories import NOON, AccountFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def create(account: Account, actor: Actor, *scopes: str) -> tuple[ApiKey, str]:
    return api_keys.create(account.pk, name="Export", scopes=scopes, actor=actor, at=NOON)


def test_the_text_of_a_key_is_nowhere_in_the_database(acme: Account, by_owner: Actor) -> None:
    key, text = create(acme, by_owner, "numbers")

    mark, prefix, secret = text.split("_")
    assert (mark, prefix, len(prefix), len(secret)) == ("nd", key.prefix, 8, 43)
    stored = f"{list(ApiKey.objects.values())} {list(Event.objects.values())}"
    assert prefix in stored
    assert secret not in stored


def test_a_key_lets_its_holder_in_and_acts_within_its_scopes(
    acme: Account, by_owner: Actor
) -> None:
    _, text = create(acme, by_owner, "numbers")

    key = api_keys.authenticate(text, at=NOON)

    assert key is not None
    actor = actors.api_key(key)
    assert actor.account_id == acme.pk
    assert actor.permissions == {"read", "numbers"}
    with pytest.raises(Forbidden):
        actor.require(Permission.LICENSES)


def test_a_key_without_scopes_is_read_only(acme: Account, by_owner: Actor) -> None:
    key, _ = create(acme, by_owner)

    assert key.is_read_only
    assert key.scopes == ["read"]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "nd",
        "nd__",
        "nd_{prefix}_",
        "nd_{prefix}_wrong",
        "nd_wrongone_{secret}",
        "xx_{prefix}_{secret}",
        "{prefix}_{secret}",
        "nd_{prefix}_{secret}x",
    ],
)
def test_anything_but_the_whole_key_opens_nothing(
    acme: Account, by_owner: Actor, wrong: str
) -> None:
    _, text = create(acme, by_owner)
    _, prefix, secret = text.split("_")

    assert api_keys.authenticate(wrong.format(prefix=prefix, secret=secret), at=NOON) is None


def test_an_unknown_prefix_with_an_empty_secret_opens_nothing() -> None:
    assert api_keys.authenticate("nd_unknown1_", at=NOON) is None


def test_the_last_use_is_written_at_most_once_a_minute(
    acme: Account, by_owner: Actor, django_assert_num_queries: object
) -> None:
    key, text = create(acme, by_owner)

    api_keys.authenticate(text, at=NOON)
    with django_assert_num_queries(1):  # type: ignore[operator]
        api_keys.authenticate(text, at=NOON + 59 * SECOND)
    key.refresh_from_db()
    assert key.last_used_at == NOON

    api_keys.authenticate(text, at=NOON + 60 * SECOND)
    key.refresh_from_db()
    assert key.last_used_at == NOON + 60 * SECOND


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(acme: Account, by_owner: Actor) -> None:
    key, text = create(acme, by_owner)

    api_keys.revoke(key.pk, actor=by_owner, at=NOON)

    assert api_keys.authenticate(text, at=NOON) is None
    assert ApiKey.objects.get().revoked_at == NOON
    assert Event.objects.latest("pk").type == "api_key.revoked"
    with pytest.raises(InvalidTransition):
        api_keys.revoke(key.pk, actor=by_owner, at=NOON)


def test_nobody_makes_a_key_that_may_do_more_than_they_may(acme: Account, by_admin: Actor) -> None:
    with pytest.raises(Invalid) as refusal:
        create(acme, by_admin, "numbers", "licenses")

    assert list(refusal.value.errors) == ["scopes"]
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [("  ", [], "name"), ("x" * 101, [], "name"), ("Export", ["everything"], "scopes")],
)
def test_a_wrong_name_or_scope_is_refused_by_field(
    acme: Account, by_owner: Actor, name: str, scopes: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        api_keys.create(acme.pk, name=name, scopes=scopes, actor=by_owner, at=NOON)

    assert list(refusal.value.errors) == [field]


@pytest.mark.parametrize("actor", ["by_billing", "by_member"])
def test_those_without_admin_neither_make_nor_revoke_keys(
    acme: Account, by_owner: Actor, actor: str, request: pytest.FixtureRequest
) -> None:
    reader: Actor = request.getfixturevalue(actor)
    key, _ = create(acme, by_owner)

    with pytest.raises(Forbidden):
        create(acme, reader)
    with pytest.raises(Forbidden):
        api_keys.revoke(key.pk, actor=reader, at=NOON)


def test_a_sheet_of_one_account_says_nothing_about_those_of_another() -> None:
    mine, theirs = AccountFactory.create_batch(2)

    def make(account: Account) -> ApiKey:
        sheet = "x" * 32
        key, _ = api_keys.create(
            account.pk, name="Export", scopes=[], actor=SYSTEM, at=NOON, sheet=sheet
        )
        return key

    make(theirs)

    assert make(mine).account == mine  # and not taken for theirs
    with pytest.raises(api_keys.MadeAlready):
        make(mine)
