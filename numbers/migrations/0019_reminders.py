from datetime import timedelta

from django.db import migrations, models
from django.db.models import F, Q
from django.utils import timezone


def remind_of_what_is_released(apps, schema_editor):
    """Those that can still come back are reminded of as well."""
    numbers = apps.get_model("numbers", "PhoneNumber").objects.using(schema_editor.connection.alias)
    released = numbers.filter(
        state__in=["released", "restoring"], released_at__gt=timezone.now() - timedelta(days=10)
    )
    released.update(remind_at=F("released_at") + timedelta(days=9))


class Migration(migrations.Migration):
    dependencies = [
        ("numbers", "0017_words_of_services"),
    ]

    operations = [
        migrations.AddField(
            model_name="phonenumber",
            name="remind_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                condition=Q(("remind_at__isnull", False)),
                fields=["remind_at"],
                name="number_to_remind_of",
            ),
        ),
        migrations.RunPython(remind_of_what_is_released, migrations.RunPython.noop, elidable=True),
    ]
