from __future__ import annotations

from .connections import Connection
from .counts import HeldChange, NumberCount
from .csv_edits import CsvEdit
from .imports import Import, ImportPage
from .inventory import ColumnChoice, PhoneNumber, SavedFilter, Tag
from .tasks import CarrierTask

__all__ = [
    "CarrierTask",
    "ColumnChoice",
    "Connection",
    "CsvEdit",
    "HeldChange",
    "Import",
    "ImportPage",
    "NumberCount",
    "PhoneNumber",
    "SavedFilter",
    "Tag",
]
