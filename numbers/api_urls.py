"""Addresses of numbers, connections, imports, swaps and bulk jobs."""

from __future__ import annotations

from django.urls import path

from .api import actions, bulk, connections, numbers

app_name = "numbers-api"

urlpatterns = [
    path("numbers/", numbers.NumberListEndpoint.as_view(), name="numbers"),
    path("numbers/<int:pk>/", numbers.NumberEndpoint.as_view(), name="number"),
    path("numbers/<int:pk>/actions/", numbers.NumberActionsEndpoint.as_view(), name="actions"),
    path("numbers/<int:pk>/timeline/", numbers.NumberTimelineEndpoint.as_view(), name="timeline"),
    path("numbers/<int:pk>/assignments/", actions.AssignmentEndpoint.as_view(), name="assignments"),
    path("numbers/<int:pk>/releases/", actions.ReleaseEndpoint.as_view(), name="releases"),
    path(
        "numbers/<int:pk>/restorations/", actions.RestorationEndpoint.as_view(), name="restorations"
    ),
    path("numbers/<int:pk>/exclusions/", actions.ExclusionEndpoint.as_view(), name="exclusions"),
    path("numbers/<int:pk>/inclusions/", actions.InclusionEndpoint.as_view(), name="inclusions"),
    path("numbers/<int:pk>/spares/", actions.SpareEndpoint.as_view(), name="spares"),
    path("numbers/<int:pk>/closures/", actions.ClosureEndpoint.as_view(), name="closures"),
    path("swaps/", actions.SwapListEndpoint.as_view(), name="swaps"),
    path("bulk-jobs/", bulk.BulkJobListEndpoint.as_view(), name="bulk-jobs"),
    path("bulk-jobs/<int:pk>/", bulk.BulkJobEndpoint.as_view(), name="bulk-job"),
    path("bulk-jobs/<int:pk>/retries/", bulk.BulkRetryEndpoint.as_view(), name="bulk-retries"),
    path("connections/", connections.ConnectionListEndpoint.as_view(), name="connections"),
    path("connections/<int:pk>/", connections.ConnectionEndpoint.as_view(), name="connection"),
    path(
        "connections/<int:pk>/token/",
        connections.ConnectionTokenEndpoint.as_view(),
        name="connection-token",
    ),
    path(
        "connections/<int:pk>/checks/",
        connections.ConnectionCheckEndpoint.as_view(),
        name="connection-checks",
    ),
    path("imports/", connections.ImportListEndpoint.as_view(), name="imports"),
    path("imports/<int:pk>/", connections.ImportEndpoint.as_view(), name="import"),
]
