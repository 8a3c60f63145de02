from django.db import migrations, models


def keep(apps, schema_editor):
    """``migrate`` ends by making the triggers anew and counting everything (``numbers.counting``)."""


def drop_triggers(apps, schema_editor):
    """SQLite renames no table while a trigger names one that is gone."""
    on = " ON numbers_phonenumber" if schema_editor.connection.vendor == "postgresql" else ""
    for event in ("insert", "update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS number_counted_on_{event}{on}")


def forget(apps, schema_editor):
    """Counts of several countries would be the same row without them."""
    apps.get_model("numbers", "NumberCount").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("numbers", "0013_chosen_columns"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, keep),
        migrations.AddField(
            model_name="numbercount",
            name="country",
            field=models.CharField(blank=True, default="", max_length=2),
        ),
        migrations.RemoveConstraint(
            model_name="numbercount",
            name="number_count_is_one_row",
        ),
        migrations.AddConstraint(
            model_name="numbercount",
            constraint=models.UniqueConstraint(
                fields=("account", "state", "assigned", "country"), name="number_count_is_one_row"
            ),
        ),
        migrations.RunPython(keep, forget),
        migrations.RunPython(keep, drop_triggers),
    ]
