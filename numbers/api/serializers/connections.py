"""Connections and imports."""

from __future__ import annotations

from rest_framework import serializers

from accounts.api.serializers import JobSerializer
from config.api.bodies import Choice, RowSerializer, Text, Wanted, id_field
from numbers.states import ConnectionState, RefreshEvery


class ConnectionSerializer(RowSerializer):
    """The link to a Twilio subaccount. Its token is never shown."""

    id = serializers.IntegerField()
    sid = serializers.CharField(help_text="The subaccount's SID.")
    owner_sid = serializers.CharField(help_text="The main account's SID.")
    name = serializers.CharField()
    state = serializers.ChoiceField(ConnectionState.choices)
    state_detail = serializers.CharField(help_text="What is wrong and what helps, or empty.")
    checked_at = serializers.DateTimeField()
    refresh_every = serializers.ChoiceField(RefreshEvery.choices)
    next_refresh_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


#: Printable signs of ASCII without spaces.
_PRINTABLE = "^[!-~]+$"


class WantedConnectionSerializer(Wanted):
    """The credentials of a Twilio subaccount."""

    sid = Text(
        pattern=r"^AC[0-9a-fA-F]{32}$",
        max_length=34,
        error_messages={"invalid": "AC and 32 digits or letters a to f."},
    )
    token = Text(pattern=_PRINTABLE, max_length=100, help_text="Its auth token; stored encrypted.")


class WantedRefreshSerializer(Wanted):
    """How often to refresh without being asked."""

    refresh_every = Choice(RefreshEvery.choices)


class WantedTokenSerializer(Wanted):
    """The auth token in place of the stored one."""

    token = Text(pattern=_PRINTABLE, max_length=100)


class WantedImportSerializer(Wanted):
    """Which connection to read."""

    connection = id_field()


class ImportLinksSerializer(RowSerializer):
    """The numbers that an import found, as lists of this API."""

    new = serializers.CharField()
    changed = serializers.CharField()
    missing = serializers.CharField()
    came_back = serializers.CharField()


class ImportSerializer(RowSerializer):
    """One import or refresh (the same thing) with what it found so far."""

    id = serializers.IntegerField()
    connection = serializers.IntegerField(source="connection_id")
    scheduled = serializers.BooleanField(source="is_scheduled")
    pages = serializers.IntegerField(help_text="Pages of Twilio's list that were read.")
    job = JobSerializer()


class ImportCountsSerializer(RowSerializer):
    """How many numbers an import found in which condition, so far."""

    seen = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    missing = serializers.IntegerField()
    came_back = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class OddRowSerializer(RowSerializer):
    """A row of Twilio's list that cannot be used."""

    sid = serializers.CharField()
    number = serializers.CharField(help_text="What stands in place of a phone number.")


class ImportDetailSerializer(ImportSerializer):
    """An import with its counts, and where to list exactly those numbers."""

    counts = ImportCountsSerializer()
    numbers = ImportLinksSerializer()
    odd_rows = serializers.IntegerField(
        help_text="Rows of Twilio's list that cannot be used. With any, nothing is called missing."
    )
    odd = OddRowSerializer(many=True, help_text="The first of these rows.")
    asked_again_at = serializers.DateTimeField(
        source="again_at",
        allow_null=True,
        help_text="Much was absent, so everything is read once more from then on.",
    )
