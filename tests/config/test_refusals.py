"""A page says the code of what it refuses, the same as REST, beside the sentence (B3)."""

from __future__ import annotations

import pytest
from django import forms
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import Account
from accounts.states import Permission
from config.errors import Blocked, Blocker, Invalid, NotDue
from config.refusals import add_refusal, refusal_code
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
def test_a_message_carries_the_code_to_the_next_page(acme: Account, owner_client: Client) -> None:
    held = ConnectionFactory.create(account=acme, state="suspended")

    told = owner_client.post(f"/a/acme/connections/{held.pk}/import/", follow=True).content.decode()

    assert '<code class="refusal-code"' in told.partition('class="toasts"')[2].partition("</ul>")[0]
