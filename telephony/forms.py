"""What people type about agents. Shape only; the rules are the services'."""

from __future__ import annotations

from django import forms

from .services.agents import LONGEST_NAME


class AgentForm(forms.Form):
    """An agent's name."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_NAME,
        help_text="As your team calls it. Callers never see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
