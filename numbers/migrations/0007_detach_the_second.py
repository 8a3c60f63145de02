"""A subaccount that two connections share stays with the older one; the others are detached.

What was held through those becomes missing by the worker's next sweep. Nothing tells an account
who else had its subaccount.
"""

from django.db import migrations
from django.utils import timezone


def detach(apps, schema_editor):
    Connection = apps.get_model("numbers", "Connection")
    Event = apps.get_model("accounts", "Event")
    first, at = set(), timezone.now()
    for connection in Connection.objects.exclude(state="detached").order_by("created_at", "pk"):
        if connection.sid not in first:
            first.add(connection.sid)
            continue
        before = connection.state
        connection.state, connection.auth_token = "detached", ""
        connection.state_detail = (
            "This subaccount is connected to another account, and a subaccount can be connected "
            "once. Its numbers are missing here. If it belongs here, ask support."
        )
        connection.refresh_every, connection.next_refresh_at = "off", None
        connection.save()
        Event.objects.create(
            account_id=connection.account_id,
            type="connection.detached",
            at=at,
            subject_type="connection",
            subject_id=connection.pk,
            subject_label=connection.name[:100],
            summary="Detached: the subaccount is connected to another account.",
            data={"before": {"state": before}, "after": {"state": "detached"}},
            actor_kind="system",
            actor_label="Numberdesk",
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_who_acts"),
        ("numbers", "0006_what_is_at_twilio"),
    ]

    operations = [migrations.RunPython(detach, migrations.RunPython.noop)]
