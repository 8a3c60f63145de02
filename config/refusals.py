"""How a form shows that the business rules refused what was typed."""

from __future__ import annotations

from django import forms

from .errors import Blocked, DomainError, Invalid


def add_refusal(form: forms.BaseForm, error: DomainError, *, field: str | None = None) -> None:
    """Show a refusal in ``form``: at the fields that ``Invalid`` names, the rest at ``field``.

    Without ``field``, or where the form lacks the named one, above all fields.
    """
    if isinstance(error, Invalid):
        for name, texts in error.errors.items():
            form.add_error(name if name in form.fields else field, texts)
    elif isinstance(error, Blocked):
        form.add_error(field, [blocker.message for blocker in error.blockers])
    else:
        form.add_error(field, error.message)
