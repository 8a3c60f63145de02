"""Labels, notes, tags and views that look the same become the same; names can be searched.

Not undone on the way back: nothing asks for the invisible marks again.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db import migrations

from config.fields import folded
from config.text import tidy, tidy_lines

#: Rows that one statement after the other updates in one go.
CHUNK = 5_000


def tidy_numbers(apps: Any, schema_editor: Any) -> None:
    PhoneNumber = apps.get_model("numbers", "PhoneNumber")
    rows = PhoneNumber.objects.order_by("pk").values_list("pk", "label", "friendly_name", "notes")
    table = schema_editor.quote_name(PhoneNumber._meta.db_table)
    names = f"UPDATE {table} SET label = %s, search_name = %s WHERE id = %s"  # noqa: S608
    done = 0
    while chunk := list(rows.filter(pk__gt=done)[:CHUNK]):
        values, done = [], chunk[-1][0]
        for pk, label, friendly_name, notes in chunk:
            label = tidy(label)[:100]
            values.append((label, folded(label, friendly_name), pk))
            if (tidied := tidy_lines(notes)) != notes:
                PhoneNumber.objects.filter(pk=pk).update(notes=tidied)
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(names, values)


def tidy_tags(apps: Any, schema_editor: Any) -> None:
    """Tags that are the same are one tag, which every number of either carries."""
    Tag = apps.get_model("numbers", "Tag")
    carried = apps.get_model("numbers", "PhoneNumber").tags.through

    def same(tag: Any) -> tuple[int, str]:
        return tag.account_id, tidy(tag.name.lower())[:40]

    for (_, name), group in groupby(sorted(Tag.objects.all(), key=same), same):
        kept, *doubles = sorted(group, key=lambda tag: (tag.name != name, tag.pk))
        for double in [*doubles, *([] if name else [kept])]:
            have = carried.objects.filter(tag_id=kept.pk).values("phonenumber_id")
            mine = carried.objects.filter(tag_id=double.pk)
            if double is not kept:
                mine.exclude(phonenumber_id__in=have).update(tag_id=kept.pk)
            carried.objects.filter(tag_id=double.pk).delete()
            double.delete()
        if name and kept.name != name:
            kept.name = name
            kept.save(update_fields=["name"])


def tidy_views(apps: Any, schema_editor: Any) -> None:
    SavedFilter = apps.get_model("numbers", "SavedFilter")
    for view in SavedFilter.objects.order_by("pk"):
        wanted = tidy(view.name) or "View"
        name, turn = wanted, 1
        theirs = SavedFilter.objects.filter(account_id=view.account_id, user_id=view.user_id)
        while theirs.filter(name=name).exclude(pk=view.pk).exists():
            turn += 1
            name = f"{wanted[:54]} ({turn})"
        if name != view.name:
            view.name = name
            view.save(update_fields=["name"])


class Migration(migrations.Migration):
    dependencies = [("numbers", "0004_searchable_names")]

    operations = [
        migrations.RunPython(step, migrations.RunPython.noop, elidable=True)
        for step in (tidy_numbers, tidy_tags, tidy_views)
    ]
