"""The shape of what people type on the pages of this app; the services decide about it."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.validators import MaxValueValidator, MinValueValidator

from accounts.actor import Actor
from accounts.models import Account, NoticePreference, User
from accounts.registries import EVENT_TYPES, kinds_for
from accounts.services import tokens
from accounts.services.inbox import Channels
from accounts.states import ROLE_PERMISSIONS, Permission, Role
from accounts.timeline import type_label
from config.outside import LARGEST_ID

from . import activity


def time_zones() -> list[tuple[str, str]]:
    """Every zone with a place in its name: value and label."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
    return [(zone, zone.replace("_", " ")) for zone in zones]


#: In place of a type: each number that an import brought has its line, which others sum up.
EVERY_TYPE = "every"


def event_types() -> list[tuple[str, str]]:
    return sorted((type, type_label(type)) for type in EVENT_TYPES)


class AccountForm(forms.Form):
    name = forms.CharField(max_length=100)
    time_zone = forms.ChoiceField(
        choices=time_zones, help_text="Deadlines and times show in this zone."
    )
    country = forms.CharField(
        label="Home country",
        min_length=2,
        max_length=2,
        help_text="Two letters, such as US. Its numbers show without a country code.",
    )


class RoleForm(forms.Form):
    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ChoiceField(choices=roles_within(actor), initial=Role.MEMBER)


class InvitationForm(RoleForm):
    email = forms.EmailField(label="Email")


def roles_within(actor: Actor) -> list[tuple[str, str]]:
    """The roles that ``actor`` may give, the smallest first."""
    return [
        (role.value, str(role.label))
        for role in reversed(Role)
        if ROLE_PERMISSIONS[role] <= actor.permissions
    ]


class AcceptForm(forms.Form):
    """What a person who is new to Numberdesk fills in."""

    name = forms.CharField(max_length=100, required=False, label="Your name")
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False),
        help_text=password_validators_help_text_html,
    )


#: Letters and digits that tell one sheet of a form from every other.
SHEET_LENGTH = 32


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        max_length=100, help_text="What the key is for, such as “Nightly export”."
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"] = forms.MultipleChoiceField(
            choices=[
                (scope.value, str(scope.label))
                for scope in Permission
                if scope != Permission.READ and scope in actor.permissions
            ],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            label="Besides reading, it may",
            help_text="With nothing ticked the key is read-only.",
        )
        self.fields["sheet"] = forms.CharField(
            required=False,
            max_length=SHEET_LENGTH,
            widget=forms.HiddenInput(),
            initial=partial(tokens.make, SHEET_LENGTH),
        )


class DayField(forms.DateField):
    """A day in a year that arithmetic with hours and zones does not leave."""

    default_validators = [
        MinValueValidator(date(1970, 1, 2), "Enter a later day."),
        MaxValueValidator(date(9999, 1, 1), "Enter an earlier day."),
    ]


class ActivityForm(forms.Form):
    """Filters of the activity page. They are optional, and a wrong one is told and left out."""

    type = forms.ChoiceField(required=False)
    subject = forms.CharField(
        required=False,
        max_length=200,
        label="About",
        widget=forms.TextInput({"placeholder": "Number, agent, email, key", "type": "search"}),
    )
    since = DayField(required=False, label="From", widget=forms.DateInput({"type": "date"}))
    until = DayField(required=False, label="To", widget=forms.DateInput({"type": "date"}))
    job = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, widget=forms.HiddenInput()
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict([("", "Anybody"), *activity.actors(account)])
        # A link from the log may name somebody who has left since.
        asked = self.data.get("actor", "")
        if asked not in known and activity.ACTOR.match(asked):
            known[asked] = "Somebody who has left"
        self.fields["actor"] = forms.ChoiceField(
            required=False, label="By", choices=list(known.items())
        )
        everything = [("", "Everything")]
        if not self._is_narrow() or self.data.get("type") == EVERY_TYPE:
            everything = [
                ("", "Everything, a job as one line"),
                (EVERY_TYPE, "Everything, each number of a job too"),
            ]
        self.fields["type"] = forms.ChoiceField(
            required=False, choices=[*everything, *event_types()]
        )
        self.order_fields(["type", "actor", "subject", "since", "until", "job"])

    @property
    def sums_up_jobs(self) -> bool:
        """Whether what jobs did to numbers is inside their lines."""
        return not self._is_narrow() and not self.cleaned_data.get("type")

    def _is_narrow(self) -> bool:
        """Whether it asks for one thing or one job, of which everything is shown."""
        return bool(self.data.get("subject") or self.data.get("job"))


class PreferencesForm(forms.Form):
    """Two check boxes for each kind of notice that concerns the person."""

    def __init__(self, *args: Any, account: Account, user: User, actor: Actor, **kwargs: Any):
        super().__init__(*args, **kwargs)
        stored = {
            wish.kind: wish for wish in NoticePreference.objects.filter(account=account, user=user)
        }
        self.kinds = {name: kind.about for name, kind in kinds_for(actor).items()}
        for kind, about in self.kinds.items():
            wish = stored.get(kind)
            for way, label in (("in_app", "in the app"), ("by_mail", "by mail")):
                self.fields[f"{kind}_{way}"] = forms.BooleanField(
                    required=False,
                    label=f"{about}, {label}",
                    initial=getattr(wish, way) if wish else True,
                )

    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        """What each kind is about, with its two check boxes."""
        return [
            (about, self[f"{kind}_in_app"], self[f"{kind}_by_mail"])
            for kind, about in self.kinds.items()
        ]

    def wishes(self) -> dict[str, Channels]:
        data = self.cleaned_data
        return {
            kind: Channels(data[f"{kind}_in_app"], data[f"{kind}_by_mail"]) for kind in self.kinds
        }
