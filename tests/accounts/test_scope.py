"""Rows of an account: how they are changed."""

from __future__ import annotations

import pytest

from accounts.models import Job
from tests.factories import AccountFactory, JobFactory

pytestmark = pytest.mark.django_db


def test_an_update_that_joins_is_refused_and_one_that_names_ids_is_not() -> None:
    account = AccountFactory.create(slug="acme")
    JobFactory.create(account=account)

    with pytest.raises(ValueError, match="joins"):
        Job.objects.filter(account__slug="acme").update(title="New")

    assert Job.objects.filter(account__in=[account.pk]).update(title="New") == 1
