"""Edit by CSV: bring a file, see what would change, confirm (B10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.states import Permission
from accounts.web import AccountRequest, account_page, to
from config import clock, csv_files
from config.csv_files import SEPARATORS, Table
from config.errors import DomainError, Invalid, NotAsShown
from config.refusals import add_refusal, with_codes
from config.spreadsheets import csv_response
from numbers.forms.csv_edits import BringForm, ColumnsForm
from numbers.models import CsvEdit
from numbers.services import csv_edits
from numbers.services.columns import COLUMNS
from numbers.services.comparison import Comparison, Row, compare

#: Rows that the page shows of those that change, and of those that are skipped; the CSV has all.
SAMPLE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def bring(request: AccountRequest) -> HttpResponse:
    """The page that takes a file."""
    form = BringForm(request.POST, request.FILES) if request.method == "POST" else BringForm()
    if form.is_bound and form.is_valid():
        name, raw = form.brought
        try:
            edit = csv_edits.bring(
                request.account.pk, name=name, raw=raw, actor=request.actor, at=clock.now()
            )
            return redirect(to(request, "numbers:csv_edit", edit.pk))
        except DomainError as error:
            _add_refusal_of(form, error, "file" if name else "pasted")
    context = {"form": form, "columns": list(COLUMNS.values()), "kept": csv_edits.KEPT.days}
    return render(request, "numbers/csv_bring.html", context, status=422 if form.errors else 200)


def _add_refusal_of(form: BringForm, error: DomainError, field: str) -> None:
    """Show what is wrong with the file where it was brought: what was pasted has no file."""
    if isinstance(error, Invalid) and "file" in error.errors:
        form.add_error(field, with_codes(error.errors["file"]))
    else:
        add_refusal(form, error, field=field)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def csv_edit(request: AccountRequest, pk: int) -> HttpResponse:
    """What a file would change; a POST confirms it. The address says which columns are read."""
    edit = _mine(request, pk)
    if edit.job_id is not None:
        return redirect(to(request, "accounts:job", edit.job_id))
    table = csv_files.read(edit.text)
    form, problem = _columns_form(request, table)
    context: dict[str, Any] = {
        "edit": edit,
        "form": form,
        "problem": problem,
        "rows": len(table.records),
        "separator": SEPARATORS[table.separator],
    }
    found, status = None, 200
    if not problem and form.is_valid():
        try:
            if request.method == "POST":
                return _confirmed(request, edit, form)
            found = _compared(request, table, form)
        except NotAsShown as error:
            messages.warning(request, error.message)
            found, status = _compared(request, table, form), 422
        except DomainError as error:
            add_refusal(form, error)
    if found is not None:
        context |= _preview(table, form, found)
    return render(request, "numbers/csv_edit.html", context, status=status if found else 422)


@require_safe
@account_page(Permission.NUMBERS)
def preview_csv(request: AccountRequest, pk: int) -> HttpResponseBase:
    """Every row of the file with what it would change or why not, as CSV."""
    edit = _mine(request, pk)
    table = csv_files.read(edit.text) if edit.text else Table([], [], ",")
    form, _ = _columns_form(request, table)
    address = to(request, "numbers:csv_edit", edit.pk)
    try:
        found = _compared(request, table, form) if form.is_valid() else None
    except Invalid:
        found = None
    if found is None:
        return redirect(f"{address}?{request.GET.urlencode()}")
    header = ("line", "number", "result", "column", "before", "after", "why")
    name = f"preview-{edit.pk}.csv"
    return csv_response(header, _lines(found), filename=name, query=request.GET)


def _mine(request: AccountRequest, pk: int) -> CsvEdit:
    return get_object_or_404(CsvEdit.objects.visible_to(request.actor), pk=pk)


def _columns_form(request: AccountRequest, table: Table) -> tuple[ColumnsForm, str]:
    """The columns that were chosen, else those that say by their names what they are; and what is
    wrong with these."""
    data: Any = request.POST if request.method == "POST" else request.GET
    if csv_edits.NUMBER in data:
        return ColumnsForm(table.header, data), ""
    found: dict[str, int] = {}
    try:
        found = csv_edits.recognized(table.header)
        csv_edits.entries_of(table, found)
    except Invalid as error:
        return ColumnsForm(table.header, initial=found), next(text for _, _, text in error.reasons)
    return ColumnsForm(table.header, found), ""


def _compared(request: AccountRequest, table: Table, form: ColumnsForm) -> Comparison:
    entries = csv_edits.entries_of(table, form.places)
    clear = form.cleaned_data["blanks_clear"]
    return compare(request.account, entries, blanks_clear=clear, at=clock.now())


def _confirmed(request: AccountRequest, edit: CsvEdit, form: ColumnsForm) -> HttpResponse:
    job = csv_edits.confirm(
        edit.pk,
        places=form.places,
        blanks_clear=form.cleaned_data["blanks_clear"],
        seal=request.POST.get("seal", ""),
        actor=request.actor,
        at=clock.now(),
    )
    messages.success(request, "The edit has begun.")
    return redirect(to(request, "accounts:job", job.pk))


def _preview(table: Table, form: ColumnsForm, found: Comparison) -> dict[str, Any]:
    hidden: list[tuple[str, Any]] = list(form.places.items())
    if form.cleaned_data["blanks_clear"]:
        hidden.append(("blanks_clear", "on"))
    return {
        "found": found,
        "changing": found.changing[:SAMPLE],
        "skipping": found.skipping[:SAMPLE],
        "ignored": csv_edits.ignored(table.header, form.places),
        "reasons": found.reasons[:SAMPLE],
        "hidden": [*hidden, ("seal", found.seal)],
        "query": urlencode(hidden),
        "means": _means(form),
    }


def _means(form: ColumnsForm) -> list[str]:
    names = [column.label for name, column in COLUMNS.items() if name in form.places]
    blank = (
        "Blank cells clear what is there; protection stays."
        if form.cleaned_data["blanks_clear"]
        else "Blank cells leave things as they are."
    )
    return [f"Only this can change: {', '.join(names)}.", blank]


def _lines(found: Comparison) -> Iterator[list[Any]]:
    for row in found.rows:
        yield from _lines_of(row)


def _lines_of(row: Row) -> Iterator[list[Any]]:
    number = row.number.e164 if row.number else row.entry.number
    start = [row.entry.line, number]
    if row.problems:
        for each in row.problems:
            yield [*start, "will be skipped", each.where, "", "", each.message]
    elif row.changes:
        for change in row.changes:
            yield [*start, "will change", change.column.label, *change.shown, ""]
    else:
        yield [*start, "stays as it is", "", "", "", ""]
