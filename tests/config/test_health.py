"""The two questions that supervisors ask."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django_q.models import OrmQ

from config.jobs import enqueue
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_a_living_process_says_so_without_asking_the_database(
    client: Client, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


def test_an_installation_where_all_is_well_is_ready(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "problems": {}}


@pytest.mark.parametrize(("minutes", "status"), [(9, 200), (10, 503)])
def test_a_task_that_waits_ten_minutes_means_that_no_worker_runs(
    client: Client, minutes: int, status: int
) -> None:
    enqueue("accounts.tasks.mail_notices")
    OrmQ.objects.update(lock=NOON - timedelta(minutes=minutes))

    response = client.get("/readyz")

    assert response.status_code == status
    assert ("queue" in response.json()["problems"]) == (status == 503)


def test_a_task_that_a_worker_holds_is_not_waiting(client: Client) -> None:
    enqueue("accounts.tasks.mail_notices")
    OrmQ.objects.update(lock=NOON + timedelta(seconds=150))

    assert client.get("/readyz").status_code == 200


def test_a_migration_that_is_not_applied_is_named(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id = "
            "(SELECT max(id) FROM django_migrations WHERE app = 'telephony')"
        )

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["problems"] == {"migrations": "1 migrations are not applied."}
