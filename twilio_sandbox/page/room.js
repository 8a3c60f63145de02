// Keeps every [data-live] part of the page fresh while the page is in sight. Nothing in a part is
// replaced while it has the focus or something unfolded, unless nothing is left of it, and only
// what changed is touched.
"use strict";
(() => {
  const SECONDS = 2;
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  if (!parts().length) return;

  const isBusy = (element) =>
    element.contains(document.activeElement) || element.matches(":has(details[open], audio)");

  const renew = (old, fresh) => {
    if (old.isEqualNode(fresh) || (isBusy(old) && fresh.childElementCount)) return;
    const before = [...old.children];
    const after = [...fresh.children];
    const same = old.nodeName === fresh.nodeName && old.matches("[data-live], table, tbody, ol, ul, .table");
    if (!same || before.length === 0 || after.length === 0) {
      const hadFocus = old.contains(document.activeElement);
      old.replaceWith(document.importNode(fresh, true));
      if (hadFocus) document.getElementById("main").focus({ preventScroll: true });
      return;
    }
    after.forEach((child, at) => {
      if (before[at]) renew(before[at], child);
      else old.append(document.importNode(child, true));
    });
    before.slice(after.length).forEach((child) => child.remove());
  };

  const refresh = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts()) {
      const fresh = page.getElementById(part.id);
      if (fresh) renew(part, fresh);
    }
  };

  const again = () => setTimeout(() => refresh().catch(() => {}).finally(again), SECONDS * 1000);
  again();
})();
