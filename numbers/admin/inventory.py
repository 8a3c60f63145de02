"""Phone numbers: to find, to look at, and to act on through the services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest

from accounts.admin import acting, list_url
from accounts.models import Account
from accounts.web import NOTHING_CHANGED
from config import clock
from config.admin import Act, ReasonForm, Shown, SupportAdmin
from config.errors import Blocker
from config.filters import named, number_written, sid_written
from config.phone_numbers import for_people
from config.text import plural, tidy
from numbers.actions import ACTIONS, Action, Kind, is_relevant, many_of
from numbers.forms.actions import DigitsForm, param_fields
from numbers.forms.bulk import CountField
from numbers.gates import Facts, facts_of
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.services import previews
from numbers.services.bulk import Selection
from numbers.services.previews import BulkPreview
from numbers.states import NumberState


class SealField(forms.CharField):
    """Sends what the page shows, also after one that was refused."""

    def __init__(self, seal: str) -> None:
        super().__init__(label="", required=False, widget=forms.HiddenInput, max_length=64)
        self.seal = seal

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        field = super().get_bound_field(form, field_name)
        field.value = lambda: self.seal  # type: ignore[method-assign]
        return field


class ActionReasonForm(DigitsForm, ReasonForm):
    """What an action of the table wants to know, the digits of a number that is a risk, and the
    reason."""

    action: ClassVar[Action]

    def __init__(self, rows: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(rows, *args, **kwargs)
        account = rows[0].account
        agents, today = account.agents.order_by("name"), clock.now().astimezone(account.zone).date()
        self.fields.update(param_fields(self.action.params, agents=agents, today=today))
        risk = self.action.risk
        if risk is not None and len(rows) == 1 and (why := risk(rows[0])):
            self.ask_for_digits(rows[0], why)
        if self.action.sealed and self.action.plan is not None and len(rows) == 1:
            facts = facts_of(rows[0].account, at=clock.now())
            self.fields["seal"] = SealField(self.action.plan(rows[0], facts).seal)
        self.order_fields([name for name in self.fields if name != "reason"])

    def clean(self) -> dict[str, Any]:
        owned = any(param.kind == Kind.AGENT for param in self.action.params)
        if owned and len({row.account_id for row in self.rows}) > 1:
            raise forms.ValidationError("Choose numbers of one account: agents belong to accounts.")
        return self.cleaned_data

    @property
    def params(self) -> dict[str, Any]:
        """What the action wants to know, once the form is valid."""
        return {each.name: self.cleaned_data[each.name] for each in self.action.params}


def _act_of(action: Action) -> Act:
    """The action as the admin offers it: the gate decides where, its plan says what it means."""
    return Act(
        action.name,
        action.label,
        run=partial(_run, action),
        form=type("ActionReasonForm", (ActionReasonForm,), {"action": action}),
        means=partial(_means, action),
        applies=lambda number: is_relevant(_blockers(action, number)),
        why_not=lambda number: [blocker.message for blocker in _blockers(action, number)],
        in_bulk=action.many is not None,
        danger=action.danger,
        preview_many=partial(_preview_many, action) if action.many is not None else None,
    )


def _run(
    action: Action, number: PhoneNumber, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    done = action.do(
        number.pk,
        data,
        actor=acting(request, data),
        at=at,
        risk_confirmed=bool({"last_four", "count"}.intersection(data)),
    )
    if not done.changes:
        return NOTHING_CHANGED
    number = done.after if isinstance(done.after, PhoneNumber) else number
    return action.said(number, facts_of(number.account, at=at))


def _preview_many(
    action: Action, form: ActionReasonForm, request: HttpRequest, at: datetime
) -> Shown:
    """What the page of a bulk action says, for the numbers of each account."""
    ids: dict[Account, list[int]] = defaultdict(list)
    for row in form.rows:
        ids[row.account].append(row.pk)
    found = {
        account: previews.preview(
            account.pk,
            action=action.name,
            selection=Selection(ids=mine),
            params=form.params,
            actor=acting(request, form.cleaned_data),
            at=at,
        )
        for account, mine in ids.items()
    }
    of = {account: f"{account}: " if len(found) > 1 else "" for account in found}
    sentences = [of[account] + text for account, each in found.items() for text in _said(each)]
    to_return = [
        of[account] + each.said_of_return for account, each in found.items() if each.said_of_return
    ]
    changing = sum(each.will_change for each in found.values())
    risky = sum(each.risky for each in found.values())
    many = many_of(action)
    return Shown(
        [*sentences, many.means, many.undo, *to_return] if changing else sentences,
        seal=" ".join(each.seal for each in found.values()),
        to_type={"count": CountField(changing=changing, risky=risky)}
        if risky and not form.confirms_risk
        else {},
        changes=bool(changing),
    )


def _said(found: BulkPreview) -> Iterator[str]:
    yield f"{plural(found.will_change, 'number')} will change."
    for _, message, count in found.reasons:
        yield f"{plural(count, 'number')} will be skipped: {message}"
    if found.said_of_licenses:
        yield found.said_of_licenses


def _means(action: Action, number: PhoneNumber) -> list[str]:
    if action.plan is None:
        return []
    plan = action.plan(number, _facts(number))
    changes = [
        f"{each.label}: “{each.before or 'nothing'}” becomes “{each.after or 'nothing'}”."
        for each in plan.changes
    ]
    return [*changes, *plan.touches, *(each for each in (plan.cost, plan.undo) if each)]


def _blockers(action: Action, number: PhoneNumber) -> list[Blocker]:
    return action.gate(number, _facts(number))


def _facts(number: PhoneNumber) -> Facts:
    """Read once for all the acts of a page."""
    facts: Facts | None = number.__dict__.get("_facts")
    if facts is None:
        facts = number.__dict__["_facts"] = facts_of(number.account, at=clock.now())
    return facts


class AssignedFilter(admin.SimpleListFilter):
    """Held numbers with and without an agent; "no" is the account's Unassigned view."""

    title = "agent"
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", "Assigned"), ("no", "Unassigned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(state=NumberState.HELD, agent__isnull=self.value() == "no")


