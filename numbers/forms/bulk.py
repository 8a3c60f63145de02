"""Which numbers a bulk action is about."""

from __future__ import annotations

from typing import Any

from django import forms

from config.outside import whole
from config.text import plural
from numbers.filters import shown_by
from numbers.services.bulk import BULK_ACTIONS, Selection


class TickedForm(forms.Form):
    """The numbers that were ticked on the list page, or all that its query string shows."""

    everything = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=2000)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.ids = sorted(
            {
                pk
                for value in data.getlist("ids")
                for text in value.split(",")
                if (pk := whole(text)) is not None
            }
        )

    @property
    def selection(self) -> Selection:
        """What was selected; call it once the form is valid."""
        if self.cleaned_data["everything"]:
            return Selection(shown=shown_by(self.cleaned_data["query"]))
        return Selection(ids=self.ids)


class SelectionForm(TickedForm):
    """The same, with what is to be done to them."""

    action = forms.ChoiceField(
        choices=lambda: [(name, each.label) for name, each in BULK_ACTIONS.items()]
    )


class CountField(forms.CharField):
    """How many numbers a risky act is about, typed by whoever starts it."""

    def __init__(self, *, changing: int, risky: int) -> None:
        super().__init__(
            label="How many",
            max_length=20,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            help_text=f"{plural(risky, 'number')} of them {'is' if risky == 1 else 'are'} in use "
            f"or cannot be bought back. Type {changing} to confirm.",
        )
        self.changing = changing

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        if typed.replace(",", "").strip() != str(self.changing):
            raise forms.ValidationError(f"Type {self.changing}, as many as will change.")
        return typed


class CountForm(forms.Form):
    """The count alone, where a bulk action is a risk."""

    def __init__(self, data: Any, *, changing: int, risky: int) -> None:
        super().__init__(data)
        self.fields["count"] = CountField(changing=changing, risky=risky)
