"""The upload of a utility bill, which is multipart and on a host of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.ports import PDF, call, upload

pytestmark = pytest.mark.process

BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}


def raw(sandbox: SandboxProcess, body: bytes, headers: dict[str, str] | None = None) -> int:
    """The code of the refusal."""
    answer = call(
        sandbox,
        "POST",
        "Documents",
        host="numbers-upload",
        data=body,
        headers=headers or BOUNDARY,
    )
    assert answer.status_code == 400
    return int(answer.json()["code"])


def test_a_bill_becomes_a_draft(sandbox: SandboxProcess) -> None:
    answer = upload(sandbox)

    assert answer.status_code == 201
    document = answer.json()
    assert document.pop("sid").startswith("RD")
    assert document == {
        "account_sid": sandbox.acme_sid,
        "document_type": "utility_bill",
        "version": 1,
        "status": "DRAFT",
        "friendly_name": "April bill",
        "mime_type": "application/pdf",
    }


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (PDF, "application/pdf"),
        (b"\xff\xd8\xff\xe0\r\n--nonsense\r\n", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"", ""),
    ],
)
def test_the_content_says_what_it_is(
    sandbox: SandboxProcess, content: bytes, mime_type: str
) -> None:
    answer = upload(sandbox, content)

    assert (answer.status_code, answer.json()["mime_type"]) == (201, mime_type)


@pytest.mark.parametrize(
    "content",
    [b"GIF89a", b"MZ\x90", b"%PDF-1.7 /Encrypt 5 0 R", PDF + b"\x00" * (10 * 1024 * 1024)],
    ids=["gif", "program", "password", "too large"],
)
def test_other_contents_are_refused(sandbox: SandboxProcess, content: bytes) -> None:
    answer = upload(sandbox, content)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_ten_megabytes_are_not_too_many(sandbox: SandboxProcess) -> None:
    answer = upload(sandbox, PDF + b"\n" * (10 * 1024 * 1024 - len(PDF)))

    assert answer.status_code == 201


def test_the_status_of_a_success_is_a_switch(sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "switches", {"document_upload_status": "200"})

    assert upload(sandbox).status_code == 200


def test_type_and_file_are_required(sandbox: SandboxProcess) -> None:
    def code(**options: Any) -> int:
        answer = call(sandbox, "POST", "Documents", host="numbers-upload", **options)
        return int(answer.json()["code"])

    assert code(files={"File": ("b.pdf", PDF)}) == 20001
    assert code(data={"document_type": ""}, files={"File": ("b.pdf", PDF)}) == 20001
    assert code(data={"document_type": "utility_bill"}, files={"file": ("b.pdf", PDF)}) == 20001


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="File"\r\n\r\n%PDF-',
        b'--b\r\nContent-Disposition: form-data; name="File"\r\n--b--\r\n',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: attachment; name="File"\r\n\r\nx\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="document_type"\r\n\r\n\xff\r\n--b--\r\n',
    ],
)
def test_a_body_that_is_not_whole_is_refused(sandbox: SandboxProcess, body: bytes) -> None:
    assert raw(sandbox, body) == 20001


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/mixed; boundary=b", "application/json", "nonsense"],
)
def test_a_body_of_another_kind_is_refused(sandbox: SandboxProcess, content_type: str) -> None:
    assert raw(sandbox, b"--b--\r\n", {"Content-Type": content_type}) == 20001


def test_an_upload_needs_credentials(sandbox: SandboxProcess) -> None:
    answer = upload(sandbox, credentials=(sandbox.acme_sid, "wrong"))

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
