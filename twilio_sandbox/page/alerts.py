"""What Twilio Monitor noted, and what programs asked of the sandbox."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.monitor.rows import Alert
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Child, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.page.webhooks import subject_link


def show(visit: Visit) -> Sheet:
    alerts = list(visit.world.alerts.values())[::-1]
    shown, pages = parts.paged(visit, alerts)
    if not shown:
        listed = parts.empty("No alerts", "Nothing went wrong on the way to a program.")
    else:
        heads = ("Code", "When", "Level", "What", "About", "Account")
        listed = parts.table("Alerts", heads, [_alert(visit, each) for each in shown])
    content = (parts.live("alerts", listed), pages)
    return Sheet("Alerts", content, extra="What went wrong towards programs, newest first")


def _alert(visit: Visit, alert: Alert) -> tuple[Child, ...]:
    return (
        str(alert.error_code),
        parts.time(alert.created),
        parts.badge(alert.log_level),
        parts.lines(
            alert.text, tag("small", alert.request_url, class_="url") if alert.request_url else None
        ),
        subject_link(visit, alert.resource_sid),
        parts.account_link(visit.world, alert.account_sid),
    )


# Requests


def show_requests(visit: Visit) -> Sheet:
    found = visit.get("/requests")
    recent: list[dict[str, Any]] = found["recent"][::-1]
    if wanted := visit.query.get("q", "").strip():
        recent = [each for each in recent if wanted in each["path"]]
    shown, pages = parts.paged(visit, recent)
    if not shown:
        title = "No request matches" if wanted else "No requests yet"
        listed = parts.empty(title, "Here stands what programs ask of Twilio's side.")
    else:
        heads = ("Request", "Answer", "With", "Fault", "Request ID")
        listed = parts.table("Requests", heads, [_request(each) for each in shown])
    count = f"{found['total']:,} so far; the last thousand are listed, newest first"
    box = parts.search(visit, "A part of the path")
    forget = Form(visit, "forget").press("Forget them") if found["total"] else None
    return Sheet(
        "Requests", (box, parts.live("requests", listed), pages), extra=count, actions=forget
    )


def _request(request: dict[str, Any]) -> tuple[Child, ...]:
    given = {**request["query"], **request.get("form", {})}
    status, words = request["status"], ", ".join(f"{k}={v}" for k, v in given.items())
    return (
        tag("span", tag("b", request["method"]), " ", request["path"], class_="address"),
        parts.badge(str(status), "good" if status < 400 else "bad"),
        tag("span", words, class_="url", title=words) if words else None,
        parts.badge(request["fault"], "warn") if request["fault"] else None,
        parts.code(request["request_id"]),
    )


def forget(visit: Visit) -> Done:
    visit.post("/requests", method="DELETE")
    return Done("The requests are forgotten.")


PAGES = [
    Page("/room/alerts", show),
    Page("/room/requests", show_requests, {"forget": forget}),
]
