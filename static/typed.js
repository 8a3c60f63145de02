// Keeps what was typed in a form whose sender turns out to be signed out, and in all forms of a page
// that says so by itself ([data-signs-in], live.js), until they are back on it, at the row where they
// were. It stays in this tab, for the same person, and nothing that is secret is kept: no passwords and
// tokens, no files. Without this file they are told that nothing was changed.
// isTyped(field) is for other scripts as well.
"use strict";
(() => {
  const KEY = "typed";
  const who = () => document.querySelector(".who > div")?.textContent.trim() ?? "";
  const fieldsOf = (form) =>
    [...form.elements].filter((each) => each.name && each.matches("input:not([type=password], [type=file], [type=hidden], [type=submit]), textarea, select"));
  const isTicked = (field) => field.matches("[type=checkbox], [type=radio]");
  const isTyped = (globalThis.isTyped = (field) => {
    if (isTicked(field)) return field.checked !== field.defaultChecked;
    if (field.matches("select")) return [...field.options].some((each) => each.selected !== each.defaultSelected);
    return field.value !== field.defaultValue;
  });
  const named = (field) => (isTicked(field) ? `${field.name}=${field.value}` : field.name);

  const fill = (form, typed) => {
    for (const field of fieldsOf(form)) {
      if (!typed.has(named(field))) continue;
      if (isTicked(field)) field.checked = typed.get(named(field));
      else field.value = typed.get(named(field));
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const note = document.createElement("p");
    note.className = "callout warn";
    note.setAttribute("role", "status");
    note.textContent = "What you typed before you were signed out is here again. Nothing was sent yet.";
    form.before(note);
  };

  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (kept && document.body.classList.contains("lone")) {
    sessionStorage.setItem(KEY, JSON.stringify({ ...kept, away: true }));
  } else if (kept) {
    sessionStorage.removeItem(KEY);
    const isBack = kept.away && kept.who === who();
    for (const { action, typed } of isBack ? kept.forms : []) {
      const form = [...document.forms].find((each) => each.method === "post" && each.action === action);
      if (form && typed.length) fill(form, new Map(typed));
    }
    const place = document.getElementById(isBack ? kept.place : "");
    place?.scrollIntoView({ block: "center" });
    place?.focus({ preventScroll: true });
  }

  const keep = (forms, place = "") => {
    const each = (form) => ({
      action: form.action,
      typed: fieldsOf(form).map((field) => [named(field), isTicked(field) ? field.checked : field.value]),
    });
    sessionStorage.setItem(KEY, JSON.stringify({ who: who(), place, forms: forms.map(each) }));
  };

  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || document.body.classList.contains("lone")) return;
    keep([form], event.submitter?.closest("main [id]")?.id);
  });

  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-signs-in]")) return;
    keep([...document.forms].filter((form) => form.method === "post" && fieldsOf(form).some(isTyped)));
  });
})();
