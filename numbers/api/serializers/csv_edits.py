"""Changes that a file brings."""

from __future__ import annotations

from rest_framework import serializers

from config.api.bodies import Flag, RowSerializer, Text, id_field
from config.csv_files import MOST_ROWS

from .actions import DryRunSerializer
from .bulk import SkipReasonSerializer
from .numbers import NumberChangesSerializer


class CsvEditRowSerializer(NumberChangesSerializer):
    """What is wanted of one number. What is left out stays as it is."""

    number = Text(max_length=100, help_text="In any common format.")
    agent = id_field(required=False, allow_null=True, help_text="Null takes the agent off.")


class WantedCsvEditSerializer(DryRunSerializer):
    """What to write on numbers, row by row."""

    rows = serializers.ListField(child=CsvEditRowSerializer(), min_length=1, max_length=MOST_ROWS)
    skip_wrong = Flag(
        default=False, help_text="Do the other rows when some are wrong; else none is done."
    )


class CsvEditChangeSerializer(RowSerializer):
    """A value before and after, as in `rows`."""

    field = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()


class CsvEditProblemSerializer(RowSerializer):
    """Why a row would be skipped; `number` is the field of what is about the whole row."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class CsvEditPlaceSerializer(RowSerializer):
    row = serializers.IntegerField(help_text="As a spreadsheet counts; of `rows` from 1.")
    line = serializers.IntegerField(help_text="Where the row begins in the file.")
    number = serializers.CharField(help_text="E.164; as it was written where it is not ours.")


class CsvEditChangingSerializer(CsvEditPlaceSerializer):
    """A row that would change its number."""

    changes = CsvEditChangeSerializer(many=True)


class CsvEditSkippingSerializer(CsvEditPlaceSerializer):
    """A row that would be skipped."""

    problems = CsvEditProblemSerializer(many=True)


class CsvEditPreviewSerializer(RowSerializer):
    """What an edit would do; the lists show at most 100 rows each."""

    will_change = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    will_skip = serializers.IntegerField()
    reasons = SkipReasonSerializer(many=True)
    changing = CsvEditChangingSerializer(many=True)
    skipping = CsvEditSkippingSerializer(many=True)
    ignored_columns = serializers.ListField(
        child=serializers.CharField(), help_text="Columns of the file that nothing is read from."
    )
