// Rows that scroll sideways, tabs and the acts of a bulk bar: where there is more it fades out at that
// edge, and tabs begin with the current one in view.
"use strict";
(() => {
  const ROWS = ".tabs, .bulk-acts";

  const mark = (row) => {
    const most = row.scrollWidth - row.clientWidth;
    row.toggleAttribute("data-more-before", most > 1 && row.scrollLeft > 1);
    row.toggleAttribute("data-more-after", most > 1 && row.scrollLeft < most - 1);
  };

  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }

  const sizes = new ResizeObserver((changed) => changed.forEach(({ target }) => mark(target)));
  for (const row of document.querySelectorAll(ROWS)) {
    sizes.observe(row);
    row.addEventListener("scroll", () => mark(row), { passive: true });
  }
})();
