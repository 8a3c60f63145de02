// <button data-dismiss hidden> closes the message it is in.
"use strict";
(() => {
  for (const button of document.querySelectorAll("[data-dismiss]")) button.hidden = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (!button) return;
    const list = button.closest("ul");
    button.closest("li").remove();
    if (!list.children.length) list.remove();
  });
})();
