// <button data-dismiss hidden> closes the message it is in.
"use strict";
(() => {
  const show = (root) => {
    for (const button of root.querySelectorAll("[data-dismiss]")) button.hidden = false;
  };
  show(document);
  document.addEventListener("htmx:load", (event) => show(event.target));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (!button) return;
    const list = button.closest("ul");
    button.closest("li").remove();
    if (!list.children.length) list.remove();
  });
})();
