"""The OpenAPI document against the running application: made-up requests, right and wrong ones.

No request may end in 500, every answer must be as the document says, what the document allows must
be understood, and what it forbids must be refused. Schemathesis is used as a library: its pytest
plugin hides the true error where warnings are errors.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.settings import api_settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Account
from config.wsgi import application
from tests.factories import AgentFactory, LicenseChangeFactory, PhoneNumberFactory
from tests.sandbox_process import SandboxProcess

from .conftest import Program
from .test_doors import OWNED

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db,
    pytest.mark.usefixtures("one_database_connection"),
]

#: What rules say about rows that there are, about today, and about what makes a text a CSV file of
#: numbers, which no document of shapes can know.
OF_ROWS = (
    "Row ",
    "This file ",
    "There is an agent called",
    "Choose an agent of this account.",
    "Choose a number of this account.",
    "Choose another number; this is the one that leaves.",
    "Choose a connection of this account.",
    "Choose a day that is still to come.",
    "No number matches.",
    "Twilio does not accept this token",
    "This subaccount is connected already.",
)


def understood(context: Any, response: Any, case: Any) -> None:
    """What the document allows is not refused for its shape."""
    if case.meta and case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    if response.status_code in (400, 422):
        problem = response.json()
        told = [error["message"] for error in problem["errors"]]
        of_rows = told and all(message.startswith(OF_ROWS) for message in told)
        assert of_rows, f"{case.as_curl_command()} -> {problem}"


CHECKS: list[Any] = [
    understood,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 6}


@pytest.mark.parametrize("mode", list(EXAMPLES), ids=lambda mode: mode.value)
def test_no_request_is_answered_otherwise_than_the_document_says(
    acme: Account,
    program: Program,
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    mode: GenerationMode,
) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "actor", "1000000/min")
    PhoneNumberFactory.create_batch(3, account=acme)
    AgentFactory.create(account=acme)
    LicenseChangeFactory.create(account=acme)
    document = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
    rejects = document.config.checks.negative_data_rejection
    rejects.expected_statuses = [*rejects.expected_statuses, "411"]  # of a body that is empty
    headers = {"Authorization": program.defaults["HTTP_AUTHORIZATION"]}

    operations: list[Any] = list(document.get_all_operations())
    for operation in (each.ok() for each in operations):
        owner = OWNED.get(operation.path.split("/")[3])
        known = {"id": owner(acme)} if owner and "{id}" in operation.path else None
        cases = operation.as_strategy(mode, path_parameters=known)

        @settings(
            max_examples=EXAMPLES[mode],
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def attempt(case: Any) -> None:
            undone = transaction.atomic()
            undone._from_testcase = True  # type: ignore[attr-defined] # none of the application's
            with undone:
                response = case.call(headers=headers)
                transaction.set_rollback(True)
            case.validate_response(response, checks=CHECKS)

        attempt()
