// After a form was refused the focus goes to what is wrong with it (components/form_errors.html), which
// on a phone may be far below. <form data-focuses-first>: its first field has the focus.
"use strict";
(() => {
  const target =
    document.querySelector("main #errors") ??
    document.querySelector("[data-focuses-first] :is(input, select, textarea):not([type=hidden])");
  if (!target || location.hash) return;
  if (target.id === "errors") target.tabIndex = -1;
  target.focus();
})();
