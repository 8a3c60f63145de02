"""Toll-free verifications (twilio-facts 7.4)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.errors import ControlError, TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import phones, registrations
from twilio_sandbox.messaging.rows import Verification
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Check, Parameter, field_of, flag, one_of, sid, text
from twilio_sandbox.timers import action
from twilio_sandbox.world import World

PENDING, IN_REVIEW, APPROVED, REJECTED = STATUSES = (
    "PENDING_REVIEW",
    "IN_REVIEW",
    "TWILIO_APPROVED",
    "TWILIO_REJECTED",
)
EDIT_SECONDS = 7 * 86_400  # how long a rejected one can be edited
DEFAULT_REASON = {"code": 30440, "reason": "The review found a fault."}

_CATEGORIES = [
    "TWO_FACTOR_AUTHENTICATION",
    "ACCOUNT_NOTIFICATIONS",
    "CUSTOMER_CARE",
    "CHARITY_NONPROFIT",
    "DELIVERY_NOTIFICATIONS",
    "FRAUD_ALERT_MESSAGING",
    "EVENTS",
    "HIGHER_EDUCATION",
    "K12",
    "MARKETING",
    "POLLING_AND_VOTING_NON_POLITICAL",
    "POLITICAL_ELECTION_CAMPAIGNS",
    "PUBLIC_SERVICE_ANNOUNCEMENT",
    "SECURITY_ALERT",
]
_OPT_IN_TYPES = [
    "VERBAL",
    "WEB_FORM",
    "PAPER_FORM",
    "VIA_TEXT",
    "MOBILE_QR_CODE",
    "IMPORT",
    "IMPORT_PLEASE_REPLACE",
]
_AUTHORITIES = [
    "EIN",
    "CBN",
    "CRN",
    "PROVINCIAL_NUMBER",
    "VAT",
    "ACN",
    "ABN",
    "BRN",
    "SIREN",
    "SIRET",
    "NZBN",
    "USt-IdNr",
    "CIF",
    "NIF",
    "CNPJ",
    "UID",
    "NEQ",
    "OTHER",
]
_BUSINESS_TYPES = ["PRIVATE_PROFIT", "PUBLIC_PROFIT", "SOLE_PROPRIETOR", "NON_PROFIT", "GOVERNMENT"]
# parameter -> (check, whether it may be repeated)
_REQUIRED: dict[str, tuple[Check, bool]] = {
    "BusinessName": (text(), False),
    "BusinessWebsite": (text(), False),
    "NotificationEmail": (text(), False),
    "UseCaseCategories": (one_of(*_CATEGORIES), True),
    "UseCaseSummary": (text(), False),
    "ProductionMessageSample": (text(), False),
    "OptInImageUrls": (text(), True),
    "OptInType": (one_of(*_OPT_IN_TYPES), False),
    "MessageVolume": (text(), False),
}
_OPTIONAL: dict[str, tuple[Check, bool]] = {
    **{
        name: (text(), False)
        for name in (
            "BusinessStreetAddress",
            "BusinessStreetAddress2",
            "BusinessCity",
            "BusinessStateProvinceRegion",
            "BusinessPostalCode",
            "BusinessCountry",
            "AdditionalInformation",
            "BusinessContactFirstName",
            "BusinessContactLastName",
            "BusinessContactEmail",
            "BusinessContactPhone",
            "BusinessRegistrationNumber",
            "BusinessRegistrationCountry",
            "BusinessRegistrationPhoneNumber",
            "DoingBusinessAs",
            "OptInConfirmationMessage",
            "HelpMessageSample",
            "PrivacyPolicyUrl",
            "TermsAndConditionsUrl",
            "VettingId",
        )
    },
    "BusinessRegistrationAuthority": (one_of(*_AUTHORITIES), False),
    "BusinessType": (one_of(*_BUSINESS_TYPES), False),
    "AgeGatedContent": (flag, False),
    "OptInKeywords": (text(), True),
    "VettingProvider": (one_of("CAMPAIGN_VERIFY"), False),
}
_ON_CREATION: dict[str, tuple[Check, bool]] = {
    "CustomerProfileSid": (sid("BU"), False),
    "ExternalReferenceId": (text(), False),
}
# What the review says; none of it is known at first.
_VERDICT: dict[str, Any] = {
    "rejection_reason": None,
    "error_code": None,
    "edit_expiration": None,
    "edit_allowed": None,
    "rejection_reasons": None,
}


def resource(context: Context, row: Verification) -> dict[str, Any]:
    """The verification with exactly Twilio's fields."""
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "regulated_item_sid": None,
        "trust_product_sid": None,
        **row.fields,
        "status": row.status,
        "date_created": iso8601(row.created),
        "date_updated": iso8601(row.updated),
        "tollfree_phone_number_sid": row.number_sid,
        "tollfree_phone_number": row.phone_number,
        "vetting_id_expiration": None,
        "resource_links": {},
        "url": f"{context.base_url('messaging')}/v1/Tollfree/Verifications/{row.sid}",
    }


