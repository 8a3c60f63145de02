from __future__ import annotations

from django.apps import AppConfig


class TelephonyConfig(AppConfig):
    name = "telephony"

    def ready(self) -> None:
        from accounts.services.hooks import register
        from telephony import catalog, hooks

        catalog.fill()
        register(hooks.TEXTS)
