// A form that asks for a part of its page while one types (hx-get, hx-target, hx-replace-url).
//
//   <form hx-get="…" data-says-failed="an-id">   the element with that id stands in place of the part
//                                               while the server does not answer, or refuses to
//
// What was typed last is in the address also when one goes on at once, so that Back finds it.
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

  document.addEventListener("submit", (event) => {
    const address = event.target.matches("[hx-replace-url]") && event.target.getAttribute("hx-get");
    if (address) history.replaceState(history.state, "", `${address}?${new URLSearchParams(new FormData(event.target))}`);
  });
})();
