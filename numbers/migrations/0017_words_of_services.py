"""A task that tells Twilio where texts go; what a number can do is not called its services now."""

from django.db import migrations, models


def rename(old: str, new: str):
    def run(apps, schema_editor):
        for choice in apps.get_model("numbers", "ColumnChoice").objects.all():
            choice.columns = [new if name == old else name for name in choice.columns]
            choice.save(update_fields=["columns"])

    return run


class Migration(migrations.Migration):
    dependencies = [("numbers", "0016_services")]

    operations = [
        migrations.AlterField(
            model_name="carriertask",
            name="kind",
            field=models.CharField(
                choices=[
                    ("release", "Give the number back to Twilio"),
                    ("restore", "Buy the released number again"),
                    ("put_back", "Put the number's settings back at Twilio"),
                    ("route", "Tell Twilio where the number's texts go"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunPython(
            rename("services", "capabilities"), rename("capabilities", "services"), elidable=True
        ),
    ]
