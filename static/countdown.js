// Keeps every <span data-countdown="ISO time">in 31 h 12 min</span> counting, and with
// data-countdown-left besides, "31 h 12 min left". The server wrote the first text (config/text.py)
// in the same words; this refreshes it each minute, by the server's clock rather than the visitor's.
"use strict";
(() => {
  const serverTime = document.querySelector('meta[name="server-time"]');
  const offset = serverTime ? Date.parse(serverTime.content) - Date.now() : 0;

  // Between a figure and its unit; a line may end between the two units.
  const of = (figure, unit) => `${figure}\u00a0${unit}`;

  const span = (milliseconds) => {
    const seconds = Math.floor(milliseconds / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (seconds < 60) return of(seconds, "s");
    if (minutes < 60) return of(minutes, "min");
    const two = (large, small, unit) => (small ? `${large} ${of(small, unit)}` : large);
    if (hours < 48) return two(of(hours, "h"), minutes % 60, "min");
    return two(of(Math.floor(hours / 24), "d"), hours % 24, "h");
  };

  const refresh = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = Date.parse(element.dataset.countdown) - Date.now() - offset;
      const counts = "countdownLeft" in element.dataset;
      const ahead = () => (counts ? of(span(left), "left") : `in ${span(left)}`);
      const past = () => (counts ? "time is up" : of(span(-left), "ago"));
      const text = left >= 0 ? ahead() : past();
      if (element.textContent !== text) element.textContent = text;
    }
  };

  setInterval(refresh, 60000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
})();
