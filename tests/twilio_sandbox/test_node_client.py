"""Twilio's client for Node does the same as the one for Python: a second one we did not write.

It is installed from npm into `var/node` the first time, which is the one thing here that needs the
network. Without Node, npm or the network the test is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.sandbox_process import ROOT, SandboxProcess
from tests.twilio_sandbox.ports import ANOTHER, LANDLINE, post

pytestmark = pytest.mark.process

HERE = Path(__file__).parent / "node"
INSTALLED = ROOT / "var" / "node"
INSTALL = (
    *("install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"),
    *("--prefer-offline", "--fetch-retries=0", "--fetch-timeout=30000", "--loglevel=error"),
)
LEAST_NODE = 20  # the client's


@pytest.fixture(scope="module")
def node() -> str:
    """The program `node`, once the client is installed."""
    program, installer = shutil.which("node"), shutil.which("npm")
    if program is None or installer is None:
        pytest.skip("node and npm are not installed")
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    if int(answer.stdout.lstrip("v").partition(".")[0]) < LEAST_NODE:
        pytest.skip(f"Twilio's client for Node needs version {LEAST_NODE}, not {answer.stdout}")
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))
    if _installed_version() != wanted["dependencies"]["twilio"]:
        _install(installer)
    return program


def _installed_version() -> str | None:
    package = INSTALLED / "node_modules" / "twilio" / "package.json"
    return str(json.loads(package.read_text("utf-8"))["version"]) if package.exists() else None


def _install(installer: str) -> None:
    """Whole or not at all."""
    INSTALLED.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=INSTALLED.parent) as folder:
        shutil.copy(HERE / "package.json", folder)
        try:
            subprocess.run(
                [installer, *INSTALL],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            pytest.skip(f"npm cannot install Twilio's client: {error.stderr.strip()[:300]}")
        except subprocess.TimeoutExpired:
            pytest.skip("npm takes too long to install Twilio's client")
        shutil.rmtree(INSTALLED, ignore_errors=True)
        shutil.copytree(folder, INSTALLED, symlinks=True)


def drive(node: str, given: dict[str, str]) -> Any:
    """What the script saw."""
    environment = {
        **os.environ,
        "NODE_PATH": str(INSTALLED / "node_modules"),
        "NO_PROXY": "127.0.0.1",
    }
    answer = subprocess.run(
        [node, str(HERE / "drive.js")],
        input=json.dumps(given),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_client_for_node_is_served_like_the_one_for_python(
    sandbox: SandboxProcess, node: str
) -> None:
    listed = [number.sid for number in sandbox.client().incoming_phone_numbers.list()]
    port = post(sandbox, LANDLINE, ANOTHER)["port_in_request_sid"]
    started = sandbox.now().replace(microsecond=0)

    seen = drive(
        node,
        {
            "url": sandbox.url,
            "sid": sandbox.acme_sid,
            "token": sandbox.acme_token,
            "port": port,
            "phone": "+14155550123",
        },
    )

    assert seen["before"] == listed
    assert seen["bought"]["number"] == seen["offered"]
    assert set(seen["bought"]["capabilities"]) == {"voice", "sms", "mms", "fax"}
    assert seen["updated"] == {"name": "Front desk", "voiceUrl": "https://example.com/voice"}
    assert seen["fetched"]["name"] == "Front desk"
    assert datetime.fromisoformat(seen["fetched"]["created"]) >= started
    sent = {"body": "Hello", "direction": "outbound-api", "from": seen["offered"]}
    assert seen["message"] == sent
    assert seen["port"] == {"sid": port, "status": "pending", "numbers": [LANDLINE, ANOTHER]}
    assert seen["released"] is True
    assert (seen["gone"]["status"], seen["gone"]["code"]) == (404, 20404)
    assert seen["gone"]["moreInfo"] == "https://www.twilio.com/docs/errors/20404"
    assert seen["after"] == len(listed)
