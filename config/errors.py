"""Errors that a person can act on. Each door (page, REST, admin, command) shows them in its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.urls import reverse


@dataclass(frozen=True)
class Blocker:
    """One reason why an action is refused (design mechanism 2).

    ``code`` is stable and the same in pages and REST. ``fix`` names the page that removes the
    reason, as a URL name inside the account plus its arguments, and perhaps the id of an element of
    it (``fix_part``); ``fix_label`` is its link text.
    """

    code: str
    message: str
    fix_label: str = ""
    fix: str = ""
    fix_args: tuple[Any, ...] = field(default=())
    fix_part: str = ""

    def fix_path(self, slug: str) -> str:
        """The page that removes the reason, inside the account ``slug``."""
        if not self.fix:
            return ""
        part = f"#{self.fix_part}" if self.fix_part else ""
        return reverse(self.fix, args=[slug, *self.fix_args]) + part


class DomainError(Exception):
    """A request that the business rules refuse. The message is shown as it stands."""

    code = "refused"
    http_status = 409

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidTransition(DomainError):
    """A move between states that the table of moves does not list."""

    code = "invalid_transition"


class NotDue(DomainError):
    """A timed step was asked for before its time, or after something else took its place."""

    code = "not_due"


class NotAsShown(DomainError):
    """What a person confirmed is not what would be done now: the page shows that first."""

    code = "not_as_shown"

    def __init__(self) -> None:
        super().__init__("What would happen has changed since it was shown. Look at it again.")


class Forbidden(DomainError):
    """The actor may see the thing, but its role or key does not allow the action."""

    code = "forbidden"
    http_status = 403


class Reason(str):
    """A sentence of ``Invalid`` that is about a rule of the business, with the rule's stable code.

    A sentence about the shape (nothing was typed, too long) is a plain ``str``.
    """

    __slots__ = ("code",)

    code: str

    def __new__(cls, code: str, message: str) -> Self:
        reason = super().__new__(cls, message)
        reason.code = code
        return reason

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # one more than str's
        return self.code, str(self)


class Invalid(DomainError):
    """Input whose shape is right and whose content a rule refuses; names the fields.

    Decide by ``reasons``: the code of each sentence, beside the field it is about.
    """

    code = "invalid"
    http_status = 422

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(" ".join(text for texts in errors.values() for text in texts))
        self.errors = {name: list(texts) for name, texts in errors.items()}

    @property
    def reasons(self) -> Iterator[tuple[str, str, str]]:
        """Field, code and sentence of each."""
        for name, texts in self.errors.items():
            for text in texts:
                yield name, code_of(text), text


def code_of(text: str) -> str:
    """The code of a sentence of ``Invalid``."""
    return text.code if isinstance(text, Reason) else Invalid.code


class Blocked(DomainError):
    """An action whose gates are shut; carries every reason, not only the first."""

    code = "blocked"

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__(" ".join(blocker.message for blocker in blockers))
        self.blockers = list(blockers)


def refuse(blockers: Sequence[Blocker]) -> None:
    """Raise ``Blocked`` when there is at least one reason to."""
    if blockers:
        raise Blocked(blockers)
