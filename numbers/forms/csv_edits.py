"""A CSV file, and which of its columns says what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from config.csv_files import LARGEST_FILE, MOST_ROWS
from numbers.services.csv_edits import NUMBER, targets


class BringForm(forms.Form):
    """A file, or what was copied out of a spreadsheet."""

    file = forms.FileField(
        label="CSV file",
        required=False,
        allow_empty_file=True,  # refused with its own sentence
        help_text=f"At most {LARGEST_FILE >> 20} MB and {MOST_ROWS:,} rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )
    pasted = forms.CharField(
        label="Or paste rows",
        required=False,
        strip=False,
        help_text="Copied from a spreadsheet, with their head.",
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "placeholder": "number,name,tags"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if bool(values.get("file") is not None) == bool(values.get("pasted", "").strip()):
            raise forms.ValidationError("Choose a file or paste rows, one of the two.")
        file = values.get("file")
        if file is not None and file.size > LARGEST_FILE:
            self.add_error("file", f"This file is larger than {LARGEST_FILE >> 20} MB. Split it.")
        return values

    @property
    def brought(self) -> tuple[str, bytes]:
        """Name and content of what was brought, once the form is valid."""
        file = self.cleaned_data["file"]
        if file is None:
            return "", self.cleaned_data["pasted"].encode()
        return file.name, file.read()


class ColumnsForm(forms.Form):
    """Which column of the file each of ours is, and what a blank cell means."""

    def __init__(self, header: Sequence[str], data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        names = [(str(place), name or f"Column {place + 1}") for place, name in enumerate(header)]
        for name, label in targets().items():
            self.fields[name] = forms.TypedChoiceField(
                label=label,
                choices=[("", "Not in the file"), *names],
                coerce=int,
                empty_value=None,
                required=name == NUMBER,
            )
        self.fields["blanks_clear"] = forms.BooleanField(
            label="Blank cells clear what is there (protection stays)", required=False
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        used: dict[int, str] = {}
        for name, label in targets().items():
            place = values.get(name)
            if place in used:
                self.add_error(name, f"This column is used for {used[place]} already.")
            elif place is not None:
                used[place] = label
        return values

    @property
    def places(self) -> dict[str, int]:
        """Our columns that are in the file, once the form is valid."""
        found = {name: self.cleaned_data[name] for name in targets()}
        return {name: place for name, place in found.items() if place is not None}
