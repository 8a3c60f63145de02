// Keeps what was typed in a form whose sender turns out to be signed out, until they are back on its
// page. It stays in this tab, for the same person, and nothing that is secret is kept: no passwords
// and tokens, no files. Without this file they are told that nothing was changed.
"use strict";
(() => {
  const KEY = "typed";
  const who = () => document.querySelector(".who > div")?.textContent.trim() ?? "";
  const fieldsOf = (form) =>
    [...form.elements].filter((each) => each.name && each.matches("input:not([type=password], [type=file], [type=hidden], [type=submit]), textarea, select"));
  const isTicked = (field) => field.matches("[type=checkbox], [type=radio]");
  const named = (field) => (isTicked(field) ? `${field.name}=${field.value}` : field.name);

  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (kept && document.body.classList.contains("lone")) {
    sessionStorage.setItem(KEY, JSON.stringify({ ...kept, away: true }));
  } else if (kept) {
    sessionStorage.removeItem(KEY);
    const form = [...document.forms].find((each) => each.method === "post" && each.action === kept.action);
    if (kept.away && kept.who === who() && form && kept.typed.length) {
      const typed = new Map(kept.typed);
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
    }
  }

  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || document.body.classList.contains("lone")) return;
    const typed = fieldsOf(form).map((field) => [named(field), isTicked(field) ? field.checked : field.value]);
    sessionStorage.setItem(KEY, JSON.stringify({ action: form.action, who: who(), typed }));
  });
})();
