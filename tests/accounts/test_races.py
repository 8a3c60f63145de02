"""Two people, two workers, two clicks at the same instant, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.core import mail
from django.db import transaction

from accounts.actor import SYSTEM
from accounts.models import Account, Event, Job, Notice, User
from accounts.services import api_keys, invitations, jobs, notices, people, single_sign_on
from accounts.services.single_sign_on import Identity
from accounts.states import Role
from tests.factories import (
    NOON,
    PASSWORD,
    AccountFactory,
    ApiKeyFactory,
    InvitationFactory,
    JobFactory,
    MembershipFactory,
    NoticeFactory,
    UserFactory,
)
from tests.races import at_once, while_open

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("again"),
]


@pytest.fixture(params=range(5))
def again(request: pytest.FixtureRequest) -> int:
    """Races are tried several times."""
    return int(request.param)


@pytest.fixture
def account() -> Account:
    return AccountFactory.create()


@pytest.mark.parametrize(
    "second_act", [partial(people.change_role, role=Role.ADMIN), people.remove_member]
)
def test_two_owners_cannot_both_go(account: Account, second_act: Callable[..., object]) -> None:
    first, second = MembershipFactory.create_batch(2, account=account, role=Role.OWNER)
    go = partial(second_act, second.pk, actor=SYSTEM, at=NOON)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            people.change_role(first.pk, role=Role.MEMBER, actor=SYSTEM, at=NOON)
            outcome = pool.submit(at_once, go)
            with pytest.raises(TimeoutError):  # it waits for what we decide
                outcome.result(timeout=0.3)

        assert outcome.result() == ["blocked"]
    assert account.memberships.get(role=Role.OWNER) == second


def test_a_link_that_is_opened_twice_makes_one_user(account: Account) -> None:
    InvitationFactory.create(account=account, email="nell@example.com", token="abc")
    accept = partial(invitations.accept_as_new, "abc", name="", password=PASSWORD, at=NOON)

    outcomes = at_once(accept, accept)

    assert sorted(outcomes) == ["done", "invalid_transition"]
    assert User.objects.filter(email="nell@example.com").count() == 1
    assert Event.objects.filter(type="member.joined").count() == 1


@pytest.mark.parametrize("invited", [False, True])
def test_two_callbacks_of_one_person_sign_in_the_same_user(account: Account, invited: bool) -> None:
    if invited:
        InvitationFactory.create(account=account, email="nell@example.com")
    else:
        UserFactory.create(email="nell@example.com")
    nell = Identity("https://id.example", "1", "nell@example.com", True, "Nell", "Acme ID")
    known: list[tuple[User, bool]] = []

    def recognize() -> None:
        known.append(single_sign_on.recognize(nell, at=NOON))

    assert while_open(recognize, recognize)

    user = User.objects.get()
    assert known == [(user, True), (user, False)]


def test_two_admins_invite_the_same_person_once(account: Account) -> None:
    invite = partial(
        invitations.invite,
        account.pk,
        email="nell@example.com",
        role=Role.MEMBER,
        actor=SYSTEM,
        at=NOON,
    )

    assert sorted(at_once(invite, invite)) == ["done", "invalid"]


def test_a_form_sent_twice_makes_one_key(account: Account) -> None:
    make = partial(
        api_keys.create, account.pk, name="k", scopes=[], actor=SYSTEM, at=NOON, sheet="x" * 32
    )

    assert sorted(at_once(make, make)) == ["done", "made_already"]


def test_a_key_is_revoked_once(account: Account) -> None:
    key = ApiKeyFactory.create(account=account)
    revoke = partial(api_keys.revoke, key.pk, actor=SYSTEM, at=NOON)

    assert sorted(at_once(revoke, revoke)) == ["done", "invalid_transition"]
    assert Event.objects.filter(type="api_key.revoked").count() == 1


def test_one_of_several_workers_gets_a_job() -> None:
    job = JobFactory.create()
    taken: list[Job | None] = []

    at_once(*[lambda: taken.append(jobs.claim(job.pk, at=NOON))] * 4)

    assert len([each for each in taken if each]) == 1


def test_an_occasion_is_told_once_by_two_workers(account: Account) -> None:
    MembershipFactory.create_batch(3, account=account, role=Role.OWNER)
    tell = partial(
        notices.notify, account, "grace", key="grace:1", title="t", body="b", path="/", at=NOON
    )

    assert at_once(tell, tell) == ["done", "done"]
    assert Notice.objects.count() == 3


def test_a_notice_is_mailed_by_one_of_two_workers() -> None:
    notice = NoticeFactory.create()
    send = partial(notices.mail, notice.pk, at=NOON)

    assert at_once(send, send) == ["done", "done"]
    assert len(mail.outbox) == 1
