"""Pages inside an account, under ``/a/<slug>/``: numbers, and what is done to them."""

from __future__ import annotations

from django.urls import path

from .views import (
    actions,
    bulk,
    connections,
    detail,
    export,
    imports,
    jobs,
    numbers,
    saved,
    swaps,
)

app_name = "numbers"

urlpatterns = [
    path("numbers/", numbers.numbers, name="list"),
    path("numbers/export.csv", export.export, name="export"),
    path("numbers/saved/", saved.save, name="save_filter"),
    path("numbers/saved/<int:pk>/delete/", saved.delete, name="delete_filter"),
    path("numbers/bulk/", bulk.bulk, name="bulk"),
    path("numbers/<int:pk>/", detail.detail, name="detail"),
    path("numbers/<int:pk>/describe/", detail.describe, name="describe"),
    path("numbers/<int:pk>/assign/", actions.assign, name="assign"),
    path("numbers/<int:pk>/unassign/", actions.unassign, name="unassign"),
    path("numbers/<int:pk>/keep/", actions.keep, name="keep"),
    path("numbers/<int:pk>/protect/", actions.protect, name="protect"),
    path("numbers/<int:pk>/exclude/", actions.exclude, name="exclude"),
    path("numbers/<int:pk>/bring-back/", actions.bring_back, name="bring_back"),
    path("numbers/<int:pk>/release/", actions.release, name="release"),
    path("numbers/<int:pk>/take-back/", actions.take_back, name="take_back"),
    path("numbers/<int:pk>/restore/", actions.restore, name="restore"),
    path("numbers/<int:pk>/mark-gone/", actions.mark_gone, name="mark_gone"),
    path("numbers/<int:pk>/tasks/<int:task>/", actions.try_again, name="try_again"),
    path("numbers/<int:pk>/swap/", swaps.swap, name="swap"),
    path("numbers/<int:pk>/swap-in/", swaps.swap_in, name="swap_in"),
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connections.connect, name="connect"),
    path("connections/<int:pk>/", connections.connection, name="connection"),
    path("connections/<int:pk>/check/", connections.check, name="connection_check"),
    path("connections/<int:pk>/token/", connections.replace_token, name="connection_token"),
    path("connections/<int:pk>/schedule/", connections.schedule, name="connection_schedule"),
    path("connections/<int:pk>/import/", imports.start_one, name="connection_import"),
    path("imports/", imports.imports, name="imports"),
    path("imports/start/", imports.start, name="import"),
    path("imports/<int:pk>/", imports.detail, name="import_detail"),
    path("imports/<int:pk>/progress/", imports.progress, name="import_progress"),
    path("jobs/<int:pk>/", jobs.detail, name="job"),
    path("jobs/<int:pk>/progress/", jobs.progress, name="job_progress"),
    path("jobs/<int:pk>/results.csv", jobs.export, name="job_export"),
    path("jobs/<int:pk>/retry/", jobs.retry, name="job_retry"),
]
