// <button data-copy="text" hidden>: shown where copying is possible, and says when it is done.
"use strict";
(() => {
  if (!navigator.clipboard) return;

  const show = (root) => {
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  };
  show(document);
  document.addEventListener("htmx:load", (event) => show(event.target));

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button || button.dataset.label) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.dataset.label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = button.dataset.label;
      delete button.dataset.label;
    }, 1600);
  });
})();
