"""What the stand-in was asked."""

from __future__ import annotations

from tests.sandbox_process import SandboxProcess


def asked(sandbox: SandboxProcess, method: str = "GET") -> int:
    """How many requests of a method reached the stand-in."""
    return sum(row["count"] for row in sandbox.requests() if row["method"] == method)
