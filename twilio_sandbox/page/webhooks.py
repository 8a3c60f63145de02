"""What was told to programs: every attempt, the answer it got, and once more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.webhooks import courier
from twilio_sandbox.webhooks.rows import DELIVERED, FAILED, PENDING, Webhook


def show(visit: Visit) -> Sheet:
    hooks = list(visit.world.webhooks.values())[::-1]
    kinds = sorted({hook.kind for hook in hooks})
    kind, state = visit.query.get("kind"), visit.query.get("state")
    about = visit.query.get("about")
    rows = [
        hook
        for hook in hooks
        if (not kind or hook.kind == kind)
        and (not state or hook.state == state)
        and (not about or hook.subject_sid == about)
    ]
    shown, pages = parts.paged(visit, rows)
    filters = (
        parts.chips(visit, "state", "State", (PENDING, DELIVERED, FAILED), "All states"),
        parts.chips(visit, "kind", "Kind", kinds, "All kinds") if len(kinds) > 1 else None,
    )
    listed = listing(visit, shown) if shown else _none(bool(hooks))
    content = (tag("div", filters, class_="stack tight"), parts.live("webhooks", listed), pages)
    return Sheet("Webhooks", content, extra="What programs were told, newest first")


def _none(any_at_all: bool) -> Markup:
    if any_at_all:
        return parts.empty("No webhook matches", "Take a filter away.")
    return parts.empty("No webhooks yet", "Send a text or call a number that has a URL.")


def listing(visit: Visit, hooks: Any) -> Markup:
    """Webhooks as a table, here and beside the thing they are about."""
    heads = ("Kind", "Sent", "To", "State", "Answer")
    return parts.table("Webhooks", heads, [_row(visit, hook) for hook in hooks])


def _row(visit: Visit, hook: Webhook) -> tuple[Child, ...]:
    tried = f"{len(hook.attempts)} attempts" if len(hook.attempts) > 1 else None
    return (
        (
            parts.link(hook.kind, parts.to("webhooks", hook.sid)),
            tag("small", parts.account_link(visit.world, hook.account_sid)),
        ),
        parts.time(hook.created),
        tag("span", f"{hook.method} {hook.url}", class_="url"),
        parts.badge(hook.state),
        parts.lines(_answer(hook), parts.soft(tried) if tried else None),
    )


def _answer(hook: Webhook) -> str | None:
    """The last answer in a few words."""
    if not hook.attempts:
        return None
    last = hook.attempts[-1]
    result = str(last["status"] or last["error"])
    return f"{result}, {hook.error_code}" if hook.error_code else result


def exchange(hooks: Iterable[Webhook]) -> Markup:
    """What a program was asked and told, in order, with what it answered."""
    return tag("ol", [_step(hook) for hook in hooks], class_="timeline")


def _step(hook: Webhook) -> Markup:
    last = hook.attempts[-1] if hook.attempts else None
    tone = {DELIVERED: "good", FAILED: "bad"}.get(hook.state, "")
    return tag(
        "li",
        tag(
            "div",
            parts.link(hook.kind, parts.to("webhooks", hook.sid)),
            f" · {_answer(hook) or 'no answer yet'}",
        ),
        tag("div", parts.time(hook.created), f" · {hook.method} {hook.url}", class_="meta"),
        tag("pre", last["body"], tabindex="0") if last and last["body"] else None,
        class_=tone,
    )


# One of them


def _hook(visit: Visit) -> Webhook:
    hook = visit.world.webhooks.get(visit.args["sid"])
    if hook is None:
        raise ControlError(404, f"There is no webhook {visit.args['sid']}.")
    return hook


def show_one(visit: Visit) -> Sheet:
    hook = _hook(visit)
    again = Form(visit, "send-again")
    wide = (_sent(visit, hook), _attempts(hook))
    return Sheet(
        hook.kind,
        parts.split(wide, (_facts(visit, hook),)),
        trail=parts.link("Webhooks", parts.to("webhooks")),
        extra=parts.badge(hook.state),
        actions=again.press("Send again") if hook.state != PENDING else None,
    )


def _facts(visit: Visit, hook: Webhook) -> Markup:
    return parts.card(
        "Facts",
        parts.facts(
            [
                ("Account", parts.account_link(visit.world, hook.account_sid)),
                ("About", subject_link(visit, hook.subject_sid)),
                ("Made", parts.time(hook.created)),
                ("Method", hook.method),
                ("URL", parts.code(hook.url)),
                ("Fallback", parts.code(hook.fallback_url) if hook.fallback_url else None),
                ("Error", str(hook.error_code) if hook.error_code else None),
                ("Signed by", parts.account_link(visit.world, hook.signer_sid)),
                ("SID", parts.code(hook.sid)),
            ]
        ),
        id="facts",
    )


def subject_link(visit: Visit, sid: str) -> Child:
    """The page of what a webhook or an alert is about, where there is one."""
    if not sid:
        return None
    if sid in visit.world.calls:
        return parts.link(parts.code(sid), parts.to("calls", sid))
    if sid in visit.world.messages:
        return parts.link(parts.code(sid), parts.to("messages", sid))
    if sid.startswith("KW"):
        return parts.link(parts.code(sid), parts.to("ports", sid))
    return parts.code(sid)


def _sent(visit: Visit, hook: Webhook) -> Markup:
    pairs = tag("dl", [(tag("dt", k), tag("dd", v)) for k, v in hook.form or []], class_="facts")
    body = pairs if hook.json is None else tag("pre", _pretty(hook.json), tabindex="0")
    headers = []
    if hook.signer_sid in visit.world.accounts:
        order = courier.order(visit.world, hook)
        headers = list(courier.request(order, hook.url, hook.method, [])[1].items())
    return parts.card(
        "What is sent",
        body,
        tag("h3", "Headers"),
        tag("p", parts.soft("The signature is the one with the token in force now.")),
        tag(
            "dl",
            [(tag("dt", name), tag("dd", parts.code(value))) for name, value in headers],
            class_="facts",
        ),
        id="sent",
    )


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _attempts(hook: Webhook) -> Markup:
    if not hook.attempts:
        listed: Child = tag("p", "It is on its way.")
    else:
        listed = tag("ol", [_attempt(each) for each in hook.attempts], class_="timeline")
    return parts.card("Answers", tag("div", listed, id="attempts", data_live=True), id="answers")


def _attempt(attempt: dict[str, Any]) -> Markup:
    status = attempt["status"]
    is_good = status is not None and 200 <= status < 300
    what = f"Answered {status}" if status is not None else f"No answer: {attempt['error']}"
    meta = (parts.time(attempt["at"]), f" · {attempt['milliseconds']} ms · {attempt['url']}")
    return tag(
        "li",
        tag("div", what, " (fallback)" if attempt["is_fallback"] else None),
        tag("div", meta, class_="meta"),
        tag("pre", attempt["body"], tabindex="0") if attempt["body"] else None,
        class_="good" if is_good else "bad",
    )


def send_again(visit: Visit) -> Done:
    visit.post(f"/webhooks/{_hook(visit).sid}/send-again", settle=True)
    return Done("It was sent again, with the same idempotency token.")


PAGES = [
    Page("/room/webhooks", show),
    Page("/room/webhooks/(?P<sid>[^/]+)", show_one, {"send-again": send_again}),
]
