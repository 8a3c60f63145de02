"""Twilio's error codes and the JSON shape they come in (twilio-facts 1.5, 1.6, 2, 8)."""

from __future__ import annotations

from typing import Any

# code -> (HTTP status, our own words for it)
ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "A parameter is not valid"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20006: (403, "Access denied"),
    20403: (403, "Forbidden: the account is not active"),
    20404: (404, "The requested resource was not found"),
    20409: (409, "The state of the resource does not allow it"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service is unavailable"),
    21402: (400, "The URL is not valid"),
    21403: (400, "The HTTP method is not valid"),
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
    21631: (400, "The phone number requires an address"),
    22170: (400, "The bundle SID is not valid"),
    22171: (400, "A required field is missing"),
    22172: (400, "The phone numbers are of several countries or not E.164"),
    22173: (400, "The address SID is not valid"),
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
