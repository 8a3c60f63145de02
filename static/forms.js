// After a form was refused the focus goes to what is wrong with it (components/form_errors.html), which
// on a phone may be far below. <form data-focuses-first>: its first field has the focus.
//
// What is folded and holds an error or something typed is open, and opens when the browser finds it
// wrong. holdsOwn(details) is for other scripts as well.
"use strict";
(() => {
  const FIELDS = "input:not([type=hidden]), textarea, select";
  globalThis.holdsOwn = (details) =>
    Boolean(details.querySelector(".errorlist, [aria-invalid=true]")) ||
    [...details.querySelectorAll(FIELDS)].some((each) => globalThis.isTyped?.(each));

  const unfold = (element) => {
    for (let each = element.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
  };

  for (const each of document.querySelectorAll("main details:not([open])")) if (globalThis.holdsOwn(each)) unfold(each);
  document.addEventListener("invalid", (event) => unfold(event.target), true);
  document.addEventListener("input", (event) => event.isTrusted || unfold(event.target));

  const target =
    document.querySelector("main #errors") ??
    document.querySelector("[data-focuses-first] :is(input, select, textarea):not([type=hidden])");
  if (!target || location.hash) return;
  if (target.id === "errors") target.tabIndex = -1;
  target.focus();
})();
