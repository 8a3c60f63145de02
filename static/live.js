// A form that asks for a part of its page while one types (hx-get, hx-target, hx-replace-url).
//
//   <form hx-get="…" data-says-failed="an-id">   the element with that id stands in place of the part
//                                               while the server does not answer, or refuses to
//
// What was typed last is in the address also when one goes on at once, so that Back finds it.
//
// What was unfolded stays so in a part that comes anew, and keeps the focus. A part that ends what the
// page has waited for, <div id data-ended="…">, says so in place of the message about how it began.
//
// What nobody pressed for (this, and what asks for itself: hx-trigger="every 1s") never leads away. Where
// its sender was signed out it says so in its place, with a link to sign in; typed.js keeps what was typed.
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

  const intoAddress = (form) => {
    const address = `${form.getAttribute("hx-get")}?${new URLSearchParams(new FormData(form))}`;
    history.replaceState(history.state, "", address);
  };

  document.addEventListener("submit", (event) => event.target.matches("[hx-replace-url]") && intoAddress(event.target));

  const SUMMARIES = "details > summary";
  const namedBy = (summary) => summary.textContent.trim();

  let focused = "";

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const before = new Map([...target.querySelectorAll(SUMMARIES)].map((each) => [namedBy(each), each]));
    for (const each of fragment.querySelectorAll(SUMMARIES)) {
      const old = before.get(namedBy(each));
      if (!old) continue;
      each.parentElement.open = old.parentElement.open;
      if (old === document.activeElement) focused = namedBy(each);
    }
  });

  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (!focused) return;
    const summaries = document.getElementById(event.detail.target.id)?.querySelectorAll(SUMMARIES) ?? [];
    const now = [...summaries].find((each) => namedBy(each) === focused);
    now?.focus({ preventScroll: true });
    if (now) focused = "";
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const part = document.getElementById(event.detail.target?.id);
    const begun = part?.dataset.ended && [...document.querySelectorAll(".toasts")];
    for (const list of begun || []) {
      const toast = list.querySelector(".toast.success");
      if (!toast || !list.closest("main, aside")?.contains(part)) continue;
      list.style.minHeight = `${list.offsetHeight}px`; // what is below stays where it is
      toast.querySelector("span").textContent = part.dataset.ended;
    }
  });

  const PRESSED = ["click", "submit", "toggle"];

  const signedOut = (address) => {
    const words = document.createElement("p");
    words.className = "callout warn";
    words.setAttribute("role", "alert");
    words.dataset.signedOut = "";
    words.innerHTML = "<span>You were signed out. <a data-signs-in>Sign in</a> and come back to this page, with what you typed.</span>";
    words.querySelector("a").href = address;
    return words;
  };

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, requestConfig, target, xhr } = event.detail;
    const address = xhr.status === 401 && xhr.getResponseHeader("HX-Redirect");
    if (!address || PRESSED.includes(requestConfig.triggeringEvent?.type)) return;
    event.preventDefault();
    if (elt.matches("form")) target.replaceChildren(signedOut(address));
    else if (!target.querySelector("[data-signed-out]")) target.prepend(signedOut(address));
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-signs-in]");
    if (!link) return;
    for (const form of document.querySelectorAll("form[hx-replace-url]")) intoAddress(form);
    const address = new URL(link.href);
    address.searchParams.set("next", location.pathname + location.search);
    link.href = address;
  });
})();
