from django.db import migrations, models


def keep(apps, schema_editor):
    """``migrate`` ends by making the triggers anew and counting everything (``numbers.counting``)."""


def drop_triggers(apps, schema_editor):
    """SQLite renames no table while a trigger names one that is gone."""
    on = " ON numbers_phonenumber" if schema_editor.connection.vendor == "postgresql" else ""
    for event in ("insert", "update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS number_counted_on_{event}{on}")


def forget(apps, schema_editor):
    """Counts of enabled and other numbers would be the same row without it."""
    apps.get_model("numbers", "NumberCount").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("numbers", "0019_reminders"),
        ("telephony", "0004_conversations"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, keep),
        migrations.AddField(
            model_name="numbercount",
            name="enabled",
            field=models.BooleanField(default=False),
        ),
        migrations.RemoveConstraint(
            model_name="numbercount",
            name="number_count_is_one_row",
        ),
        migrations.AddConstraint(
            model_name="numbercount",
            constraint=models.UniqueConstraint(
                fields=("account", "state", "assigned", "enabled", "country"),
                name="number_count_is_one_row",
            ),
        ),
        migrations.RunPython(keep, forget),
        migrations.RunPython(keep, drop_triggers),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                condition=models.Q(("enabled_at__isnull", False), ("in_service_at", None)),
                fields=["account"],
                name="number_not_in_service_yet",
            ),
        ),
    ]
