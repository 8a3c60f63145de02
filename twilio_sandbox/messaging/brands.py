"""A2P brand registrations (twilio-facts 7.4)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.errors import ControlError, TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import registrations
from twilio_sandbox.messaging.rows import Brand
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Parameter, flag, one_of, sid
from twilio_sandbox.timers import action
from twilio_sandbox.world import World

STATUSES = (
    "PENDING",
    "APPROVED",
    "FAILED",
    "IN_REVIEW",
    "DELETION_PENDING",
    "DELETION_FAILED",
    "SUSPENDED",
)
IDENTITIES = ("SELF_DECLARED", "UNVERIFIED", "VERIFIED", "VETTED_VERIFIED")
TYPES = ("STANDARD", "SOLE_PROPRIETOR")
SCORE = 75  # of an approved brand; not published how it comes about
REVIEW_SECONDS = 3600.0  # until somebody looks at it


def resource(context: Context, brand: Brand) -> dict[str, Any]:
    """The brand with exactly Twilio's fields."""
    address = f"{context.base_url('messaging')}/v1/a2p/BrandRegistrations/{brand.sid}"
    return {
        "sid": brand.sid,
        "account_sid": brand.account_sid,
        **brand.fields,
        "status": brand.status,
        "date_created": iso8601(brand.created),
        "date_updated": iso8601(brand.updated),
        "url": address,
        "links": {
            "brand_vettings": f"{address}/Vettings",
            "brand_registration_otps": f"{address}/SmsOtp",
        },
    }


def create(context: Context) -> Response:
    """Registered as PENDING; a mock brand is approved at once."""
    account, given = context.active_account(), context.read()
    is_mock = given.get("Mock", False)
    brand = context.world.brands.add(
        Brand(
            *context.world.stamp("BN", account.sid),
            status="PENDING",
            fields={
                "customer_profile_bundle_sid": given["CustomerProfileBundleSid"],
                "a2p_profile_bundle_sid": given["A2PProfileBundleSid"],
                "brand_type": given.get("BrandType", "STANDARD"),
                "tcr_id": None,
                "failure_reason": None,
                "brand_score": None,
                "brand_feedback": None,
                "identity_status": "UNVERIFIED",
                "russell_3000": None,
                "government_entity": None,
                "tax_exempt_status": None,
                "skip_automatic_sec_vet": given.get("SkipAutomaticSecVet", False),
                "mock": is_mock,
                "errors": [],
            },
        )
    )
    if is_mock:
        set_status(context.world, brand, "APPROVED")
    else:
        _await_review(context.world, brand)
    return json_response(201, resource(context, brand))


def list_brands(context: Context) -> Response:
    rows = context.world.brands.of(context.active_account().sid)
    return page_with_meta(context, "data", rows, lambda row: resource(context, row))


def fetch(context: Context) -> Response:
    return json_response(200, resource(context, _brand(context)))


def update(context: Context) -> Response:
    """Hand in again what failed."""
    brand = _brand(context)
    if brand.status != "FAILED":
        raise TwilioError(21725)
    set_status(context.world, brand, "PENDING")
    _await_review(context.world, brand)
    return json_response(202, resource(context, brand))


def _brand(context: Context) -> Brand:
    return context.find(context.world.brands, context.active_account())


def _await_review(world: World, brand: Brand) -> None:
    brand.timer = world.after(REVIEW_SECONDS, "messaging.brand", sid=brand.sid, status="IN_REVIEW")
    world.brands.changed(brand)


@action("messaging.brand")
def review(world: World, sid: str, status: str) -> None:
    """The next step of the review."""
    if (brand := world.brands.get(sid)) is None:
        return
    set_status(world, brand, status)
    if status == "IN_REVIEW":
        due = registrations.after_business_days(world, registrations.BRAND_DAYS)
        brand.timer = world.at(due, "messaging.brand", sid=sid, status="APPROVED")
        world.brands.changed(brand)


def set_status(
    world: World, brand: Brand, status: str, errors: list[dict[str, Any]] | None = None
) -> None:
    """What a status says about the other fields."""
    world.cancel(brand.timer)
    brand.status, brand.timer, brand.updated = status, None, world.now()
    fields: dict[str, Any] = {"errors": errors or [], "failure_reason": None}
    if status == "APPROVED":
        fields |= {"tcr_id": brand.fields["tcr_id"] or f"B{world.new_sid('')[:6].upper()}"}
        fields |= {"identity_status": "VERIFIED", "brand_score": SCORE, "russell_3000": False}
        fields |= {"government_entity": False}
    elif status == "FAILED":
        fields |= {"identity_status": "UNVERIFIED"}
        fields |= {"failure_reason": errors[0]["description"] if errors else "Registration error"}
    brand.fields = brand.fields | fields
    world.brands.changed(brand)


def control_status(world: World, body: Body, sid: str) -> Answer:
    """`{"status": "FAILED", "errors": […], "identity_status": "UNVERIFIED"}`."""
    brand = world.brands.get(sid)
    if brand is None:
        raise ControlError(404, f"there is no brand {sid}")
    identity = body.get("identity_status")
    if body.get("status") not in STATUSES or identity not in (None, *IDENTITIES):
        raise ControlError(
            400, f"status is one of {', '.join(STATUSES)}; identity {', '.join(IDENTITIES)}"
        )
    set_status(world, brand, body["status"], registrations.errors(body.get("errors", [])))
    if identity is not None:
        brand.fields = {**brand.fields, "identity_status": identity}
    return 200, {"sid": sid, "status": brand.status, **brand.fields}


_CREATE = (
    Parameter("CustomerProfileBundleSid", sid("BU"), required=True),
    Parameter("A2PProfileBundleSid", sid("BU"), required=True),
    Parameter("BrandType", one_of(*TYPES)),
    Parameter("Mock", flag),
    Parameter("SkipAutomaticSecVet", flag),
)
_ALL, _ONE = "/v1/a2p/BrandRegistrations", "/v1/a2p/BrandRegistrations/{Sid}"
OPERATIONS = [
    Operation("POST", "messaging", _ALL, create, _CREATE),
    Operation("GET", "messaging", _ALL, list_brands),
    Operation("GET", "messaging", _ONE, fetch),
    Operation("POST", "messaging", _ONE, update),
]
CONTROLS = [ControlCall("POST", "/brands/(?P<sid>[^/]+)/status", control_status)]
