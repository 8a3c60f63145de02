"""The OpenAPI document, and the page that shows it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from config import openapi
from config.api.problems import CODES


def test_the_document_is_valid_and_complete(tmp_path: Path) -> None:
    file = tmp_path / "schema.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", file=str(file))

    assert file.stat().st_size > 10_000


@pytest.mark.django_db
def test_anybody_reads_the_document(client: Client) -> None:
    answer = client.get("/api/v1/schema/", headers={"accept": "text/html"})

    assert answer["Content-Type"] == "application/vnd.oai.openapi+json"
    assert answer.json()["paths"].keys() == openapi.document()["paths"].keys()
    assert client.post("/api/v1/schema/").status_code == 405


@pytest.mark.django_db
def test_the_page_shows_every_operation_and_needs_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()

    for path, methods in openapi.document()["paths"].items():
        for method, operation in methods.items():
            assert f'id="{operation["operationId"]}"' in page
            assert f"{method.upper()} {path}" in page
    for name in openapi.document()["components"]["schemas"]:
        assert f'id="object-{name}"' in page
    assert set(re.findall(r'href="#object-(\w+)"', page)) <= set(
        openapi.document()["components"]["schemas"]
    )
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "style=" not in page
    assert "`" not in page


def test_operations_are_named_once_and_say_what_they_need() -> None:
    operations = [
        operation
        for methods in openapi.document()["paths"].values()
        for operation in methods.values()
    ]

    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all("Needs the scope" in operation["description"] for operation in operations)


def test_the_handbook_explains_every_code(root: Path) -> None:
    handbook = (root / "docs" / "api.md").read_text(encoding="utf-8")

    for code in {*CODES, *codes_in_the_rules(root)}:
        assert f"`{code}`" in handbook, code


def codes_in_the_rules(root: Path) -> set[str]:
    """Codes of blockers, problems and errors, read from the source."""
    written = re.compile(
        r'(?:Blocker|Problem)\(\s*"([a-z_]+)"|^    code = "([a-z_]+)"', re.MULTILINE
    )
    found = set()
    for app in ("config", "licensing", "numbers", "telephony"):
        for path in (root / app).rglob("*.py"):
            if "sandbox" not in path.parts:
                found |= {a or b for a, b in written.findall(path.read_text(encoding="utf-8"))}
    return found


AT_ONCE = """
import threading
import django

django.setup()
from config import openapi

start, found = threading.Barrier(8), []

def ask():
    start.wait()
    found.append(id(openapi.document()))

threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""


def test_the_first_readers_of_a_new_process_may_come_at_once(root: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}

    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE], cwd=root, env=environment, capture_output=True, text=True
    )

    assert done.stdout == "8 1\n", done.stderr
