"""Times that contradict each other are found before a worker is killed by them."""

from __future__ import annotations

import pytest
from django.conf import settings
from pytest_django import Settings

from config.checks import times_that_agree


def test_the_times_that_come_with_numberdesk_agree() -> None:
    assert times_that_agree() == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TWILIO_STEP_SECONDS": 36}, "the queue kills its task after 60 s"),
        ({"JOB_SLICE_SECONDS": 26}, "at the end of a slice of 26 s"),
        ({"Q_CLUSTER": {**settings.Q_CLUSTER, "timeout": 54}}, "kills its task after 54 s"),
        ({"TWILIO_RETRY_SECONDS": 31}, "TWILIO_RETRY_SECONDS"),
        ({"JOB_LEASE_SECONDS": 30}, "JOB_LEASE_SECONDS"),
        ({"Q_CLUSTER": {**settings.Q_CLUSTER, "retry": 120}}, "again after 120 s"),
    ],
)
def test_a_time_that_does_not_fit_the_others_is_an_error_that_names_it(
    settings: Settings, changes: dict[str, object], named: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    (wrong,) = times_that_agree()

    assert named in wrong.msg
    assert wrong.id == "numberdesk.E001"


def test_times_at_the_very_edge_still_agree(settings: Settings) -> None:
    settings.TWILIO_STEP_SECONDS = settings.TWILIO_RETRY_SECONDS = 35

    assert times_that_agree() == []
