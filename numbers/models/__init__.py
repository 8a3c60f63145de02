from __future__ import annotations

from .connections import Connection
from .imports import Import, ImportPage
from .inventory import PhoneNumber, SavedFilter, Tag
from .tasks import CarrierTask

__all__ = [
    "CarrierTask",
    "Connection",
    "Import",
    "ImportPage",
    "PhoneNumber",
    "SavedFilter",
    "Tag",
]
