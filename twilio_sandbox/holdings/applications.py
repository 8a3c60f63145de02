"""Applications of the 2010 API: URLs under one name, for numbers and calls."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.holdings.rows import Application
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, field_of, flag, http_method, one_of, text, url
from twilio_sandbox.settings import MAX_FRIENDLY_NAME

DEFAULTS: dict[str, Any] = {
    "api_version": VERSION,
    "message_status_callback": None,
    "public_application_connect_enabled": False,
    "sms_fallback_method": "POST",
    "sms_fallback_url": None,
    "sms_method": "POST",
    "sms_status_callback": None,
    "sms_url": None,
    "status_callback": None,
    "status_callback_method": "POST",
    "voice_caller_id_lookup": False,
    "voice_fallback_method": "POST",
    "voice_fallback_url": None,
    "voice_method": "POST",
    "voice_url": None,
}


def setting(application: Application, name: str) -> Any:
    """One of the settings by the field's name: `voice_url`, `sms_method` …"""
    return application.settings.get(name, DEFAULTS[name])


def resource(application: Application) -> dict[str, Any]:
    """The application with exactly Twilio's fields."""
    account_sid, sid = application.account_sid, application.sid
    return {
        **DEFAULTS,
        **application.settings,
        "account_sid": account_sid,
        "date_created": rfc2822(application.created),
        "date_updated": rfc2822(application.updated),
        "friendly_name": application.friendly_name,
        "sid": sid,
        "uri": f"/{VERSION}/Accounts/{account_sid}/Applications/{sid}.json",
    }


def list_applications(context: Context) -> Response:
    """All applications; `FriendlyName` is exact."""
    account, name = context.active_account(), context.read().get("FriendlyName")
    rows = [
        row
        for row in context.world.applications.of(account.sid)
        if not name or row.friendly_name == name
    ]
    return page(context, "applications", rows, lambda row: json.dumps(resource(row)).encode())


def create(context: Context) -> Response:
    account, given = context.active_account(), context.read()
    stamp = context.world.stamp("AP", account.sid)
    application = Application(*stamp, given.get("FriendlyName", ""), _settings(given))
    return json_response(201, resource(context.world.applications.add(application)))


def fetch(context: Context) -> Response:
    return json_response(200, resource(_application(context)))


def update(context: Context) -> Response:
    application, given = _application(context), context.read()
    application.friendly_name = given.get("FriendlyName", application.friendly_name)
    application.settings = application.settings | _settings(given)
    application.updated = context.world.now()
    context.world.applications.changed(application)
    return json_response(200, resource(application))


def delete(context: Context) -> Response:
    """Numbers that name it keep its SID, which then leads nowhere."""
    context.world.applications.remove(_application(context))
    return Response(204)


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    """The settings among checked parameters, by field; an empty URL is none."""
    fields = {_FIELDS[name]: value for name, value in given.items() if name in _FIELDS}
    return {name: None if value == "" else value for name, value in fields.items()}


def _application(context: Context) -> Application:
    return context.find(context.world.applications, context.active_account())


_URLS = ("VoiceUrl", "VoiceFallbackUrl", "StatusCallback", "SmsUrl", "SmsFallbackUrl")
_CALLBACKS = ("SmsStatusCallback", "MessageStatusCallback")
_METHODS = tuple(
    f"{name}Method" for name in ("Voice", "VoiceFallback", "StatusCallback", "Sms", "SmsFallback")
)
_FLAGS = ("VoiceCallerIdLookup", "PublicApplicationConnectEnabled")


_FIELDS = {name: field_of(name) for name in ("ApiVersion", *_URLS, *_CALLBACKS, *_METHODS, *_FLAGS)}
_NAME = (Parameter("FriendlyName", text(MAX_FRIENDLY_NAME)),)
_SETTINGS = (
    *_NAME,
    Parameter("ApiVersion", one_of("2010-04-01", "2008-08-01")),
    *(Parameter(name, url) for name in (*_URLS, *_CALLBACKS)),
    *(Parameter(name, http_method) for name in _METHODS),
    *(Parameter(name, flag) for name in _FLAGS),
)
_ALL, _ONE = f"{ACCOUNT}/Applications.json", f"{ACCOUNT}/Applications/{{Sid}}.json"
OPERATIONS = [
    Operation("GET", "api", _ALL, list_applications, _NAME),
    Operation("POST", "api", _ALL, create, _SETTINGS),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, _SETTINGS),
    Operation("DELETE", "api", _ONE, delete),
]
