"""Forms of the actions on one number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from config.phone_numbers import digits_of
from numbers import gates
from numbers.models import PhoneNumber
from numbers.states import MOST_TAGS


class ActionForm(forms.Form):
    """A confirmation without anything to type; the other forms of actions add to it."""

    def __init__(self, *args: Any, number: PhoneNumber, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number


class ReleaseForm(ActionForm):
    """The last four digits, typed, so that nobody releases the number in the next row."""

    last_four = forms.CharField(
        label="Last four digits",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "last_four"
        ].help_text = f"Type the last four digits of {self.number} to confirm."

    def clean_last_four(self) -> str:
        """The digits; the whole number in any format is fine as well."""
        typed = digits_of(self.cleaned_data["last_four"])
        if len(typed) < 4 or not self.number.e164.endswith(typed):
            raise forms.ValidationError(f"These are not the last four digits of {self.number}.")
        return typed


class AgentSelect(forms.Select):
    """Agents to choose from; those that cannot be chosen are greyed and say why (S0-22)."""

    unavailable: dict[int, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in self.unavailable:
            option["attrs"]["disabled"] = True
        return option


def agent_choices(agents: Iterable[Any]) -> list[tuple[int, str, str]]:
    """Id, name, and why the agent cannot be assigned (empty for a live one)."""
    return [
        (
            agent.pk,
            agent.name,
            f"{agent.get_state_display().lower()}, not live" if gates.agent(agent) else "",
        )
        for agent in agents
    ]


class AgentForm(forms.Form):
    """Which of the account's agents."""

    agent = forms.TypedChoiceField(
        label="Agent",
        coerce=int,
        widget=AgentSelect,
        help_text="Only live agents can be assigned.",
    )

    def __init__(self, *args: Any, agents: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = agent_choices(agents)
        field = self.fields["agent"]
        field.widget.unavailable = {pk: reason for pk, _, reason in choices if reason}
        field.choices = [("", "Choose an agent")] + [  # type: ignore[attr-defined]
            (pk, f"{name} ({reason})" if reason else name) for pk, name, reason in choices
        ]


class TagsField(forms.CharField):
    """Tags, typed with commas between them, as a list."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else ", ".join(value)

    def clean(self, value: Any) -> list[str]:
        typed = super().clean(value)
        return [tag.strip() for tag in typed.split(",") if tag.strip()]


class DescribeForm(forms.Form):
    """What the team calls a number, notes and tags."""

    label = forms.CharField(
        label="Name",
        max_length=100,
        required=False,
        help_text="For your team; callers never see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    tags = TagsField(
        required=False,
        max_length=900,
        help_text=f"Up to {MOST_TAGS}, with commas between them.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    notes = forms.CharField(
        max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
