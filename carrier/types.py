"""Words that Twilio and we share."""

from __future__ import annotations

from django.db import models


class NumberType(models.TextChoices):
    """What kind of number it is; Twilio publishes no list, so there is ``OTHER``."""

    LOCAL = "local", "Local"
    MOBILE = "mobile", "Mobile"
    TOLL_FREE = "toll_free", "Toll-free"
    NATIONAL = "national", "National"
    OTHER = "other", "Other"
