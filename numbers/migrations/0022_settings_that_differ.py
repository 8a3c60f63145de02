import re

from django.db import migrations, models
from django.db.models import F, Q

TEXT_ROUTES = {
    "sms_url": "",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
}
IS_OURS = re.compile(r"/hooks/texts/[0-9a-f]{32}$")


def mark_what_is_offered(apps, schema_editor):
    """Numbers whose settings are other than before, about which nobody has decided yet."""
    numbers = apps.get_model("numbers", "PhoneNumber").objects.using(schema_editor.connection.alias)
    asked = Q(before_release__has_key="settings") | Q(before_release__has_key="changed")
    offered = numbers.filter(asked, state="held").only(
        "before_release", "before_service", "twilio", "friendly_name", "hook_key", "enabled_at",
        "state_changed_at",
    )  # fmt: skip
    ids = [number.pk for number in offered.iterator() if is_asked(number)]
    numbers.filter(pk__in=ids).update(differs_since=F("state_changed_at"))


def is_asked(number):
    """Whether a person can decide: ``numbers.previous`` of this time."""
    settings = number.before_release.get("settings", {})
    before = {**settings, **number.before_release.get("changed", {})}
    now = {**number.twilio, "friendly_name": number.friendly_name}
    if now.get("voice_application_sid"):
        now["trunk_sid"] = ""
    nobodys = set(TEXT_ROUTES) if number.enabled_at else from_here(now, number.hook_key)
    nobodys |= from_here(before)
    differs = any(
        (now.get(name) or "") != value for name, value in before.items() if name not in nobodys
    )
    return differs or (number.enabled_at is not None and is_kept_instead(number, settings))


def from_here(settings, key=None):
    """The settings that were set for our address: the number's own, or without a key any."""
    url = settings.get("sms_url") or ""
    if not (url.endswith(f"/{key}") if key else key is None and IS_OURS.search(url)):
        return set()
    there = {name: settings.get(name) or "" for name in TEXT_ROUTES}
    same = {name for name, unset in TEXT_ROUTES.items() if there[name] == unset}
    if key is None:
        same |= {name for name in there if not there[name]}
    return same | {"sms_url"}


def is_kept_instead(number, settings):
    """Whether the texts of an enabled number went elsewhere than where they are to go again."""
    wanted = {name: settings.get(name) or "" for name in TEXT_ROUTES}
    is_own = number.hook_key and wanted["sms_url"].endswith(f"/{number.hook_key}")
    if is_own or IS_OURS.search(wanted["sms_url"]):
        wanted |= {"sms_url": "", "sms_method": ""}
    kept = number.before_service
    return any(
        value for name, value in wanted.items() if not name.endswith("_method")
    ) and any(
        (wanted[name] or unset) != (kept.get(name) or unset) for name, unset in TEXT_ROUTES.items()
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
