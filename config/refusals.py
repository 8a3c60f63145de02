"""How pages show that the business rules refused something: the sentence, and quietly its code."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .errors import Blocked, DomainError, Invalid, Reason


def add_refusal(form: forms.BaseForm, error: DomainError, *, field: str | None = None) -> None:
    """Show a refusal in ``form``: at the fields that ``Invalid`` names, the rest at ``field``.

    Without ``field``, or where the form lacks the named one, above all fields.
    """
    if isinstance(error, Invalid):
        for name, texts in error.errors.items():
            form.add_error(name if name in form.fields else field, with_codes(texts))
    else:
        form.add_error(field, reasons_of(error))


def reasons_of(error: DomainError) -> list[str]:
    """Each reason of a refusal with its code."""
    if isinstance(error, Invalid):
        return with_codes(text for texts in error.errors.values() for text in texts)
    reasons = error.blockers if isinstance(error, Blocked) else [error]
    return [format_html("{} {}", each.message, refusal_code(each.code)) for each in reasons]


def with_codes(texts: Iterable[str]) -> list[str]:
    """Sentences of ``Invalid``: one about a rule with its code, one about the shape as it is."""
    return [
        format_html("{} {}", text, refusal_code(text.code)) if isinstance(text, Reason) else text
        for text in texts
    ]


def refusal_code(code: str) -> SafeString:
    """The stable code of a reason, the same as over REST, for whoever asks support or programs."""
    return format_html(
        '<code class="refusal-code" translate="no" title="The code of this reason">{}</code>', code
    )
