"""A message about what has happened, with a button that undoes it.

Django's messages carry a text and tags; what the button posts travels in the tags.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest


@dataclass(frozen=True)
class UndoButton:
    """Where the button posts to, and which fields with it."""

    url: str
    fields: Mapping[str, str]


def tell_done(request: HttpRequest, text: str, undo: UndoButton | None) -> None:
    """Say on the next page what has happened, with its button where there is one."""
    tags = json.dumps([undo.url, dict(undo.fields)]) if undo else ""
    messages.success(request, text, extra_tags=tags)


def undo_button(message: Message) -> UndoButton | None:
    """The button of a message; None for those that have none."""
    if not message.extra_tags:
        return None
    url, fields = json.loads(message.extra_tags)
    return UndoButton(url, fields)
