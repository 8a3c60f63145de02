"""What people type about licenses. Shape only; the rules are the services'."""

from __future__ import annotations

from typing import Any

from django import forms

from .gates import MOST_LICENSES


class LicensesForm(forms.Form):
    """How many licenses the account should own, and why."""

    to = forms.IntegerField(
        label="Licenses",
        min_value=0,
        max_value=MOST_LICENSES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Why",
        max_length=300,
        required=False,
        help_text="Shown in the ledger below.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ConfirmLicensesForm(LicensesForm):
    """The same, carried through the confirm step together with the count it was decided on, and
    with what it was said to cost today."""

    before = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    charge = forms.DecimalField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].widget = forms.HiddenInput()
        self.fields["reason"].widget = forms.HiddenInput()
