"""Log lines carry no numbers and no secrets."""

from __future__ import annotations

import pytest

from config.logs import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /numbers/%2B14155550100", "GET /numbers/[number]"),
        ("released +14155550100.", "released [number]."),
        ("key nd_aB3dE6gH_" + "x" * 43, "key [secret]"),
        ("fetched PN" + "0a" * 16 + " of AC" + "1b" * 16, "fetched [secret] of [secret]"),
        ("token " + "0f" * 16, "token [secret]"),
        ("Not Found: /invitations/" + "0f" * 32 + "/", "Not Found: /invitations/[secret]/"),
        ("import 7 done in 12 s", "import 7 done in 12 s"),
    ],
)
def test_what_must_not_be_logged_is_masked(text: str, masked: str) -> None:
    assert mask(None, "info", {"event": text})["event"] == masked


def test_the_request_id_stays_readable() -> None:
    event = {"event": "x", "request_id": "0f" * 16}

    assert mask(None, "info", event)["request_id"] == "0f" * 16