class ServiceFilter(admin.SimpleListFilter):
    """Whether held numbers are answered, and whether Twilio sends their texts here."""

    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return SERVICES.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        numbers = cast(PhoneNumberQuerySet, queryset)
        match self.value():
            case "in_service":
                return numbers.enabled().filter(in_service_at__isnull=False)
            case "elsewhere":
                return numbers.going_elsewhere()
            case "enabled":
                told = numbers.enabled().filter(in_service_at=None)
                return told.exclude(pk__in=PhoneNumber.objects.going_elsewhere().values("pk"))
            case "disabled":
                return numbers.held().filter(enabled_at=None, agent__isnull=False)
        return queryset


#: In the words of the Numbers page.
SERVICES = {
    "in_service": "In service",
    "enabled": "Enabled, not confirmed by Twilio",
    "elsewhere": "Goes elsewhere",
    "disabled": "Disabled",
}


@admin.register(PhoneNumber)
class PhoneNumberAdmin(SupportAdmin):
    list_display = (
        "number", "account", "stands", "service", "agent", "called", "type", "connection", "sid",
    )  # fmt: skip
    list_filter = ("state", ServiceFilter, AssignedFilter, "protected", "type")
    list_select_related = ("account", "agent", "connection")
    ordering = ("account", "state", "agent", "e164")  # the index number_by_state, filtered or not
    search_fields = ("e164",)
    search_help_text = "Digits in any format, a SID, or a part of the name."
    exclude = ("tags", "hook_key")

    def all_acts(self) -> list[Act]:
        return [_act_of(action) for action in ACTIONS.values() if action.service is not None]

    def links(self, row: PhoneNumber) -> list[tuple[str, str]]:
        about = {"subject_type__exact": "number", "subject_id__exact": row.pk}
        return [
            ("Timeline", list_url("accounts_event", **about)),
            ("At Twilio", list_url("numbers_carriertask", number__id__exact=row.pk)),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        open_tasks = Prefetch(
            "carrier_tasks", CarrierTask.objects.unfinished(), to_attr="open_tasks"
        )
        return rows.defer(*Connection.SECRETS_OF_IT).prefetch_related(open_tasks)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = tidy(search_term)
        if sid := sid_written(term):
            return queryset.filter(sid), False
        if of_connection := sid_written(term, "AC", "connection__sid"):
            return queryset.filter(of_connection | named(term)), False
        written = number_written(term)
        if written is not None:
            return queryset.filter(written), False
        if term:
            return queryset.filter(named(term) | Q(account__slug=term)), False
        return queryset, False

    @admin.display(description="name", empty_value="-")
    def called(self, row: PhoneNumber) -> str:
        return row.label

    @admin.display(description="state", ordering="state")
    def stands(self, row: PhoneNumber) -> str:
        return row.stands

    @admin.display(description="service", empty_value="-")
    def service(self, row: PhoneNumber) -> str:
        if row.state != NumberState.HELD or not row.is_assigned:
            return ""
        if not row.is_enabled:
            return SERVICES["disabled"]
        if row.in_service_at is not None:
            return SERVICES["in_service"]
        goes_elsewhere = row.goes_elsewhere(row.open_tasks)  # type: ignore[attr-defined]
        return SERVICES["elsewhere" if goes_elsewhere else "enabled"]

    @admin.display(description="number")
    def number(self, row: PhoneNumber) -> str:
        return for_people(row.e164, row.account.country)
