"""Forms: they post to the page they are on, and keep what was typed when it is refused."""

from __future__ import annotations

from collections.abc import Mapping

from twilio_sandbox.page.html import Attribute, Child, Markup, tag
from twilio_sandbox.page.parts import hidden_text
from twilio_sandbox.page.visit import Visit


class Form:
    """One form of a page: `do` names the act, `hidden` what it is done to."""

    def __init__(self, visit: Visit, do: str, **hidden: str) -> None:
        self.do = do
        self.hidden = hidden
        self.id = "-".join((do, *hidden.values()))
        problem = visit.problem
        self.problem = problem if problem and problem.is_of(do, hidden) else None
        self.action = f"{visit.here}#{self.id}"

    def _typed(self, name: str, value: str) -> str:
        return self.problem.form.get(name, value) if self.problem else value

    def _field(self, name: str, label: str, help: str, control: Child, *, short: bool) -> Markup:
        return tag(
            "div",
            tag("label", label, for_=f"{self.id}-{name}"),
            control,
            tag("div", help, class_="help", id=f"{self.id}-{name}-help") if help else None,
            class_="field short" if short else "field",
        )

    def _attributes(self, name: str, help: str) -> dict[str, Attribute]:
        return {
            "name": name,
            "id": f"{self.id}-{name}",
            "aria_describedby": f"{self.id}-{name}-help" if help else None,
        }

    def text(
        self,
        name: str,
        label: str,
        *,
        value: str = "",
        help: str = "",
        short: bool = False,
        type: str = "text",
        **more: Attribute,
    ) -> Markup:
        """A line to type in."""
        typed = None if type == "file" else self._typed(name, value)
        attributes = {"autocomplete": "off", **self._attributes(name, help), **more}
        control = tag("input", type=type, value=typed, **attributes)
        return self._field(name, label, help, control, short=short)

    def area(
        self, name: str, label: str, *, value: str = "", help: str = "", **more: Attribute
    ) -> Markup:
        """Several lines to type in; the line break after the tag is HTML's, not the text's."""
        typed = self._typed(name, value)
        control = tag("textarea", f"\n{typed}", **self._attributes(name, help), **more)
        return self._field(name, label, help, control, short=False)

    def choice(
        self,
        name: str,
        label: str,
        options: Mapping[str, str],
        *,
        value: str = "",
        help: str = "",
        **more: Attribute,
    ) -> Markup:
        """One of some values, shown by their texts."""
        typed = self._typed(name, value)
        rows = [
            tag("option", text, value=each, selected=each == typed)
            for each, text in options.items()
        ]
        control = tag("select", rows, **self._attributes(name, help), **more)
        return self._field(name, label, help, control, short=False)

    def radio(
        self, name: str, legend: str, options: Mapping[str, Child], *, value: str = ""
    ) -> Markup:
        """One of a few values with all of them in sight."""
        typed = self._typed(name, value)
        rows = [
            tag(
                "label",
                tag("input", type="radio", name=name, value=each, checked=each == typed),
                tag("span", text),
                class_="tick",
            )
            for each, text in options.items()
        ]
        return tag("fieldset", tag("legend", legend), rows)

    def tick(self, name: str, label: str, *, checked: bool = False, **more: Attribute) -> Markup:
        """Yes or no."""
        on = name in self.problem.form if self.problem else checked
        box = tag("input", type="checkbox", name=name, value="1", checked=on, **more)
        return tag("label", box, tag("span", label), class_="tick")

    def whole(
        self,
        *fields: Child,
        submit: str,
        look: str = "",
        beside: Child = None,
        files: bool = False,
        class_: str = "form",
    ) -> Markup:
        """The form around its fields; `look` is a class of its button (`primary`, `danger`)."""
        press = tag("button", submit, class_=f"button {look}".strip())
        return tag(
            "form",
            self._hidden(),
            self._refusal(),
            fields,
            tag("div", press, beside, class_="buttons"),
            method="post",
            action=self.action,
            id=self.id,
            class_=class_,
            enctype="multipart/form-data" if files else None,
        )

    def press(self, text: str, about: str = "", *, look: str = "") -> Markup:
        """A form that is a button; `about` says to who listens what it is done to."""
        about_it = hidden_text(about) if about else None
        return self.bare(tag("button", text, about_it, class_=f"button {look}".strip()))

    def bare(self, *children: Child) -> Markup:
        """A form that brings its own buttons."""
        return tag(
            "form",
            self._hidden(),
            self._refusal(),
            children,
            method="post",
            action=self.action,
            id=self.id,
        )

    def _hidden(self) -> list[Markup]:
        pairs = {"do": self.do, **self.hidden}
        return [tag("input", type="hidden", name=k, value=v) for k, v in pairs.items()]

    def _refusal(self) -> Markup | None:
        if self.problem is None:
            return None
        return tag("p", self.problem.message, class_="callout bad", role="alert")


def unfold(summary: str, *children: Child, is_open: bool = False, about: str = "") -> Markup:
    """A button that unfolds more, for what is seldom done."""
    head = tag("summary", summary, hidden_text(about) if about else None, class_="button")
    body = tag("div", *children, class_="unfolded")
    return tag("details", head, body, class_="unfold", open=is_open)
