"""The form of a saved view."""

from __future__ import annotations

from django import forms


class SavedFilterForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        error_messages={"required": "Give the view a name.", "max_length": "Use a shorter name."},
    )