def create(context: Context) -> Response:
    """Ask for the verification of a toll-free number of the account."""
    world, account, given = context.world, context.active_account(), context.read()
    number = world.numbers.find(account.sid, given["TollfreePhoneNumberSid"])
    if number is None:
        raise TwilioError(20404, "The phone number is not in this account")
    if not phones.is_toll_free(number.phone_number):
        raise TwilioError(20001, f"{number.phone_number} is not a toll-free number")
    if any(row.number_sid == number.sid for row in world.verifications.of(account.sid)):
        raise TwilioError(20409, "The phone number has a verification already")
    known = (*_REQUIRED, *_OPTIONAL, *_ON_CREATION)
    fields = {field_of(name): given.get(name) for name in known}
    row = world.verifications.add(
        Verification(
            *world.stamp("HH", account.sid),
            number_sid=number.sid,
            phone_number=number.phone_number,
            status=PENDING,
            fields=fields | _VERDICT,
        )
    )
    _await_review(world, row)
    return json_response(201, resource(context, row))


def list_verifications(context: Context) -> Response:
    """Those of the account, with `IncludeSubAccounts` of its subaccounts as well."""
    world, account, given = context.world, context.active_account(), context.read()
    accounts = [account]
    if given.get("IncludeSubAccounts") and account.is_main:
        accounts += world.subaccounts(account)
    wanted = given.get("TollfreePhoneNumberSid"), given.get("Status")
    reference, products = given.get("ExternalReferenceId"), given.get("TrustProductSid")
    rows = [
        row
        for each in accounts
        for row in world.verifications.of(each.sid)
        if wanted[0] in (None, "", row.number_sid)
        and wanted[1] in (None, row.status)
        and reference in (None, "", row.fields["external_reference_id"])
        and not products  # nobody here has a trust product
    ]
    rows.sort(key=lambda row: row.seq)
    return page_with_meta(context, "verifications", rows, lambda row: resource(context, row))


def fetch(context: Context) -> Response:
    return json_response(200, resource(context, _verification(context)))


def update(context: Context) -> Response:
    """Hand in again what was rejected, as long as that is allowed."""
    world, row, given = context.world, _verification(context), context.read()
    until = row.fields["edit_expiration"]
    if row.status != REJECTED or not row.fields["edit_allowed"]:
        raise TwilioError(20001, f"A verification that is {row.status} cannot be edited")
    if until is not None and iso8601(world.now()) > until:
        raise TwilioError(20001, "The time to edit this verification is over")
    changes = {field_of(name): given[name] for name in (*_REQUIRED, *_OPTIONAL) if name in given}
    row.fields = row.fields | changes
    set_status(world, row, PENDING)
    _await_review(world, row)
    return json_response(202, resource(context, row))


def delete(context: Context) -> Response:
    row = _verification(context)
    context.world.cancel(row.timer)
    context.world.verifications.remove(row)
    return Response(204)


def _verification(context: Context) -> Verification:
    return context.find(context.world.verifications, context.active_account())


# The review


