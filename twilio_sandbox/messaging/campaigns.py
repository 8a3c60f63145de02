"""The A2P campaign of a messaging service (twilio-facts 7.4)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.errors import ControlError, TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import compliance, registrations
from twilio_sandbox.messaging import services as of_services
from twilio_sandbox.messaging.rows import Campaign, Service
from twilio_sandbox.messaging.usecases import SOLE_PROPRIETOR, USECASES
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Parameter, field_of, flag, sid, text, url
from twilio_sandbox.timers import action
from twilio_sandbox.world import World

STATUSES = ("PENDING", "IN_PROGRESS", "VERIFIED", "FAILED", "SUSPENDED")
# parameter -> (shortest, longest); the samples also have to be from two to five
_LENGTHS = {
    "Description": (40, 4096),
    "MessageFlow": (40, 2048),
    "MessageSamples": (20, 1024),
    "OptInMessage": (20, 320),
    "OptOutMessage": (20, 320),
    "HelpMessage": (20, 320),
}
_KEYWORDS = ("OptInKeywords", "OptOutKeywords", "HelpKeywords")
MAX_KEYWORDS = 255  # characters of a list
# What a campaign says that leaves it to Twilio.
_DEFAULTS: dict[str, Any] = {
    "opt_in_message": None,
    "opt_out_message": "You have successfully been unsubscribed. You will not receive any more"
    " messages from this number. Reply START to resubscribe.",
    "help_message": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "opt_in_keywords": ["START"],
    "opt_out_keywords": ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"],
    "help_keywords": ["HELP", "INFO"],
    "subscriber_opt_in": True,
    "age_gated": False,
    "direct_lending": False,
}
_RATE_LIMITS = {"att": {"mps": 600, "msg_class": "A"}, "tmobile": {"brand_tier": "TOP"}}


def resource(context: Context, campaign: Campaign) -> dict[str, Any]:
    """The campaign with exactly Twilio's fields."""
    address = f"{context.base_url('messaging')}/v1/Services/{campaign.service_sid}"
    return {
        "sid": campaign.sid,
        "account_sid": campaign.account_sid,
        "brand_registration_sid": campaign.brand_sid,
        "messaging_service_sid": campaign.service_sid,
        **campaign.fields,
        "campaign_status": campaign.status,
        "is_externally_registered": False,
        "date_created": iso8601(campaign.created),
        "date_updated": iso8601(campaign.updated),
        "url": f"{address}/Compliance/Usa2p/{campaign.sid}",
    }


def create(context: Context) -> Response:
    """One campaign for a service, under an approved brand."""
    world, service = context.world, _service(context)
    given = _read(context)
    brand = world.brands.find(service.account_sid, given["BrandRegistrationSid"])
    usecase = given["UsAppToPersonUsecase"]
    if usecase not in (*USECASES, SOLE_PROPRIETOR):
        raise TwilioError(21720)
    if brand is None or brand.status != "APPROVED":
        raise TwilioError(21717)
    if (usecase == SOLE_PROPRIETOR) != (brand.fields["brand_type"] == SOLE_PROPRIETOR):
        raise TwilioError(21717)
    if compliance.campaign_of(world, service.sid) is not None:
        raise TwilioError(20409, "The messaging service has a campaign already")
    fields = _DEFAULTS | _fields(given)
    fields |= {"campaign_id": None, "rate_limits": None, "errors": []}
    campaign = Campaign(
        *world.stamp("QE", service.account_sid),
        service_sid=service.sid,
        brand_sid=brand.sid,
        status="PENDING",
        fields=fields | {"mock": brand.fields["mock"]},
    )
    world.campaigns.add(campaign)
    if campaign.fields["mock"]:
        set_status(world, campaign, "VERIFIED")
    else:
        _await_review(world, campaign)
    return json_response(201, resource(context, campaign))


def _read(context: Context) -> dict[str, Any]:
    """The parameters, with Twilio's codes for what is missing (21727) or of a wrong length."""
    given = context.read()
    for name, (shortest, longest) in _LENGTHS.items():
        texts = given.get(name, [])
        for each in texts if isinstance(texts, list) else [texts]:
            if not shortest <= len(each) <= longest:
                raise TwilioError(21728, f"{name} must have {shortest} to {longest} characters")
    if not 2 <= len(given["MessageSamples"]) <= 5:
        raise TwilioError(21728, "There must be from two to five MessageSamples")
    for name in _KEYWORDS:
        if sum(map(len, given.get(name, []))) > MAX_KEYWORDS:
            raise TwilioError(21728, f"{name} must have at most {MAX_KEYWORDS} characters")
    return given


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    return {
        field_of(name): value for name, value in given.items() if name != "BrandRegistrationSid"
    }


def list_campaigns(context: Context) -> Response:
    service = _service(context)
    campaign = compliance.campaign_of(context.world, service.sid)
    rows = [] if campaign is None else [campaign]
    return page_with_meta(context, "compliance", rows, lambda row: resource(context, row))


def fetch(context: Context) -> Response:
    return json_response(200, resource(context, _campaign(context)))


def update(context: Context) -> Response:
    """Hand in again a campaign that was rejected."""
    campaign, given = _campaign(context), _read(context)
    if campaign.status == "SUSPENDED":
        raise TwilioError(21729)
    if campaign.status != "FAILED":
        raise TwilioError(20001, "Only a campaign that was rejected can be changed")
    campaign.fields = campaign.fields | _fields(given)
    set_status(context.world, campaign, "PENDING")
    _await_review(context.world, campaign)
    return json_response(200, resource(context, campaign))


