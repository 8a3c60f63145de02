// Keeps every <time data-countdown datetime="…"> counting. The server wrote the first text, in the
// same words; this only refreshes it, by the server's clock rather than the visitor's.
"use strict";
(() => {
  const serverTime = document.querySelector('meta[name="server-time"]');
  const offset = serverTime ? Date.parse(serverTime.content) - Date.now() : 0;

  const words = (milliseconds) => {
    const minutes = Math.max(0, Math.floor(milliseconds / 60000));
    const hours = Math.floor(minutes / 60);
    return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  };

  const refresh = () => {
    for (const element of document.querySelectorAll("time[data-countdown]")) {
      const text = words(Date.parse(element.dateTime) - Date.now() - offset);
      if (element.textContent !== text) element.textContent = text;
    }
  };

  setInterval(refresh, 60000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
})();
