from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_who_acts"),
        ("numbers", "0005_tidy_names"),
        ("telephony", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="connection",
            name="connection_is_made_once_per_account",
        ),
        migrations.RemoveConstraint(
            model_name="connection",
            name="connection_state_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="importpage",
            name="import_page_is_read_once",
        ),
        migrations.RemoveConstraint(
            model_name="importpage",
            name="import_page_link_is_read_once",
        ),
        migrations.AddField(
            model_name="carriertask",
            name="claimed_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="again_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="round",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="importpage",
            name="round",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="phonenumber",
            name="unlisted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="connection",
            name="state",
            field=models.CharField(
                choices=[
                    ("active", "Working"),
                    ("auth_failed", "Token refused"),
                    ("suspended", "Suspended at Twilio"),
                    ("closed", "Closed at Twilio"),
                    ("detached", "Detached by support"),
                ],
                default="active",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["active", "auth_failed", "suspended", "closed", "detached"])
                ),
                name="connection_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="importpage",
            constraint=models.UniqueConstraint(
                fields=("run", "round", "position"), name="import_page_is_read_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="importpage",
            constraint=models.UniqueConstraint(
                fields=("run", "round", "link"), name="import_page_link_is_read_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="phonenumber",
            constraint=models.CheckConstraint(
                condition=models.Q(("unlisted_at", None), ("state", "excluded"), _connector="OR"),
                name="number_unlisted_is_excluded",
            ),
        ),
    ]
