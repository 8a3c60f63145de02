"""Forms of the bulk actions: what is selected, and what each action wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from numbers.services.bulk import BULK_ACTIONS, Selection

from .actions import AgentForm, TagsField


class SelectionForm(forms.Form):
    """The numbers that were ticked on the list page, or all that its query string shows."""

    action = forms.ChoiceField(choices=[(name, each.label) for name, each in BULK_ACTIONS.items()])
    everything = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=2000)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.ids = sorted(
            {
                int(text)
                for value in data.getlist("ids")
                for text in value.split(",")
                if text.isascii() and text.isdecimal() and len(text) < 19
            }
        )

    @property
    def selection(self) -> Selection:
        """What was selected; call it once the form is valid."""
        if self.cleaned_data["everything"]:
            return Selection(query=self.cleaned_data["query"])
        return Selection(ids=self.ids)


class TagForm(forms.Form):
    add = TagsField(
        label="Add", required=False, max_length=900, help_text="Tags with commas between them."
    )
    remove = TagsField(required=False, max_length=900, help_text="Tags with commas between them.")


class ProtectForm(forms.Form):
    protected = forms.TypedChoiceField(
        label="What to do",
        coerce=lambda value: value == "yes",
        choices=[
            ("yes", "Protect: cannot be released, excluded or swapped out"),
            ("no", "Remove the protection"),
        ],
        initial="yes",
        widget=forms.RadioSelect,
    )


def params_form(action: str, data: Any, *, agents: Iterable[Any]) -> forms.Form:
    """What the action wants to know; a form without fields when that is nothing."""
    if action == "assign":
        return AgentForm(data, agents=agents)
    if action == "tag":
        return TagForm(data)
    if action == "protect":
        return ProtectForm(data)
    return forms.Form(data)
