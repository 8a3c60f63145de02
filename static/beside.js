// Opens what a row of a list is about beside the list. Without this file, and where there is no
// room for two, its link leads to the page.
//
//   <form data-opens-beside>         the list; what a row is about is the link in its td.num
//   <aside data-beside hidden>       the place for it, with its heading, a link and a button
//   <div data-beside-content>        on the page itself: what is shown of it
//
// The address is that of the page, so that reloading and sharing give the page; Back closes. Forms
// work as on the page and leave one here. What was typed and not saved is there when the same row
// is opened again; the next one says so, and whoever leaves the page is asked first. Escape closes as
// well. After a change, and when what is shown has changed by itself, the list is read anew: the row
// at once, the rest of it on closing.
"use strict";
(() => {
  const here = () => location.href.split("#")[0];
  const home = { url: here(), title: document.title };
  const list = document.querySelector("[data-opens-beside]");
  const aside = document.querySelector("[data-beside]");
  if (!list || !aside) {
    // A page that was reloaded where it had been open beside a list: to the browser, both are one
    // document, and going back changes the address alone.
    if (history.state?.beside) addEventListener("popstate", () => here() === home.url || location.reload());
    return;
  }

  const ROOM = matchMedia("(min-width: 1200px)");
  const part = (name) => aside.querySelector(`[data-beside-${name}]`);
  const [heading, name, link, close, body] = ["heading", "name", "page", "close", "body"].map(part);
  const kept = new Map(); // address -> what is shown of it, with what was typed
  let shown = null; // { url, title, heading, name, nodes, refused }
  let from = null; // what had the focus before
  let fresh = null; // the list as it is after a change
  let closing = false;
  let asked = null;

  const linkOf = (url) => [...list.querySelectorAll("td.num > a")].find((each) => each.href === url);

  const read = (html, url) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("main");
    const content = main?.querySelector("[data-beside-content]");
    if (!content) return null;
    for (const each of content.querySelectorAll("details")) each.open = globalThis.holdsOwn(each);
    const text = (selector) => main.querySelector(selector)?.textContent.trim() ?? "";
    const nodes = [...main.querySelectorAll(":scope > [role=status]"), content];
    return { url, title: page.title, heading: text("h1"), name: text(".head-extra"), nodes };
  };

  const load = async (url, signal) => {
    const response = await fetch(url, { signal });
    return response.ok && response.url === url ? read(await response.text(), url) : null;
  };

  const holdsTyped = () => [...body.querySelectorAll("input, textarea, select")].some(globalThis.isTyped);

  let signsIn = false; // then typed.js keeps it

  const keep = () => {
    if (!shown) return;
    if (shown.refused || holdsTyped()) kept.set(shown.url, shown);
    else kept.delete(shown.url);
  };

  // What the list shows of the one that has changed, and the figures around it.
  const AROUND = [".meter", "nav.tabs", ".banner", "[data-row-forms]", "[data-opens-beside] .pages"];

  const renew = async () => {
    const { url } = shown;
    const response = await fetch(home.url).catch(() => null);
    if (!response?.ok || response.redirected) return;
    fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const each of AROUND) {
      const [old, now] = [document.querySelector(each), fresh.querySelector(each)];
      if (old && now) old.replaceWith(document.importNode(now, true));
    }
    const row = linkOf(url)?.closest("tr");
    if (!row) return;
    const now = row.id && fresh.getElementById(row.id);
    if (now) {
      const had = row.contains(document.activeElement);
      row.replaceWith(document.importNode(now, true));
      if (had) linkOf(url)?.focus({ preventScroll: true });
    } else if (shown) {
      // It has left this list, which it stays in until this is closed.
      const state = body.querySelector("[data-beside-state]")?.cloneNode(true);
      if (state) row.querySelector(".state")?.replaceChildren(...state.childNodes);
      row.dataset.left = "";
    }
    if (shown) mark(shown.url);
    list.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  };

  // The row stays where it is on the screen while the list makes room or takes it back.
  const inPlace = (url, change) => {
    const row = linkOf(url)?.closest("tr");
    const before = row?.getBoundingClientRect().top ?? 0;
    change();
    if (row) scrollBy({ top: row.getBoundingClientRect().top - before, behavior: "instant" });
  };

  const mark = (url) => {
    for (const each of list.querySelectorAll("td.num > a[aria-current]")) each.removeAttribute("aria-current");
    linkOf(url)?.setAttribute("aria-current", "true");
  };

  const fill = (page, focus) => {
    shown = page;
    document.title = page.title;
    heading.textContent = page.heading;
    name.textContent = page.name;
    link.href = page.url;
    body.replaceChildren(...page.nodes);
    globalThis.htmx?.process(body);
    mark(page.url);
    inPlace(page.url, () => (aside.hidden = false));
    aside.scrollTop = 0;
    body.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
    const target = body.querySelector(focus) ?? aside;
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  };

  const open = async (url) => {
    asked?.abort();
    const mine = (asked = new AbortController());
    keep();
    mark(url);
    let page = kept.get(url);
    try {
      page ??= await load(url, mine.signal);
    } catch {
      page = null;
    }
    if (mine.signal.aborted) return;
    if (!page) return location.assign(url); // its page says why
    if (here() !== url) history[shown ? "replaceState" : "pushState"]({ beside: true }, "", url);
    const before = shown && shown.url !== url && kept.get(shown.url);
    fill(page, "#errors");
    if (before) note(`What you typed about ${before.heading} is not saved. It is there when you open it again.`);
  };

  const note = (text) => {
    const words = document.createElement("p");
    words.className = "callout";
    words.dataset.besideNote = "";
    words.setAttribute("role", "status");
    words.textContent = text;
    body.querySelector("[data-beside-note]")?.remove();
    body.prepend(words);
  };

  const hide = () => {
    asked?.abort();
    if (!shown) return mark("");
    keep();
    const { url } = shown;
    inPlace(url, () => (aside.hidden = true));
    body.replaceChildren();
    mark("");
    document.title = home.title;
    shown = null;
    const left = linkOf(url)?.closest("tr");
    const next = (left?.nextElementSibling ?? left?.previousElementSibling)?.querySelector("td.num > a")?.href;
    const rows = fresh?.querySelector("[data-opens-beside] tbody");
    if (fresh && !rows) return location.reload(); // none is left
    if (rows) {
      list.querySelector("tbody").replaceWith(document.importNode(rows, true));
      list.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
      fresh = null;
    }
    const row = linkOf(url) ?? linkOf(next);
    (row?.closest("tr").contains(from) ? from : row)?.focus({ preventScroll: true });
  };

  const leave = () => {
    closing = true;
    history.back();
  };

  const say = (text) => {
    body.querySelector("[data-beside-trouble]")?.remove();
    const trouble = document.createElement("p");
    trouble.className = "callout bad";
    trouble.dataset.besideTrouble = "";
    trouble.setAttribute("role", "alert");
    trouble.textContent = `${text} What you typed is still here.`;
    body.prepend(trouble);
    aside.scrollTop = 0;
  };

  const post = (form, submitter) =>
    fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, submitter)) });

  // Whoever has signed in again in between has another token.
  const renewToken = async (form, url) => {
    const page = await load(url);
    const fresh = page?.nodes.at(-1).querySelector("[name=csrfmiddlewaretoken]");
    const token = form.querySelector("[name=csrfmiddlewaretoken]");
    if (fresh && token) token.value = token.defaultValue = fresh.value;
    return Boolean(fresh && token);
  };

  const submit = async (form, submitter) => {
    const { url } = shown;
    aside.ariaBusy = "true";
    try {
      let response = await post(form, submitter);
      if (response.status === 403 && (await renewToken(form, url))) response = await post(form, submitter);
      const refused = response.status === 422;
      const page = (response.ok || refused) && response.url.startsWith(url) ? read(await response.text(), url) : null;
      if (page && response.ok) kept.delete(url);
      if (shown?.url !== url) {
        if (page && refused) kept.set(url, { ...page, refused });
      } else if (page) fill({ ...page, refused }, "#errors, [role=status]");
      else if (response.redirected) say("You have been signed out. Sign in in another tab, then press the button again.");
      else say(`The server did not accept this (${response.status}).`);
      if (response.ok && page && shown) await renew();
    } catch {
      if (shown?.url === url) say("The server could not be reached. Press the button again in a moment.");
    } finally {
      aside.ariaBusy = null;
    }
  };

  list.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    let target = event.target.closest("td.num > a");
    if (!target) {
      if (event.target.closest("a, button, input, label, select, .check, .decide")) return;
      if (getSelection().type === "Range") return;
      target = event.target.closest("tbody tr")?.querySelector("td.num > a");
      if (!target) return;
      if (!ROOM.matches) return location.assign(target.href);
    }
    if (!ROOM.matches) return;
    event.preventDefault();
    from = document.activeElement;
    open(target.href);
  });

  aside.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    event.preventDefault();
    if (aside.ariaBusy !== "true") submit(event.target, event.submitter);
  });

  close.addEventListener("click", leave);

  // What is shown has asked for itself and has changed.
  body.addEventListener("htmx:afterSwap", (event) => event.target.id === "number-tasks" && shown && renew());

  aside.addEventListener("click", (event) => {
    signsIn = Boolean(event.target.closest("[data-signs-in]"));
  });

  addEventListener("beforeunload", (event) => {
    const isLost = kept.size || (shown && !signsIn && holdsTyped());
    if (aside.ariaBusy !== "true" && isLost) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown || event.defaultPrevented || event.isComposing) return;
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (typing && !aside.contains(typing)) return;
    event.preventDefault();
    leave();
  });

  addEventListener("popstate", () => {
    if (here() === shown?.url) {
      if (closing) history.back(); // only a place within the page was left
      return;
    }
    closing = false;
    if (here() === home.url) hide();
    else open(here());
  });
})();
