// Opens what a row of a list is about beside the list. Without this file, and where there is no
// room for two, its link leads to the page.
//
//   <form data-opens-beside>         the list; what a row is about is the link in its td.num
//   <aside data-beside hidden>       the place for it, with its heading, a link and a button
//   <div data-beside-content>        on the page itself: what is shown of it
//
// The address is that of the page, so that reloading and sharing give the page; Back closes. Forms
// work as on the page and leave one here. What was typed and not saved is there when the same row
// is opened again. Escape closes as well. After a change the list is read anew on closing.
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

  const RETURN = "beside:return";
  const ROOM = matchMedia("(min-width: 1200px)");
  const part = (name) => aside.querySelector(`[data-beside-${name}]`);
  const [heading, name, link, close, body] = ["heading", "name", "page", "close", "body"].map(part);
  const kept = new Map(); // address -> what is shown of it, with what was typed
  let shown = null; // { url, title, heading, name, nodes, refused }
  let from = null; // what had the focus before
  let changed = false;
  let closing = false;
  let asked = null;

  const linkOf = (url) => [...list.querySelectorAll("td.num > a")].find((each) => each.href === url);

  const read = (html, url) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("main");
    const content = main?.querySelector("[data-beside-content]");
    if (!content) return null;
    for (const each of content.querySelectorAll("details")) each.open = false;
    const text = (selector) => main.querySelector(selector)?.textContent.trim() ?? "";
    const nodes = [...main.querySelectorAll(":scope > [role=status]"), content];
    return { url, title: page.title, heading: text("h1"), name: text(".head-extra"), nodes };
  };

  const load = async (url, signal) => {
    const response = await fetch(url, { signal });
    return response.ok && response.url === url ? read(await response.text(), url) : null;
  };

  const isTyped = (field) => {
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    if (field.matches("select")) return [...field.options].some((each) => each.selected !== each.defaultSelected);
    return field.value !== field.defaultValue;
  };

  const keep = () => {
    if (!shown) return;
    const fields = [...body.querySelectorAll("input, textarea, select")];
    if (shown.refused || fields.some(isTyped)) kept.set(shown.url, shown);
    else kept.delete(shown.url);
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
    fill(page, "#errors");
  };

  const hide = () => {
    asked?.abort();
    if (!shown) return mark("");
    keep();
    const { url } = shown;
    if (changed) {
      sessionStorage.setItem(RETURN, url);
      return location.reload();
    }
    inPlace(url, () => (aside.hidden = true));
    body.replaceChildren();
    mark("");
    document.title = home.title;
    shown = null;
    const row = linkOf(url);
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
      if (response.ok && page) changed = true;
      if (page && response.ok) kept.delete(url);
      if (shown?.url !== url) {
        if (page && refused) kept.set(url, { ...page, refused });
      } else if (page) fill({ ...page, refused }, "#errors, [role=status]");
      else if (response.redirected) say("You have been signed out. Sign in in another tab, then press the button again.");
      else say(`The server did not accept this (${response.status}).`);
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

  const back = sessionStorage.getItem(RETURN);
  sessionStorage.removeItem(RETURN);
  if (back) linkOf(back)?.focus({ preventScroll: true });
})();
