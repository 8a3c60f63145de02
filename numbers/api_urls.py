"""Addresses of numbers, connections, imports, swaps, bulk jobs and edits by CSV."""

from __future__ import annotations

from django.urls import path

from .api import actions, bulk, connections, csv_edits, numbers

app_name = "numbers-api"

urlpatterns = [
    path("numbers/", numbers.NumberListEndpoint.as_view(), name="numbers"),
    path("numbers/<int:pk>/", numbers.NumberEndpoint.as_view(), name="number"),
    path("numbers/<int:pk>/actions/", numbers.NumberActionsEndpoint.as_view(), name="actions"),
    path("numbers/<int:pk>/timeline/", numbers.NumberTimelineEndpoint.as_view(), name="timeline"),
    *(
        path(f"numbers/<int:pk>/{noun}/", endpoint.as_view(), name=noun)
        for noun, endpoint in actions.endpoints().items()
    ),
    path("numbers/<int:pk>/tasks/", actions.TaskListEndpoint.as_view(), name="tasks"),
    path("tasks/<int:pk>/attempts/", actions.TaskAttemptEndpoint.as_view(), name="task-attempts"),
    path("swaps/", actions.SwapListEndpoint.as_view(), name="swaps"),
    path("bulk-jobs/", bulk.BulkJobListEndpoint.as_view(), name="bulk-jobs"),
    path("csv-edits/", csv_edits.CsvEditListEndpoint.as_view(), name="csv-edits"),
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
