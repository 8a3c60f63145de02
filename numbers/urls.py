"""Pages inside an account, under ``/a/<slug>/``: numbers, and what is done to them."""

from __future__ import annotations

from django.urls import path

from .actions import ACTIONS
from .views import (
    actions,
    bulk,
    connections,
    csv_edits,
    detail,
    export,
    imports,
    numbers,
    saved,
    swaps,
)

app_name = "numbers"

urlpatterns = [
    path("numbers/", numbers.numbers, name="list"),
    path("numbers/export.csv", export.export, name="export"),
    path("numbers/csv/", csv_edits.bring, name="csv"),
    path("numbers/csv/<int:pk>/", csv_edits.csv_edit, name="csv_edit"),
    path("numbers/csv/<int:pk>/preview.csv", csv_edits.preview_csv, name="csv_preview"),
    path("numbers/saved/", saved.save, name="save_filter"),
    path("numbers/saved/<int:pk>/delete/", saved.delete, name="delete_filter"),
    path("numbers/columns/", saved.columns, name="columns"),
    path("numbers/bulk/", bulk.bulk, name="bulk"),
    path("numbers/bulk/undo/<int:pk>/", bulk.undo, name="bulk_undo"),
    path("numbers/<int:pk>/", detail.detail, name="detail"),
    path("numbers/<int:pk>/describe/", detail.describe, name="describe"),
    *(
        path(
            f"numbers/<int:pk>/{name.replace('_', '-')}/",
            actions.act,
            {"action": name},
            name=name,
        )
        for name, action in ACTIONS.items()
        if not action.page
    ),
    path("numbers/<int:pk>/tasks/<int:task>/", actions.try_again, name="try_again"),
    path("numbers/<int:pk>/swap/", swaps.swap, name="swap"),
    path("numbers/<int:pk>/swap-in/", swaps.swap_in, name="swap_in"),
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connections.connect, name="connect"),
    path("connections/<int:pk>/", connections.connection, name="connection"),
    path("connections/<int:pk>/check/", connections.check, name="connection_check"),
    path("connections/<int:pk>/token/", connections.replace_token, name="connection_token"),
    path("connections/<int:pk>/remove/", connections.remove, name="connection_remove"),
    path("connections/<int:pk>/schedule/", connections.schedule, name="connection_schedule"),
    path("connections/<int:pk>/import/", imports.start_one, name="connection_import"),
    path("imports/", imports.imports, name="imports"),
    path("imports/start/", imports.start, name="import"),
    path("imports/together/", imports.together, name="imports_together"),
    path("imports/<int:pk>/", imports.detail, name="import_detail"),
    path("imports/<int:pk>/progress/", imports.progress, name="import_progress"),
]
