from django.db import migrations, models
from django.db.models import Q

STATES = ["queued", "running", "settling", "done", "failed"]
ITEM_STATES = ["pending", "started", "done", "skipped", "failed"]


class Migration(migrations.Migration):
    """Items get a key, an optional subject, a result; so far every item was a number of ours."""

    dependencies = [("accounts", "0006_tidy_names")]

    operations = [
        migrations.RemoveConstraint("jobitem", "job_item_is_unique"),
        migrations.RemoveConstraint("jobitem", "job_item_state_is_known"),
        migrations.RemoveConstraint("job", "job_state_is_known"),
        # A number is in an account once, so within a job its label was as unique as its id.
        migrations.RenameField("jobitem", "label", "key"),
        migrations.AlterField(
            "jobitem", "subject_id", models.BigIntegerField(null=True, blank=True)
        ),
        # Existing rows take the default of this step; new ones that of the next.
        migrations.AddField(
            "jobitem", "subject_type", models.CharField(max_length=20, default="number")
        ),
        migrations.AlterField("jobitem", "subject_type", models.CharField(max_length=20, blank=True)),
        migrations.AddField("jobitem", "result", models.JSONField(default=dict, blank=True)),
        migrations.AddField("jobitem", "attempts", models.PositiveSmallIntegerField(default=0)),
        migrations.AlterField(
            "jobitem",
            "state",
            models.CharField(
                max_length=10,
                default="pending",
                choices=[
                    ("pending", "Waiting"),
                    ("started", "Not confirmed yet"),
                    ("done", "Done"),
                    ("skipped", "Skipped"),
                    ("failed", "Failed"),
                ],
            ),
        ),
        migrations.AlterField(
            "job",
            "state",
            models.CharField(
                max_length=10,
                default="queued",
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("settling", "Waiting for answers"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                ],
            ),
        ),
        migrations.AddConstraint(
            "job", models.CheckConstraint(name="job_state_is_known", condition=Q(state__in=STATES))
        ),
        migrations.AddConstraint(
            "jobitem",
            models.CheckConstraint(
                name="job_item_state_is_known", condition=Q(state__in=ITEM_STATES)
            ),
        ),
        migrations.AddConstraint(
            "jobitem",
            models.CheckConstraint(
                name="job_item_subject_is_whole",
                condition=Q(subject_type="", subject_id__isnull=True)
                | (~Q(subject_type="") & Q(subject_id__isnull=False)),
            ),
        ),
        migrations.AddConstraint(
            "jobitem",
            models.UniqueConstraint(fields=["job", "key"], name="job_item_key_is_unique"),
        ),
        migrations.AddIndex(
            "jobitem", models.Index(name="job_item_in_order", fields=["job", "id"])
        ),
        migrations.CreateModel(
            name="Postponed",
            fields=[
                ("id", models.BigAutoField(
                    auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                )),
                ("what", models.CharField(max_length=40)),
                ("row_id", models.BigIntegerField()),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("until", models.DateTimeField()),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name_plural": "postponed rows",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["what", "row_id"], name="row_is_postponed_once"
                    ),
                ],
            },
        ),
    ]
