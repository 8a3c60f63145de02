from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("numbers", "0007_detach_the_second"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "detached"), _negated=True),
                fields=("sid",),
                name="connection_is_made_once",
            ),
        ),
    ]
