"""How numbers and what belongs to them look in JSON. Numbers are E.164, times are UTC.

One file a topic.
"""

from __future__ import annotations

from .actions import (
    DryRunSerializer,
    PlanChangeSerializer,
    PlanSerializer,
    SealedSerializer,
    SwapSerializer,
    WantedSwapSerializer,
    param_fields,
)
from .bulk import (
    BulkParamsSerializer,
    BulkPreviewSerializer,
    BulkSkipSerializer,
    NumberFilterSerializer,
    SkipReasonSerializer,
    WantedBulkJobSerializer,
)
from .connections import (
    ConnectionSerializer,
    ImportCountsSerializer,
    ImportDetailSerializer,
    ImportLinksSerializer,
    ImportSerializer,
    OddRowSerializer,
    WantedConnectionSerializer,
    WantedImportSerializer,
    WantedRefreshSerializer,
    WantedTokenSerializer,
)
from .csv_edits import (
    CsvEditChangeSerializer,
    CsvEditChangingSerializer,
    CsvEditPlaceSerializer,
    CsvEditPreviewSerializer,
    CsvEditProblemSerializer,
    CsvEditRowSerializer,
    CsvEditSkippingSerializer,
    WantedCsvEditSerializer,
)
from .numbers import (
    ActionStateSerializer,
    CapabilitiesSerializer,
    NumberAgentSerializer,
    NumberChangesSerializer,
    NumberDetailSerializer,
    NumberSerializer,
    TaskSerializer,
    with_its_tags,
    with_tags,
)

__all__ = [
    "ActionStateSerializer",
    "BulkParamsSerializer",
    "BulkPreviewSerializer",
    "BulkSkipSerializer",
    "CapabilitiesSerializer",
    "ConnectionSerializer",
    "CsvEditChangeSerializer",
    "CsvEditChangingSerializer",
    "CsvEditPlaceSerializer",
    "CsvEditPreviewSerializer",
    "CsvEditProblemSerializer",
    "CsvEditRowSerializer",
    "CsvEditSkippingSerializer",
    "DryRunSerializer",
    "ImportCountsSerializer",
    "ImportDetailSerializer",
    "ImportLinksSerializer",
    "ImportSerializer",
    "NumberAgentSerializer",
    "NumberChangesSerializer",
    "NumberDetailSerializer",
    "NumberFilterSerializer",
    "NumberSerializer",
    "OddRowSerializer",
    "PlanChangeSerializer",
    "PlanSerializer",
    "SealedSerializer",
    "SkipReasonSerializer",
    "SwapSerializer",
    "TaskSerializer",
    "WantedBulkJobSerializer",
    "WantedConnectionSerializer",
    "WantedCsvEditSerializer",
    "WantedImportSerializer",
    "WantedRefreshSerializer",
    "WantedSwapSerializer",
    "WantedTokenSerializer",
    "param_fields",
    "with_its_tags",
    "with_tags",
]
