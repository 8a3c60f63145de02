"""Twilio's error codes and the JSON shape they come in (twilio-facts 1.5, 1.6, 2, 8)."""

from __future__ import annotations

from typing import Any

# code -> (HTTP status, our own words for it)
ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "A parameter is not valid"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20006: (403, "Access denied"),
    20009: (409, "The message is still on its way"),
    20403: (403, "Forbidden: the account is not active"),
    20404: (404, "The requested resource was not found"),
    20409: (409, "The request conflicts with what is there"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service is unavailable"),
    21201: (400, "A 'To' phone number is required"),
    21205: (400, "A URL, TwiML or an application is required"),
    21210: (400, "The 'From' number is neither of this account nor verified"),
    21211: (400, "The 'To' number is not a valid phone number"),
    21212: (400, "The 'From' number is not a valid phone number"),
    21213: (400, "A 'From' phone number is required"),
    21218: (400, "The ApplicationSid is not valid"),
    21219: (400, "The 'To' number is not verified, and a trial account can call no other"),
    21220: (400, "The call is not in progress"),
    21266: (400, "The 'To' and 'From' numbers cannot be the same"),
    21402: (400, "The URL is not valid"),
    21403: (400, "The HTTP method is not valid"),
    21404: (400, "The phone number is not available to a trial account"),
    21408: (400, "Sending texts to the region of the 'To' number is not enabled"),
    21421: (400, "The phone number is not valid"),
    21422: (400, "The phone number is not available"),
    21451: (400, "The area code is not valid"),
    21452: (400, "No phone numbers were found in the area code"),
    21470: (400, "The AccountSid is not valid"),
    21471: (400, "The account does not exist"),
    21472: (400, "The account is not active"),
    21473: (400, "The account is not related to the owner of the phone number"),
    21474: (400, "Only the parent account can transfer phone numbers"),
    21475: (400, "The account status is not valid"),
    21476: (400, "The status cannot be changed while the parent account is suspended"),
    21477: (400, "The status of a parent account cannot be changed"),
    21478: (400, "The account was suspended by Twilio; its status cannot be changed"),
    21479: (400, "The account is closed already"),
    21480: (400, "There are too many subaccounts"),
    21481: (400, "The page token is not valid"),
    21602: (400, "A message needs a body or media"),
    21603: (400, "A 'From' or a 'MessagingServiceSid' is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (400, "The 'From' number is not one of this account that can send this message"),
    21608: (400, "The 'To' number is not verified, and a trial account can write to no other"),
    21609: (400, "The 'StatusCallback' is not a valid URL"),
    21610: (400, "The recipient has opted out of messages from this sender"),
    21611: (400, "The 'From' number has too many messages queued"),
    21612: (400, "The 'To' number cannot be reached from this sender"),
    21613: (400, "The phone number requires a certification"),
    21614: (400, "The 'To' number is not a mobile number"),
    21615: (400, "The phone number requires a local address"),
    21617: (400, "The body has more than 1600 characters"),
    21620: (400, "A media URL is not valid"),
    21621: (400, "The 'From' number cannot send MMS"),
    21623: (400, "There are more than ten media URLs"),
    21624: (400, "The validity period must be from 1 to 36000 seconds"),
    21631: (400, "The phone number requires an address"),
    21649: (400, "The phone number requires a bundle"),
    21650: (400, "The phone number requires an identity document"),
    21651: (400, "The phone number requires a document"),
    21655: (400, "The ContentSid is not valid"),
    21701: (400, "The messaging service does not exist"),
    21704: (400, "The messaging service has no phone numbers"),
    21705: (400, "The messaging service is not valid"),
    21710: (409, "The phone number is in this messaging service already"),
    21711: (404, "The phone number is not in this messaging service"),
    21712: (409, "The phone number is in another messaging service"),
    21713: (400, "The use case of the messaging service is not valid"),
    21714: (412, "The messaging service has as many phone numbers as it can have"),
    21715: (400, "The phone number can neither send SMS nor MMS"),
    21717: (400, "The brand is not registered, or not for this use case"),
    21720: (400, "The A2P use case is not valid"),
    21725: (400, "A brand can only be updated after it failed"),
    21727: (400, "The campaign lacks a required parameter"),
    21728: (400, "A field of the campaign is too short or too long"),
    21729: (400, "The campaign is suspended"),
    22121: (400, "A hosted number that is not in use cannot be transferred"),
    22170: (400, "The bundle SID is not valid"),
    22171: (400, "A required field is missing"),
    22172: (400, "The phone numbers are of several countries or not E.164"),
    22173: (400, "The address SID is not valid"),
    22300: (400, "The account may not have long codes"),
    22350: (400, "The phone number is being ported out"),
    22400: (400, "The phone number is part of an active route configuration"),
    22402: (400, "The operation is not permitted within the region"),
    30409: (409, "The message cannot be canceled"),
    35111: (400, "SendAt is required for a scheduled message"),
    35114: (400, "SendAt is too soon or too late"),
    35118: (400, "A scheduled message needs a MessagingServiceSid"),
    63007: (400, "There is no channel with the 'From' address"),
    70002: (400, "A page of the list needs its PageToken"),
}

CODE_OF_STATUS = {
    400: 20001,
    401: 20003,
    403: 20403,
    404: 20404,
    405: 20004,
    429: 20429,
    500: 20500,
    503: 20503,
}


class TwilioError(Exception):
    """A refusal that leaves the stand-in in Twilio's error shape."""

    def __init__(self, code: int, message: str | None = None, *, status: int | None = None) -> None:
        known_status, known_message = ERRORS.get(code, (400, "The request was refused"))
        self.code = code
        self.message = message or known_message
        self.status = status or known_status
        super().__init__(f"{self.status} {self.code}: {self.message}")

    def body(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class ControlError(Exception):
    """A refusal of the control API under `/_sandbox/`."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)
