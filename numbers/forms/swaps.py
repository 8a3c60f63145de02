"""The form of a swap."""

from __future__ import annotations

from django import forms

from numbers.states import Fate

from .actions import DigitsForm


class SwapForm(DigitsForm):
    """Which number takes the place, and what becomes of the one that leaves."""

    taking = forms.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        error_messages={"required": "Choose the number that takes its place."},
    )
    fate = forms.ChoiceField(
        choices=Fate.choices,
        initial=Fate.KEEP,
        error_messages={"required": "Choose what becomes of the number that leaves."},
    )
    #: Posted by the Undo of a swap: the trace that it left.
    undoes = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
