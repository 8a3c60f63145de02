"""Tables that apps fill when the process starts, so that what is below can name nothing above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

Entry = TypeVar("Entry")


class Unregistered(KeyError):
    """A name that no app has registered: most often a typing mistake."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry(Mapping[str, Entry]):
    """Entries by name, in the order in which the apps are installed (lower apps first).

    ``what`` is one entry in words, for the messages. Apps call ``fill`` from their ``catalog.py``,
    which ``AppConfig.ready`` runs; everybody else only reads.
    """

    def __init__(self, what: str, entries: Mapping[str, Entry] | None = None) -> None:
        self.what = what
        self.entries: dict[str, Entry] = dict(entries or {})

    def fill(self, entries: Mapping[str, Entry]) -> None:
        """Add an app's entries. Raises ``ImproperlyConfigured`` for a name that is taken."""
        for name, entry in entries.items():
            if name in self.entries:
                raise ImproperlyConfigured(f"The {self.what} “{name}” is registered twice.")
            self.entries[name] = entry

    def __getitem__(self, name: str) -> Entry:
        try:
            return self.entries[name]
        except KeyError:
            raise Unregistered(
                f"No {self.what} is called “{name}”. An app registers it in its catalog.py."
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)