def delete(context: Context) -> Response:
    """End the campaign; its numbers are unregistered again."""
    world, campaign = context.world, _campaign(context)
    world.cancel(campaign.timer)
    world.campaigns.remove(campaign)
    compliance.members_follow(world, campaign.service_sid)
    return Response(204)


def list_usecases(context: Context) -> Response:
    """What a brand may register; `BrandRegistrationSid` has to be a brand of the account."""
    service, given = _service(context), context.read()
    wanted = given.get("BrandRegistrationSid")
    if wanted and context.world.brands.find(service.account_sid, wanted) is None:
        raise TwilioError(21717)
    rows = [
        {
            "code": code,
            "name": name,
            "description": description,
            "post_approval_required": needs_approval,
        }
        for code, (name, description, needs_approval) in USECASES.items()
    ]
    return json_response(200, {"us_app_to_person_usecases": rows})


def _service(context: Context) -> Service:
    return of_services.find(context, "MessagingServiceSid")


def _campaign(context: Context) -> Campaign:
    service = _service(context)
    campaign = compliance.campaign_of(context.world, service.sid)
    if campaign is None or campaign.sid != context.args["Sid"]:
        raise context.not_found()
    return campaign


# The review


def _await_review(world: World, campaign: Campaign) -> None:
    due = registrations.after_business_days(world, 1)
    campaign.timer = world.at(due, "messaging.campaign", sid=campaign.sid, status="IN_PROGRESS")
    world.campaigns.changed(campaign)


@action("messaging.campaign")
def review(world: World, sid: str, status: str) -> None:
    """The next step of the review."""
    if (campaign := world.campaigns.get(sid)) is None:
        return
    set_status(world, campaign, status)
    if status == "IN_PROGRESS":
        due = registrations.after_business_days(world, registrations.CAMPAIGN_DAYS - 1)
        campaign.timer = world.at(due, "messaging.campaign", sid=sid, status="VERIFIED")
        world.campaigns.changed(campaign)


def set_status(
    world: World, campaign: Campaign, status: str, errors: list[dict[str, Any]] | None = None
) -> None:
    """What a status says about the other fields, and about the numbers of the service."""
    world.cancel(campaign.timer)
    campaign.status, campaign.timer, campaign.updated = status, None, world.now()
    fields: dict[str, Any] = {"errors": errors or []}
    if status == "VERIFIED":
        known = campaign.fields["campaign_id"]
        fields |= {"campaign_id": known or f"C{world.new_sid('')[:6].upper()}"}
        fields |= {"rate_limits": _RATE_LIMITS}
    campaign.fields = campaign.fields | fields
    world.campaigns.changed(campaign)
    compliance.members_follow(world, campaign.service_sid)


def control_status(world: World, body: Body, sid: str) -> Answer:
    """`{"status": "FAILED", "errors": [{"error_code": 30897, "fields": ["MESSAGE_FLOW"]}]}`."""
    campaign = world.campaigns.get(sid)
    if campaign is None:
        raise ControlError(404, f"there is no campaign {sid}")
    if body.get("status") not in STATUSES:
        raise ControlError(400, f"status must be one of {', '.join(STATUSES)}")
    set_status(world, campaign, body["status"], registrations.errors(body.get("errors", [])))
    return 200, {"sid": sid, "status": campaign.status, **campaign.fields}


def _required(name: str, check: Any, *, many: bool = False) -> Parameter:
    return Parameter(name, check, required=True, many=many, missing=21727)


_CONTENT = (
    _required("Description", text()),
    _required("MessageFlow", text()),
    _required("MessageSamples", text(), many=True),
    _required("HasEmbeddedLinks", flag),
    _required("HasEmbeddedPhone", flag),
)
_LINKS = (Parameter("PrivacyPolicyUrl", url), Parameter("TermsAndConditionsUrl", url))
_CREATE = (
    _required("BrandRegistrationSid", sid("BN")),
    _required("UsAppToPersonUsecase", text()),
    *_CONTENT,
    *(Parameter(name, text()) for name in ("OptInMessage", "OptOutMessage", "HelpMessage")),
    *(Parameter(name, text(), many=True) for name in _KEYWORDS),
    *(Parameter(name, flag) for name in ("SubscriberOptIn", "AgeGated", "DirectLending")),
    *_LINKS,
)
_UPDATE = (
    *_CONTENT,
    _required("AgeGated", flag),
    _required("DirectLending", flag),
    *_LINKS,
)
_ALL = "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p"
_ONE = "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p/{Sid}"
OPERATIONS = [
    Operation("POST", "messaging", _ALL, create, _CREATE),
    Operation("GET", "messaging", _ALL, list_campaigns),
    Operation(
        "GET",
        "messaging",
        f"{_ALL}/Usecases",
        list_usecases,
        (Parameter("BrandRegistrationSid", sid("BN")),),
    ),
    Operation("GET", "messaging", _ONE, fetch),
    Operation("POST", "messaging", _ONE, update, _UPDATE),
    Operation("DELETE", "messaging", _ONE, delete),
]
CONTROLS = [ControlCall("POST", "/campaigns/(?P<sid>[^/]+)/status", control_status)]
