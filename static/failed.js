// <form data-says-failed="an-id">: the element with that id is shown in place of what the form asks
// for by itself (hx-target) while the server cannot be reached or refuses to answer.
"use strict";
(() => {
  const show = (event, failed) => {
    const form = event.target.closest?.("[data-says-failed]");
    const words = form && document.getElementById(form.dataset.saysFailed);
    if (!words) return;
    words.hidden = !failed;
    document.querySelector(form.getAttribute("hx-target"))?.toggleAttribute("hidden", failed);
  };
  for (const name of ["responseError", "sendError", "timeout"]) {
    document.addEventListener(`htmx:${name}`, (event) => show(event, true));
  }
  document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && show(event, false));
})();
