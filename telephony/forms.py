"""What people type about agents, calls and texts. Shape only; the rules are the services'."""

from __future__ import annotations

from django import forms

from accounts.forms import DayField
from config.filters import TextField

from .filters import LONGEST_SEARCH, WHY_NOT_CHOICES
from .services.agents import LONGEST_NAME


class AgentForm(forms.Form):
    """An agent's name."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_NAME,
        help_text="As your team calls it. Callers never see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class TextsForm(forms.Form):
    """The filters of the list of calls and texts. They are optional."""

    q = TextField(
        required=False,
        max_length=LONGEST_SEARCH,
        label="Search",
        widget=forms.TextInput({"type": "search", "placeholder": "Words or a number"}),
    )
    number = TextField(required=False, max_length=LONGEST_SEARCH, label="Our number")
    sender = TextField(required=False, max_length=LONGEST_SEARCH, label="From")
    not_answered = forms.ChoiceField(
        required=False, label="Answer", choices=[("", "Answered or not"), *WHY_NOT_CHOICES]
    )
    since = DayField(required=False, label="Since", widget=forms.DateInput({"type": "date"}))
    until = DayField(required=False, label="Until", widget=forms.DateInput({"type": "date"}))