def _await_review(world: World, row: Verification) -> None:
    due = registrations.after_business_days(world, 1)
    row.timer = world.at(due, "messaging.verification", sid=row.sid, status=IN_REVIEW)
    world.verifications.changed(row)


@action("messaging.verification")
def review(world: World, sid: str, status: str) -> None:
    """The next step of the review."""
    if (row := world.verifications.get(sid)) is None:
        return
    set_status(world, row, status)
    if status == IN_REVIEW:
        due = registrations.after_business_days(world, registrations.VERIFICATION_DAYS - 1)
        row.timer = world.at(due, "messaging.verification", sid=sid, status=APPROVED)
        world.verifications.changed(row)


def set_status(
    world: World, row: Verification, status: str, verdict: dict[str, Any] | None = None
) -> None:
    """Give it a status; only a rejected one has reasons."""
    world.cancel(row.timer)
    row.status, row.timer, row.updated = status, None, world.now()
    row.fields = row.fields | _VERDICT | (verdict or {})
    world.verifications.changed(row)


def control_status(world: World, body: Body, sid: str) -> Answer:
    """`{"status": "TWILIO_REJECTED", "reasons": [{"code": 30446, "reason": "…"}],
    "edit_allowed": true}`."""
    row = world.verifications.get(sid)
    if row is None:
        raise ControlError(404, f"there is no toll-free verification {sid}")
    status, editable = body.get("status"), body.get("edit_allowed", True)
    if status not in STATUSES or not isinstance(editable, bool):
        raise ControlError(400, f"status must be one of {', '.join(STATUSES)}")
    verdict = _rejection(world, body.get("reasons"), editable) if status == REJECTED else None
    set_status(world, row, status, verdict)
    return 200, {"sid": sid, "status": row.status, **row.fields}


def _rejection(world: World, reasons: Any, editable: bool) -> dict[str, Any]:
    rows = reasons or [DEFAULT_REASON]
    if not isinstance(rows, list) or not all(
        isinstance(each, dict) and isinstance(each.get("code"), int) for each in rows
    ):
        raise ControlError(400, "each of reasons needs a code, a whole number")
    shown = [
        {"code": each["code"], "reason": str(each.get("reason") or DEFAULT_REASON["reason"])}
        for each in rows
    ]
    return {
        "rejection_reason": shown[0]["reason"],
        "error_code": shown[0]["code"],
        "edit_allowed": editable,
        "edit_expiration": iso8601(world.now() + EDIT_SECONDS) if editable else None,
        "rejection_reasons": shown,
    }


def _parameters(
    table: dict[str, tuple[Check, bool]], *, required: bool = False
) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, check, required=required, many=many)
        for name, (check, many) in table.items()
    )


_CREATE = (
    *_parameters(_REQUIRED, required=True),
    Parameter("TollfreePhoneNumberSid", sid("PN"), required=True),
    *_parameters(_OPTIONAL),
    *_parameters(_ON_CREATION),
)
_UPDATE = (
    *_parameters(_REQUIRED),
    *_parameters(_OPTIONAL),
    Parameter("EditReason", text()),
)
_FILTERS = (
    Parameter("TollfreePhoneNumberSid", sid("PN")),
    Parameter("Status", one_of(*STATUSES)),
    Parameter("ExternalReferenceId", text()),
    Parameter("IncludeSubAccounts", flag),
    Parameter("TrustProductSid", text(), many=True),
)
_ALL, _ONE = "/v1/Tollfree/Verifications", "/v1/Tollfree/Verifications/{Sid}"
OPERATIONS = [
    Operation("POST", "messaging", _ALL, create, _CREATE),
    Operation("GET", "messaging", _ALL, list_verifications, _FILTERS),
    Operation("GET", "messaging", _ONE, fetch),
    Operation("POST", "messaging", _ONE, update, _UPDATE),
    Operation("DELETE", "messaging", _ONE, delete),
]
CONTROLS = [ControlCall("POST", "/tollfree-verifications/(?P<sid>[^/]+)/status", control_status)]
