"""A Numberdesk with the settings of a demo, and a stand-in whose clock it goes by."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from tests.sandbox_process import SandboxProcess


@pytest.fixture
def demo(tmp_path: Path, settings: Settings) -> Iterator[SandboxProcess]:
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    settings.DEMO_CLOCK = tmp_path / "demo-clock.json"
    settings.DEMO_MAILS = tmp_path / "demo-mails"
    settings.EMAIL_BACKEND = "demo.mails.Mailbox"
    settings.ROOT_URLCONF = "demo.urls"
    templates: list[dict[str, Any]] = copy.deepcopy(configured.TEMPLATES)
    templates[0]["OPTIONS"]["context_processors"].append("demo.context_processors.rehearsal")
    settings.TEMPLATES = templates
    with SandboxProcess(at=None, clock=settings.DEMO_CLOCK) as sandbox:
        settings.TWILIO_BASE_URL = sandbox.url
        yield sandbox
