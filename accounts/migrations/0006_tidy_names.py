"""Names that look the same become the same, and those of accounts can be searched.

Not undone on the way back: nothing asks for the invisible marks again.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from config.fields import folded
from config.text import tidy


def tidy_names(apps: Any, schema_editor: Any) -> None:
    for account in apps.get_model("accounts", "Account").objects.only("name").iterator():
        account.name = tidy(account.name)[:100] or account.slug
        account.search_name = folded(account.name)
        account.save(update_fields=["name", "search_name"])
    for model in ("ApiKey", "User"):
        for row in apps.get_model("accounts", model).objects.only("name").iterator():
            if (name := tidy(row.name)[:100]) != row.name:
                row.name = name
                row.save(update_fields=["name"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_searchable_names")]

    operations = [migrations.RunPython(tidy_names, migrations.RunPython.noop, elidable=True)]
