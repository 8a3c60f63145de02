"""What people write on a number: its name, notes, tags and protection (S4-8, B10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import Invalid, Reason
from config.text import tidy, tidy_lines
from numbers import gates
from numbers.models import PhoneNumber, Tag
from numbers.states import MOST_TAGS

from .lifecycle import lock_rows


@transaction.atomic
def describe(
    number_id: int,
    *,
    actor: Actor,
    at: datetime,
    label: str | None = None,
    notes: str | None = None,
    tags: Iterable[str] | None = None,
    protected: bool | None = None,
) -> PhoneNumber:
    """Change label (S4-8), notes, tags or protection; what is None stays. Raises ``Invalid``.

    Tags are trimmed, compared in lower case and created when new.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    wanted: dict[str, Any] = {}
    if label is not None:
        wanted["label"] = tidy(label)
    if notes is not None:
        wanted["notes"] = tidy_lines(notes)
    if protected is not None:
        wanted["protected"] = protected
    check_lengths(wanted)
    before = {name: getattr(number, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if "label" in changed and (blockers := gates.rename(number, changed["label"])):
        raise Invalid({"label": [Reason(each.code, each.message) for each in blockers]})
    for name, value in changed.items():
        setattr(number, name, value)
    if changed:
        number.save(update_fields=[*changed, "search_name"])
    before = {name: before[name] for name in changed}
    if tags is not None:
        old, new = set_tags(number, tags)
        if old != new:
            before["tags"], changed["tags"] = old, new
    if changed:
        tell(
            number,
            "number.described",
            _described(changed),
            actor=actor,
            at=at,
            before=before,
            after=changed,
        )
    return number


def check_lengths(wanted: Mapping[str, Any]) -> None:
    """Raise ``Invalid`` for a label or notes that are too long, once they are tidy."""
    limits = {"label": 100, "notes": 5000}
    problems = {
        name: [f"Use at most {limits[name]:,} characters."]
        for name in limits.keys() & wanted.keys()
        if len(wanted[name]) > limits[name]
    }
    if problems:
        raise Invalid(problems)


def _described(changed: dict[str, Any]) -> str:
    if changed.keys() == {"protected"}:
        return "Protected." if changed["protected"] else "Protection removed."
    if changed.keys() == {"label"}:
        return f"Named “{changed['label']}”." if changed["label"] else "Name removed."
    words = sorted("name" if field == "label" else field for field in changed)
    return f"Changed {', '.join(words)}."


def clean_tags(names: Iterable[str]) -> list[str]:
    """Tags as they are stored: lower case, tidy, sorted, each once. Raises ``Invalid``."""
    tags = sorted({tidy(name.lower()) for name in names} - {""})
    if any(len(tag) > 40 or "," in tag for tag in tags):
        raise Invalid({"tags": ["A tag has at most 40 characters and no comma."]})
    if len(tags) > MOST_TAGS:
        raise Invalid(
            {"tags": [Reason("too_many_tags", f"A number can carry at most {MOST_TAGS} tags.")]}
        )
    return tags


def set_tags(number: PhoneNumber, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Give the number exactly these tags; returns the old and the new ones."""
    new = clean_tags(names)
    old = sorted(tag.name for tag in number.tags.all())
    if old != new:
        Tag.objects.bulk_create(
            [Tag(account_id=number.account_id, name=name) for name in new], ignore_conflicts=True
        )
        number.tags.set(Tag.objects.filter(account_id=number.account_id, name__in=new))
    return old, new


@transaction.atomic
def tag(
    number_id: int,
    *,
    actor: Actor,
    at: datetime,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> PhoneNumber:
    """Add tags and take others off; the rest stays. Raises ``Invalid``."""
    actor.require(Permission.NUMBERS)
    wanted = check_tags(0, {"add": add, "remove": remove})
    # Held before its tags are read: another job may be adding one at this moment.
    _, tags = _tags_after(lock_rows([number_id])[0], wanted)
    return describe(number_id, tags=tags, actor=actor, at=at)


def _tags_after(number: PhoneNumber, params: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The number's tags now, and as the parameters want them."""
    names = {tag.name for tag in number.tags.all()}
    return names, (names | set(params["add"])) - set(params["remove"])


def has_these_tags(number: PhoneNumber, params: Mapping[str, Any]) -> bool:
    """Whether ``tag`` would change nothing."""
    now, wanted = _tags_after(number, params)
    return now == wanted


def check_tags(account_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """The tags to ``add`` and to ``remove``, cleaned; at least one. Raises ``Invalid``."""
    tags = {name: clean_tags(params.get(name) or []) for name in ("add", "remove")}
    if not any(tags.values()):
        raise Invalid({"add": ["Name at least one tag to add or remove."]})
    return tags


def check_protection(account_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """Whether to protect. Raises ``Invalid``."""
    if not isinstance(params.get("protected"), bool):
        raise Invalid({"protected": ["Say whether to protect or to unprotect."]})
    return {"protected": params["protected"]}
