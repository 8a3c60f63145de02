"""The Django admin for support staff: what all its pages share.

It is for looking and for repair. Rows are never edited in place: whatever support changes goes
through an act (a button with its own page) that calls a service and asks for a reason.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from config import clock
from config.errors import DomainError
from config.filters import named, number_written
from config.refusals import add_refusal
from config.text import plural, tidy

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

logger = logging.getLogger(__name__)

admin.site.site_header = "Numberdesk support"
admin.site.site_title = "Numberdesk support"
admin.site.index_title = "Support"
admin.site.enable_nav_sidebar = False

#: Rows that one act may change at once; more is a job of the account's own people.
MOST_AT_ONCE = 200


class CappedPaginator(_Paginator):
    """Counts no further than anyone pages, so that a million rows cost what a few thousand do."""

    MOST = 5_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[: self.MOST].count() if isinstance(rows, QuerySet) else len(rows)


class ReasonForm(forms.Form):
    """What every act of support asks for. ``rows`` are what it is about."""

    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The account sees it on its timeline.",
    )

    def __init__(self, rows: Sequence[Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        self.order_fields([name for name in self.fields if name != "reason"])


@dataclass(frozen=True)
class Shown:
    """What an act would do with what was entered, in sentences.

    ``seal`` tells it from what reads the same, such as other rows. ``to_type`` are the fields that
    confirm it besides the button; ``changes`` is False where there is nothing to confirm.
    """

    sentences: Sequence[str]
    seal: str = ""
    to_type: Mapping[str, forms.Field] = field(default_factory=dict)
    changes: bool = True


@dataclass(frozen=True)
class Act:
    """Something support can do to a row, always through a service.

    ``run`` gets the row, the form's cleaned data, the request and the time, and returns the
    sentence that is shown afterwards; it raises ``DomainError``. ``means`` says beforehand what the
    act does; ``applies`` hides the act where it makes no sense, and ``why_not`` tells whoever comes
    there all the same; ``button`` is the label of the button that does it, when ``label`` names the
    page. ``preview`` says what just this input would do, such as its price: the page shows it
    first, and acts when the same is sent again and that still holds. ``preview_many`` says the same
    of ticked rows, which the form has. ``then`` is where to go afterwards, if not back to the row.
    """

    name: str
    label: str
    run: Callable[[Any, dict[str, Any], HttpRequest, datetime], str]
    means: Callable[[Any], Sequence[str]] = lambda row: ()
    applies: Callable[[Any], bool] = lambda row: True
    why_not: Callable[[Any], Sequence[str]] = lambda row: (
        "This does not apply to it as it is now.",
    )
    form: type[ReasonForm] = ReasonForm
    in_bulk: bool = False
    danger: bool = False
    facts: Callable[[Any], Sequence[tuple[str, Any]]] = lambda row: ()
    button: str = ""
    preview: Callable[[Any, dict[str, Any], datetime], Sequence[str]] | None = None
    preview_many: Callable[[Any, HttpRequest, datetime], Shown] | None = None
    then: Callable[[Any], str] | None = None


class SupportAdmin(_ModelAdmin):
    """Rows to look at, with acts. Nothing is added, edited or deleted here."""

    acts: ClassVar[Sequence[Act]] = ()
    #: Searched besides ``search_fields``: a column that is a ``FoldedField``, one with E.164.
    name_column: ClassVar[str] = ""
    number_column: ClassVar[str] = ""
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count for every value of every filter
    list_per_page = 50
    list_max_show_all = 0
    ordering: ClassVar[tuple[Any, ...]] = ("-pk",)
    sortable_by = ()
    view_on_site = False
    change_form_template = "admin/subject.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What no page shows (password hashes, digests, tokens) cannot be guessed by filtering."""
        columns = {field.name for field in self.opts.concrete_fields if not field.primary_key}
        hidden = set(self.exclude or ()) | (columns - set(self.fields) if self.fields else set())
        if lookup.partition("__")[0] in hidden or "\0" in value:  # no database stores NUL
            return False
        return super().lookup_allowed(lookup, value, request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Rows are reached by their primary key; Django trips over names that are no columns."""
        return False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The row; ``?_to_field=`` without a name is no field to look it up by."""
        return super().get_object(request, object_id, from_field or None)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list. A filter typed into the address that no column can hold answers 400."""
        try:
            answer = super().changelist_view(request, extra_context)
            if isinstance(answer, TemplateResponse):
                answer.render()  # reads the rows
        except (ValueError, OverflowError, DataError) as error:
            if request.method == "POST" or not request.GET:
                raise
            logger.warning("The filters of a list cannot be read", exc_info=True)
            raise BadRequest("These filters cannot be read.") from error
        return answer

    def all_acts(self) -> Sequence[Act]:
        """What support can do to the rows."""
        return self.acts

    def may_act(self, request: HttpRequest) -> bool:
        """Acts need the permission to change, which the forms here never use."""
        return super().has_change_permission(request)

    def links(self, row: Any) -> list[tuple[str, str]]:
        """Labels and addresses of other pages about ``row``."""
        return []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As pages search: names without case and accents, numbers as they were pasted."""
        term = tidy(search_term)
        found, doubles = super().get_search_results(request, queryset, term)
        also = Q()
        if term and self.name_column:
            also |= named(term, self.name_column)
        if term and self.number_column:
            also |= number_written(term, self.number_column) or Q()
        return (found | queryset.filter(also) if also else found), doubles

    # --- Acts on one row ---------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        mine = path("<path:object_id>/act/<slug:act>/", self._wrapped(self.act_view), name=name)
        return [mine, *super().get_urls()]

    def _wrapped(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def act_url(self, row: Model, act: Act) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_act"
        return reverse(name, args=[row.pk, act.name])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = dict(extra_context or {})
        row = self.get_object(request, unquote(object_id))
        if row is not None:
            context["links"] = self.links(row)
            context["acts"] = [
                {"label": act.label, "url": self.act_url(row, act), "danger": act.danger}
                for act in (self.all_acts() if self.may_act(request) else ())
                if act.applies(row)
            ]
        return super().change_view(request, object_id, form_url, context)

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponse:
        """The page of an act: what it means, the reason, and then the service."""
        if not self.may_act(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        found = next((each for each in self.all_acts() if each.name == act), None)
        if row is None or found is None:
            raise Http404
        if not found.applies(row):
            return self._refused_page(request, found, row)
        form = found.form([row], request.POST if request.method == "POST" else None)
        if form.is_valid():
            at = clock.now()
            shown = Shown(found.preview(row, form.cleaned_data, at)) if found.preview else None
            if shown is not None and request.POST.get("shown") != _seal(form, shown):
                return self._act_page(request, found, [row], form, back=str(row), shown=shown)
            try:
                done = found.run(row, form.cleaned_data, request, at)
            except DomainError as error:
                add_refusal(form, error)
                row = self.get_object(request, unquote(object_id)) or row  # as it is by now
            else:
                messages.success(request, done)
                if found.then is not None:
                    return redirect(found.then(row))
                return redirect(
                    f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk
                )
        return self._act_page(request, found, [row], form, back=str(row))

    # --- Acts on the ticked rows ---------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not self.may_act(request):
            return {}
        return {
            act.name: (partial(_in_bulk, act=act), act.name, act.label)
            for act in self.all_acts()
            if act.in_bulk
        }

    def act_on_many(
        self, request: HttpRequest, rows: QuerySet[Any], act: Act
    ) -> HttpResponse | None:
        """The same page for the ticked rows; each goes through the service on its own."""
        chosen = list(rows.order_by("pk")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            messages.error(request, f"Choose at most {MOST_AT_ONCE} rows at once.")
            return None
        form = act.form(chosen, request.POST if "confirmed" in request.POST else None)
        back, shown = self.opts.verbose_name_plural, None
        if form.is_valid() and act.preview_many is not None:
            try:
                shown = act.preview_many(form, request, clock.now())
            except DomainError as error:
                add_refusal(form, error)
        if shown is not None and not self._confirmed(request, form, shown):
            return self._act_page(request, act, chosen, form, back=back, shown=shown)
        if not form.is_valid():
            return self._act_page(request, act, chosen, form, back=back)
        done, refusals = 0, {}
        for row in chosen:
            if not act.applies(row):
                refusals[row] = " ".join(act.why_not(row))
                continue
            try:
                act.run(row, form.cleaned_data, request, clock.now())
            except DomainError as error:
                refusals[row] = error.message
            else:
                done += 1
        if done:
            messages.success(request, f"{act.label}: {plural(done, 'row')} changed.")
        for row, why in refusals.items():
            messages.error(request, f"{row}: {why}")
        return None

    def _confirmed(self, request: HttpRequest, form: ReasonForm, shown: Shown) -> bool:
        """Whether just this was shown before, and what it asks for was typed."""
        was_shown = request.POST.get("shown") == _seal(form, shown)
        form.fields.update(shown.to_type)
        if was_shown:
            form.full_clean()
        return was_shown and form.is_valid()

    def _refused_page(self, request: HttpRequest, act: Act, row: Any) -> HttpResponse:
        """Why the act makes no sense here, and no form."""
        context = {
            **self.admin_site.each_context(request),
            "title": act.label,
            "opts": self.opts,
            "act": act,
            "rows": [row],
            "back": str(row),
            "refused": act.why_not(row),
        }
        return TemplateResponse(request, "admin/act.html", context, status=422)

    def _act_page(
        self,
        request: HttpRequest,
        act: Act,
        rows: list[Any],
        form: ReasonForm,
        *,
        back: Any,
        shown: Shown | None = None,
    ) -> HttpResponse:
        in_bulk = request.POST.get("action") == act.name
        previewed = act.preview_many if in_bulk else act.preview
        button = "Preview" if previewed and shown is None else act.button or act.label
        context = {
            **self.admin_site.each_context(request),
            "title": act.label,
            "opts": self.opts,
            "act": act,
            "rows": rows,
            "form": form,
            "back": back,
            "means": act.means(rows[0]) if len(rows) == 1 else (),
            "facts": act.facts(rows[0]) if len(rows) == 1 else (),
            "in_bulk": in_bulk,
            "button": button if shown is None or shown.changes else "",
            "shown": shown.sentences if shown else (),
            "seal": _seal(form, shown) if shown else "",
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/act.html", context, status=status)


def _seal(form: ReasonForm, shown: Shown) -> str:
    """What was entered besides the reason and what was said of it, to know both again."""
    entered = [
        f"{name}={form.cleaned_data[name]}"
        for name in form.fields
        if name != "reason" and name not in shown.to_type
    ]
    text = "\n".join([*entered, *shown.sentences, shown.seal])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _in_bulk(
    model_admin: SupportAdmin, request: HttpRequest, rows: QuerySet[Any], *, act: Act
) -> HttpResponse | None:
    return model_admin.act_on_many(request, rows, act)


class QueueAdmin(SupportAdmin):
    """Django Q2's own tables. Its admin could edit schedules, and one bad row stops them all."""

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:  # type: ignore[override]
        wanted = ("name", "func", "key", "lock", "next_run", "minutes", "started", "stopped")
        return ["pk", *(each.name for each in self.opts.fields if each.name in wanted)]


# What these packages register lets people edit what must not be edited here (schedules, addresses)
# or shows secrets (the second factor). Theirs are loaded first, so that ours take their place.
ALLAUTH = ("account", "mfa", "socialaccount")
for package in ("django.contrib.auth", "django_q", *(f"allauth.{name}" for name in ALLAUTH)):
    import_module(f"{package}.admin")
for label in ("auth", *ALLAUTH, "django_q"):
    for model in apps.get_app_config(label).get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
            if label == "django_q":
                admin.site.register(model, QueueAdmin)
