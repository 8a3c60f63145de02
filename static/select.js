// Picking rows for a bulk action. Without this file the check boxes and buttons are a plain form.
//
//   <form data-selection-key="numbers:acme:?tab=unassigned">   the key: everything but the page
//     <input type="checkbox" data-select-page>                 the whole page (in the table head)
//     <input type="checkbox" name="ids" value="17" data-select>   a row
//     components/bulk_bar.html                                 count, "select all that match", buttons
//   </form>
//
// The picked ids live in sessionStorage, so that they survive paging; rows picked on other pages
// are sent in one hidden input, with commas between them. Shift-click picks a range; keys: / searches,
// j and k move, Enter opens the row, x picks, a goes to the bar, which stands behind all the rows,
// Escape goes back and leaves the search, and ? tells all that (components/shortcuts.html).
// A list without boxes has the keys, too: <div data-rows>.
// A page with [data-selection-done] (a started job) empties every stored selection.
"use strict";
(() => {
  const PREFIX = "selection:";

  if (document.querySelector("[data-selection-done]")) {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    }
  }

  const read = (key) => {
    try {
      const stored = JSON.parse(sessionStorage.getItem(key)) ?? {};
      return { ids: new Set(stored.ids), everything: stored.everything === true };
    } catch {
      return { ids: new Set(), everything: false };
    }
  };

  const watch = (form) => {
    const key = PREFIX + form.dataset.selectionKey;
    const picked = read(key);
    const bar = document.querySelector("[data-bulk]");
    const part = (name) => bar?.querySelector(`[${name}]`);
    const [count, all, none] = ["data-bulk-count", "data-select-all", "data-select-none"].map(part);
    const everything = part("data-everything");
    const page = form.querySelector("[data-select-page]");
    const boxes = () => [...form.querySelectorAll("input[data-select]")];
    let last = null;
    let left = null;

    const show = () => {
      const rows = boxes();
      const ticked = rows.filter((box) => box.checked).length;
      const number = picked.everything && all ? Number(all.dataset.total) : picked.ids.size;
      if (page) {
        page.checked = rows.length > 0 && ticked === rows.length;
        page.indeterminate = ticked > 0 && ticked < rows.length;
      }
      if (!bar) return;
      bar.hidden = number === 0;
      count.textContent = `${number.toLocaleString("en-US")} selected`;
      everything.value = picked.everything ? "1" : "";
      none.hidden = false;
      if (all) all.hidden = picked.everything || number >= Number(all.dataset.total);
    };

    const store = () => {
      sessionStorage.setItem(key, JSON.stringify({ ids: [...picked.ids], everything: picked.everything }));
      show();
    };

    const tick = (box, checked) => {
      if (box.disabled) return;
      box.checked = checked;
      if (checked) picked.ids.add(box.value);
      else picked.ids.delete(box.value);
    };

    const restore = () => {
      for (const box of boxes()) {
        if (picked.everything) picked.ids.add(box.value);
        box.checked = picked.ids.has(box.value);
      }
      show();
    };

    form.addEventListener("click", (event) => {
      const box = event.target;
      if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
      if (box === page) {
        for (const row of boxes()) tick(row, page.checked);
      } else if (box.matches("[data-select]")) {
        const rows = boxes();
        const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
        if (event.shiftKey && from >= 0) rows.slice(from, to + 1).forEach((row) => tick(row, box.checked));
        else tick(box, box.checked);
        last = box;
        // The bar that comes up by this must not cover what it is about.
        setTimeout(() => box.closest("tr")?.scrollIntoView({ block: "nearest" }));
      } else return;
      if (!box.checked) picked.everything = false;
      store();
    });

    all?.addEventListener("click", () => {
      picked.everything = true;
      for (const row of boxes()) tick(row, true);
      store();
    });

    none?.addEventListener("click", () => {
      picked.everything = false;
      picked.ids.clear();
      for (const row of boxes()) row.checked = false;
      store();
      (page ?? boxes()[0])?.focus();
    });

    form.addEventListener("submit", () => {
      form.querySelectorAll("[data-elsewhere]").forEach((input) => input.remove());
      if (picked.everything) return;
      const here = new Set(boxes().map((box) => box.value));
      const elsewhere = [...picked.ids].filter((id) => !here.has(id));
      if (!elsewhere.length) return;
      // One field for all of them: a server takes only so many fields.
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name: boxes()[0]?.name ?? "ids", value: elsewhere.join() });
      input.dataset.elsewhere = "";
      form.append(input);
    });

    // Who only reads has no boxes, but rows to open; beside.js marks the one that is open.
    const stops = () => (boxes().length ? boxes() : [...form.querySelectorAll("tbody td.num > a")]);

    const move = (step) => {
      const rows = stops();
      const row = (stop) => stop.closest("tr");
      let at = rows.findIndex((stop) => row(stop)?.contains(document.activeElement));
      if (at < 0) at = rows.findIndex((stop) => row(stop)?.querySelector("a[aria-current]"));
      const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
      next?.focus();
      next?.closest("tr")?.scrollIntoView({ block: "nearest" });
    };

    const keys = document.querySelector("[data-shortcuts-dialog]");
    for (const button of document.querySelectorAll("[data-shortcuts]")) {
      button.hidden = false;
      button.addEventListener("click", () => keys.showModal());
    }

    const opens = (box) => box.matches("[data-select]") && box.closest("tr")?.querySelector("td.num > a");

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
      if (event.key === "Escape" && typing?.matches("[type=search]")) typing.blur();
      else if (typing) return;
      else if (event.key === "?" && keys) keys.showModal();
      else if (event.key === "/") document.querySelector("main input[type=search]")?.focus();
      else if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else if (event.key === "Enter" && opens(event.target)) opens(event.target).click();
      else if (event.key === "x") boxes().find((box) => box.closest("tr")?.contains(document.activeElement))?.click();
      else if (event.key === "a" && bar && !bar.hidden && !bar.contains(document.activeElement)) {
        left = document.activeElement;
        bar.querySelector("button[name]")?.focus();
      } else if (event.key === "Escape" && bar?.contains(document.activeElement)) {
        (left?.isConnected ? left : boxes()[0])?.focus();
      } else return;
      event.preventDefault();
    });

    document.addEventListener("htmx:afterSettle", restore);
    window.addEventListener("pageshow", restore);
    restore();
  };

  for (const form of document.querySelectorAll("form[data-selection-key], [data-rows]")) watch(form);
})();
