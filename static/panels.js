// <details class="panel">: one at a time; Escape and a click elsewhere close it. What unfolds over the
// page comes into view whole.
"use strict";
(() => {
  const open = () => [...document.querySelectorAll("details.panel[open]")];

  document.addEventListener("click", (event) => {
    for (const panel of open()) if (!panel.contains(event.target)) panel.open = false;
  });

  document.addEventListener(
    "toggle",
    ({ target }) => {
      const body = target.matches("details.panel[open]") && target.querySelector(".panel-body");
      if (body && getComputedStyle(body).position === "absolute") body.scrollIntoView({ block: "nearest" });
    },
    true, // it does not bubble
  );

  document.addEventListener("keydown", (event) => {
    const [panel] = open();
    if (event.key !== "Escape" || !panel || event.isComposing) return;
    event.preventDefault();
    panel.open = false;
    panel.querySelector("summary").focus();
  });
})();
