from django.db import migrations, models


def keep(apps, schema_editor):
    """``migrate`` ends by making the triggers anew and counting everything (``numbers.counting``)."""


def drop_triggers(apps, schema_editor):
    """SQLite renames no table while a trigger names one that is gone."""
    on = " ON numbers_phonenumber" if schema_editor.connection.vendor == "postgresql" else ""
    for event in ("insert", "update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS number_counted_on_{event}{on}")


class Migration(migrations.Migration):
    dependencies = [
        ("numbers", "0020_counts_of_enabled"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, keep),
        migrations.AddField(
            model_name="phonenumber",
            name="kept_until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="phonenumber",
            constraint=models.CheckConstraint(
                condition=models.Q(("kept_until", None))
                | models.Q(("keep_decided_at__isnull", False)),
                name="number_kept_until_is_kept",
            ),
        ),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                condition=models.Q(("kept_until__isnull", False)),
                fields=["kept_until", "account"],
                name="number_kept_until",
            ),
        ),
        migrations.RemoveIndex(
            model_name="phonenumber",
            name="number_list",
        ),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                fields=[
                    "account",
                    "state",
                    "agent",
                    "e164",
                    "enabled_at",
                    "keep_decided_at",
                    "search_name",
                    "sid",
                    "imported_at",
                    "state_changed_at",
                    "country",
                    "type",
                    "voice",
                    "sms",
                    "mms",
                    "protected",
                    "connection",
                    "id",
                ],
                name="number_list",
            ),
        ),
        migrations.RunPython(keep, drop_triggers),
    ]
