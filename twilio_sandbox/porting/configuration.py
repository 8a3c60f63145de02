"""Where porting webhooks go and how mails with an LOA look, per main account (facts 4.7, 4.8)."""

from __future__ import annotations

import re
from typing import Any

from twilio_sandbox import parameters
from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Parameter
from twilio_sandbox.porting import events
from twilio_sandbox.porting.creation import sid, text
from twilio_sandbox.porting.rows import SigningConfiguration, WebhookConfiguration
from twilio_sandbox.world import Account

TARGETS = {"PORT_IN": "port_in_target_url", "PORT_OUT": "port_out_target_url"}
PRODUCTS = ("Porting", "Hosting")
MAX_SUBJECT, MAX_MESSAGE = 255, 5000


def _main_account(context: Context) -> Account:
    """The caller, which has to be a main account: subaccounts have no configuration of theirs."""
    caller = context.active_account()
    if not caller.is_main:
        raise TwilioError(20006, "Only a main account has this configuration")
    return caller


# Webhooks


def fetch_webhooks(context: Context) -> Response:
    row = _webhooks(context)
    resource = _resource(context, row)
    for name in TARGETS.values():
        created = getattr(row, f"{name.removesuffix('_url')}_date_created")
        resource[f"{name.removesuffix('_url')}_date_created"] = created and iso8601(created)
    return json_response(200, resource)


def set_webhooks(context: Context) -> Response:
    """Overwrite the configuration; what becomes of a URL that is left out is a switch."""
    account, world, body = _main_account(context), context.world, context.json()
    urls = {name: _url(body, name) for name in TARGETS.values()}
    wanted = _events(body)
    row = world.porting_webhooks.get(account.sid)
    if row is None:
        stamp = world.stamp("", account.sid)
        row = WebhookConfiguration(account.sid, *stamp[1:])
        world.porting_webhooks.add(row)
    keeps = world.switch("porting_webhook_configuration_post") == "keeps"
    for name, url in urls.items():
        if name in body or not keeps:
            _set_target(row, name, url, world.now())
    if "notifications_of" in body or not keeps:
        row.notifications_of = wanted
    row.updated = world.now()
    world.porting_webhooks.changed(row)
    return json_response(201, _resource(context, row))


def delete_webhooks(context: Context) -> Response:
    """Take out one of the two URLs; without any the configuration is gone."""
    _main_account(context)
    name = TARGETS.get(context.args["WebhookType"])
    if name is None:
        raise TwilioError(20001, f"WebhookType must be one of {', '.join(TARGETS)}")
    row = _webhooks(context)
    if getattr(row, name) is None:
        raise context.not_found()
    _set_target(row, name, None, context.world.now())
    context.world.porting_webhooks.changed(row)
    if not any(getattr(row, target) for target in TARGETS.values()):
        context.world.porting_webhooks.remove(row)
    return Response(204)


def _webhooks(context: Context) -> WebhookConfiguration:
    row = context.world.porting_webhooks.get(_main_account(context).sid)
    if row is None:
        raise context.not_found()
    return row


def _set_target(row: WebhookConfiguration, name: str, url: str | None, now: float) -> None:
    setattr(row, name, url)
    setattr(row, f"{name.removesuffix('_url')}_date_created", now if url else None)


def _url(body: dict[str, Any], name: str) -> str | None:
    return parameters.url(name, text(body, name) or "") or None


def _events(body: dict[str, Any]) -> list[str]:
    wanted = body.get("notifications_of")
    if wanted is None:
        return []
    if not isinstance(wanted, list) or any(name not in events.ALL for name in wanted):
        raise TwilioError(20001, "notifications_of must be a list of events")
    return wanted


def _resource(context: Context, row: WebhookConfiguration) -> dict[str, Any]:
    return {
        "port_in_target_url": row.port_in_target_url,
        "port_out_target_url": row.port_out_target_url,
        "notifications_of": row.notifications_of,
        "url": f"{context.base_url('numbers')}{_WEBHOOK}",
    }


# The look of mails with an LOA


def list_signing(context: Context) -> Response:
    account = _main_account(context)
    given = context.read()
    rows = [
        row
        for row in context.world.signing_configurations.of(account.sid)
        if given.get("Product") in (None, row.product)
        and given.get("Country") in (None, row.country)
    ]
    return page_with_meta(
        context, "configurations", rows, lambda row: _signing_resource(context, row)
    )


def set_signing(context: Context) -> Response:
    """One configuration per product and country; the next one takes its place."""
    account, world, body = _main_account(context), context.world, context.json()
    product = text(body, "product", required=True) or ""
    if product not in PRODUCTS:
        raise TwilioError(20001, f"product must be one of {', '.join(PRODUCTS)}")
    country = text(body, "country", pattern=re.compile("[A-Z]{2}"))
    fields: dict[str, Any] = {
        "logo_sid": sid(body, "logo_sid", "RD"),
        "friendly_name": text(body, "friendly_name"),
        "email_subject": text(body, "email_subject", maximum=MAX_SUBJECT),
        "email_message": text(body, "email_message", maximum=MAX_MESSAGE),
        "url_redirection": _url(body, "url_redirection"),
    }
    for row in list(world.signing_configurations.of(account.sid)):
        if (row.product, row.country) == (product, country):
            world.signing_configurations.remove(row)
    stamp = world.stamp("", account.sid)
    row = SigningConfiguration(*stamp, product=product, country=country, **fields)
    world.signing_configurations.add(row)
    return json_response(201, _signing_resource(context, row))


def _signing_resource(context: Context, row: SigningConfiguration) -> dict[str, Any]:
    return {
        "logo_sid": row.logo_sid,
        "friendly_name": row.friendly_name,
        "product": row.product,
        "country": row.country,
        "email_subject": row.email_subject,
        "email_message": row.email_message,
        "url_redirection": row.url_redirection,
        "url": f"{context.base_url('numbers')}{_SIGNING}",
    }


_WEBHOOK = "/v1/Porting/Configuration/Webhook"
_SIGNING = "/v1/SigningRequest/Configuration"
OPERATIONS = [
    Operation("GET", "numbers", _WEBHOOK, fetch_webhooks),
    Operation("POST", "numbers", _WEBHOOK, set_webhooks, body="json"),
    Operation("DELETE", "numbers", f"{_WEBHOOK}/{{WebhookType}}", delete_webhooks),
    Operation(
        "GET",
        "numbers",
        _SIGNING,
        list_signing,
        (Parameter("Country", parameters.text()), Parameter("Product", parameters.text())),
    ),
    Operation("POST", "numbers", _SIGNING, set_signing, body="json"),
]
