"""Forms of the actions on one number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, cast

from django import forms

from config.phone_numbers import read
from config.text import inside, on_day
from numbers import gates
from numbers.actions import Action, Kind, Param
from numbers.models import PhoneNumber
from numbers.states import MOST_TAGS


class ParamsForm(forms.Form):
    """What an action wants to know, as its parameters say; perhaps nothing."""

    def __init__(
        self,
        params: Sequence[Param],
        *args: Any,
        agents: Iterable[Any],
        today: date | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(param_fields(params, agents=agents, today=today))

    def chosen(self, params: Sequence[Param]) -> list[str]:
        """What was chosen, as sentences about many numbers."""
        values = getattr(self, "cleaned_data", {})
        return [
            _sentence(each, values[each.name], self.fields[each.name])
            for each in params
            if values.get(each.name) not in (None, [])
        ]


#: The field of them.
_DIGITS = "last_four"


class DigitsForm(forms.Form):
    """Confirmed by the last four digits where that is asked for, so that nobody releases the number
    in the next row."""

    number: PhoneNumber

    @property
    def confirms_risk(self) -> bool:
        """Whether the digits were asked for, once the form is valid."""
        return _DIGITS in self.fields

    def ask_for_digits(self, number: PhoneNumber, why: str) -> None:
        self.number = number
        missing = f"Type the last four digits of {number}."
        if _DIGITS not in self.data:
            missing = f"{why} This was not so when the page was opened. {missing}"
        self.fields[_DIGITS] = forms.CharField(
            label="Last four digits",
            error_messages={"required": missing},
            max_length=200,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            help_text=f"{why} Type the last four digits of {number} to confirm.",
        )

    def clean_last_four(self) -> str:
        """The digits; the whole number in any format is fine as well."""
        typed = read(self.cleaned_data[_DIGITS])
        if typed is None or len(typed.digits) < 4 or not typed.ends(self.number.e164):
            raise forms.ValidationError(f"These are not the last four digits of {self.number}.")
        return typed.digits


class ActionForm(DigitsForm, ParamsForm):
    """The form on the page of an action on one number."""

    def __init__(
        self, action: Action, *args: Any, number: PhoneNumber, agents: Iterable[Any], **kwargs: Any
    ) -> None:
        now: dict[str, str] = {}
        for each in action.params:
            if (value := getattr(number, each.argument or each.name, None)) is not None:
                now |= as_typed([each], {each.name: value})
        super().__init__(action.params, *args, agents=agents, initial=now, **kwargs)
        if action.risk is not None and (why := action.risk(number)):
            self.ask_for_digits(number, why)


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
            f"{inside(agent.get_state_display())}, not live" if gates.agent(agent) else "",
        )
        for agent in agents
    ]


class TagsField(forms.CharField):
    """Tags, typed with commas between them, as a list."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else ", ".join(value)

    def clean(self, value: Any) -> list[str]:
        typed = super().clean(value)
        return [tag.strip() for tag in typed.split(",") if tag.strip()]


def param_fields(
    params: Sequence[Param], *, agents: Iterable[Any], today: date | None = None
) -> dict[str, forms.Field]:
    """A form's field for each parameter; ``agents`` are those of the account, ``today`` is its day.

    Only days after ``today`` are offered.
    """
    fields = {each.name: _FIELDS[each.kind](each, agents) for each in params}
    for each in params:
        if each.kind == Kind.DAY and today is not None:
            tomorrow = today + timedelta(days=1)
            fields[each.name].widget.attrs["min"] = tomorrow.isoformat()
    return fields


def _agent_field(param: Param, agents: Iterable[Any]) -> forms.Field:
    choices = agent_choices(agents)
    field = forms.TypedChoiceField(
        label=param.label,
        help_text=param.help,
        coerce=int,
        widget=AgentSelect,
        choices=[("", "Choose an agent")]
        + [(pk, f"{name} ({reason})" if reason else name) for pk, name, reason in choices],
    )
    field.widget.unavailable = {pk: reason for pk, _, reason in choices if reason}
    return field


def _tags_field(param: Param, agents: Iterable[Any]) -> forms.Field:
    return TagsField(
        label=param.label, help_text=param.help, required=param.required, max_length=900
    )


def _yes_no_field(param: Param, agents: Iterable[Any]) -> forms.Field:
    return forms.TypedChoiceField(
        label=param.label,
        help_text=param.help,
        coerce=lambda value: value == "yes",
        choices=list(zip(("yes", "no"), param.choices or ("Yes", "No"), strict=True)),
        initial="yes",
        widget=forms.RadioSelect,
    )


def _day_field(param: Param, agents: Iterable[Any]) -> forms.Field:
    return forms.DateField(
        label=param.label,
        help_text=param.help,
        required=param.required,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write a day, such as 2027-01-31."},
    )


_FIELDS: dict[Kind, Callable[[Param, Iterable[Any]], forms.Field]] = {
    Kind.AGENT: _agent_field,
    Kind.TAGS: _tags_field,
    Kind.YES_NO: _yes_no_field,
    Kind.DAY: _day_field,
}


def as_typed(params: Sequence[Param], values: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as the fields of a form send them."""
    return {
        each.name: _TYPED[each.kind](values[each.name]) for each in params if each.name in values
    }


_TYPED: dict[Kind, Callable[[Any], str]] = {
    Kind.AGENT: str,
    Kind.TAGS: ", ".join,
    Kind.YES_NO: lambda value: "yes" if value else "no",
    Kind.DAY: lambda value: str(value or ""),
}


def _sentence(param: Param, value: Any, field: forms.Field) -> str:
    if param.kind == Kind.YES_NO:
        return param.said[0 if value else 1]
    if param.kind == Kind.DAY:
        return param.said[0].format(on_day(value))
    names = dict(cast(Any, field).choices) if param.kind == Kind.AGENT else {}
    return param.said[0].format(names[value] if names else ", ".join(value))


class NameField(forms.CharField):
    """Not called optional: the form does without it, and what comes later does not."""

    is_needed_later = True


class DescribeForm(forms.Form):
    """What the team calls a number, notes and tags."""

    label = NameField(
        label="Name",
        max_length=100,
        required=False,
        help_text="For your team; callers never see it. A number is enabled only with a name.",
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
