"""A page says the code of what it refuses, the same as REST, beside the sentence (B3)."""

from __future__ import annotations

import re
from copy import copy, deepcopy

import pytest
from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import Account
from accounts.states import Permission
from config.errors import Blocked, Blocker, Invalid, NotDue, Reason, code_of
from config.refusals import add_refusal, reasons_of, refusal_code
from tests.api.conftest import program_of
from tests.factories import ConnectionFactory, PhoneNumberFactory

SHUT = Blocked([Blocker("a_code", "Not <now>."), Blocker("another", "Nor later.")])


class Form(forms.Form):
    to = forms.IntegerField()


def test_a_form_says_each_reason_with_its_code_and_escapes_the_sentence() -> None:
    form = Form({"to": "1"})
    add_refusal(form, SHUT, field="to")
    add_refusal(form, NotDue("Too soon."))

    field, above = (
        str(form.errors["to"]),
        render_to_string("components/form_errors.html", {"form": form}),
    )

    for shown in (field, above):
        assert f"Not &lt;now&gt;. {refusal_code('a_code')}" in shown
        assert f"Nor later. {refusal_code('another')}" in shown
    assert f"Too soon. {refusal_code('not_due')}" in above


def test_what_is_wrong_with_a_field_says_the_rule_and_no_code() -> None:
    form = Form({"to": "1"})
    add_refusal(form, Invalid({"to": ["Choose a whole number."]}))

    assert form.errors == {"to": ["Choose a whole number."]}
    assert "refusal-code" not in str(form.errors)


def test_a_rule_that_refuses_a_field_says_its_code_there_and_in_a_message() -> None:
    form = Form({"to": "1"})
    refused = Invalid({"to": [Reason("a_code", "Not <now>."), "Too long."]})
    add_refusal(form, refused)

    assert f"Not &lt;now&gt;. {refusal_code('a_code')}" in str(form.errors["to"])
    assert form.errors["to"][1] == "Too long."
    assert reasons_of(refused) == list(form.errors["to"])


def test_a_reason_reads_as_its_sentence_and_keeps_its_code_in_copies() -> None:
    reason = Reason("a_code", "Not now.")

    assert reason == "Not now."
    assert [code_of(each) for each in (reason, copy(reason), deepcopy(reason))] == ["a_code"] * 3
    assert code_of("Too long.") == Invalid.code


@pytest.mark.django_db
def test_a_page_its_message_and_rest_say_the_same_code(acme: Account, owner_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)
    where = f"/a/acme/numbers/{number.pk}/exclude/"

    rest = program_of(acme, *Permission).send("post", f"numbers/{number.pk}/exclusions/", {})
    (blocker,) = rest.json()["blockers"]

    code = str(refusal_code(blocker["code"]))
    assert code in owner_client.get(where).content.decode()
    assert code in owner_client.get(f"/a/acme/numbers/{number.pk}/").content.decode()


@pytest.mark.django_db
def test_a_field_and_rest_say_the_same_code(acme: Account, owner_client: Client) -> None:
    held = ConnectionFactory.create(account=acme)
    wanted = {"sid": held.sid, "token": "f" * 32}

    page = owner_client.post("/a/acme/connections/new/", wanted)
    rest = program_of(acme, *Permission).send("post", "connections/", wanted)

    (error,) = rest.json()["errors"]
    assert (error["field"], error["code"]) == ("sid", "connected_already")
    assert f"{error['message']} {refusal_code(error['code'])}" in page.content.decode()


def test_every_sentence_of_a_rule_with_a_code_stands_in_the_handbook() -> None:
    """A code that nobody can look up helps nobody."""
    handbook = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    used = {
        (str(path.relative_to(settings.BASE_DIR)), code)
        for app in ("accounts", "config", "licensing", "numbers", "telephony")
        for path in (settings.BASE_DIR / app).rglob("*.py")
        for code in re.findall(
            r'(?:\bReason|\brefused)\(\s*"([a-z_]+)"', path.read_text(encoding="utf-8")
        )
    }

    assert len(used) > 30
    assert [each for each in sorted(used) if f"`{each[1]}`" not in handbook] == []


@pytest.mark.django_db
def test_a_message_carries_the_code_to_the_next_page(acme: Account, owner_client: Client) -> None:
    held = ConnectionFactory.create(account=acme, state="suspended")

    told = owner_client.post(f"/a/acme/connections/{held.pk}/import/", follow=True).content.decode()

    assert '<code class="refusal-code"' in told.partition('class="toasts"')[2].partition("</ul>")[0]
