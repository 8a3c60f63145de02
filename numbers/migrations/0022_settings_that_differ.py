from django.db import migrations, models
from django.db.models import F, Q


def mark_what_is_offered(apps, schema_editor):
    """Numbers that came back with other settings, about which nobody has decided yet."""
    numbers = apps.get_model("numbers", "PhoneNumber").objects.using(schema_editor.connection.alias)
    offered = numbers.filter(state="held", before_release__has_key="settings").only(
        "before_release", "twilio", "friendly_name", "enabled_at", "state_changed_at"
    )
    ids = [number.pk for number in offered.iterator() if differs(number)]
    numbers.filter(pk__in=ids).update(differs_since=F("state_changed_at"))


def differs(number):
    now = {**number.twilio, "friendly_name": number.friendly_name}
    return any(
        now.get(name) != value
        for name, value in number.before_release["settings"].items()
        if number.enabled_at is None or not name.startswith("sms_")
    )


class Migration(migrations.Migration):
    dependencies = [("numbers", "0021_kept_until")]

    operations = [
        migrations.AddField(
            model_name="phonenumber",
            name="differs_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                condition=Q(("differs_since__isnull", False)),
                fields=["account"],
                name="number_differs",
            ),
        ),
        migrations.RunPython(mark_what_is_offered, migrations.RunPython.noop, elidable=True),
    ]
