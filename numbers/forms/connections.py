"""What people type to connect a Twilio subaccount."""

from __future__ import annotations

from django import forms

from config.text import tidy
from numbers.states import RefreshEvery


def _token_field(help_text: str) -> forms.CharField:
    """A token is typed, sent once, and never shown again, not even after an error."""
    return forms.CharField(
        label="Auth token",
        max_length=100,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ConnectForm(forms.Form):
    """A subaccount and the token that reaches it."""

    sid = forms.CharField(
        label="Account SID",
        max_length=64,
        help_text="Begins with AC. It stands on the subaccount's own page in the Twilio Console.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "AC…"}
        ),
    )
    token = _token_field("On the same page, next to the SID; press Show there and copy it.")

    def clean_sid(self) -> str:
        """Without what a copy from a page brings along and nobody sees."""
        return tidy(self.cleaned_data["sid"])

    def clean_token(self) -> str:
        return tidy(self.cleaned_data["token"])


class TokenForm(forms.Form):
    """Another token for a connection that is there."""

    token = _token_field("The subaccount's current token, from its page in the Twilio Console.")

    def clean_token(self) -> str:
        return tidy(self.cleaned_data["token"])


class ScheduleForm(forms.Form):
    """How often to refresh without being asked."""

    every = forms.ChoiceField(
        label="Refresh by itself", choices=RefreshEvery.choices, widget=forms.RadioSelect
    )
