// The one script of the portal. It adds what a page cannot do by itself: the "n new" pill, the shortcuts, and menus that
// close when one looks elsewhere. Nothing depends on it, and it has no words of its own: those come with the page or the stream.
(() => {
  "use strict";

  // The pill: the stream says how many new cases this list has. Rows never move; the pill is a link to the list as it is now.
  const live = document.querySelector("[data-stream]");
  if (live) {
    const pill = live.querySelector(".fresh");
    const lost = live.querySelector(".lost");
    // A stream also ends in the ordinary way, and is back before anybody need know.
    const PATIENCE = 8_000;
    const RETRY = 120_000;
    let stream;
    let worry;
    const isClosed = () => stream.readyState === EventSource.CLOSED;
    const isBack = () => {
      clearTimeout(worry);
      worry = undefined;
      lost.hidden = true;
    };
    const connect = () => {
      stream = new EventSource(live.dataset.stream);
      stream.addEventListener("open", isBack);
      stream.addEventListener("error", () => {
        worry ??= setTimeout(() => { lost.hidden = false; }, PATIENCE);
        // The browser comes back by itself unless it was answered with something else than a stream.
        if (isClosed()) setTimeout(() => { if (isClosed()) connect(); }, RETRY);
      });
      stream.addEventListener("nieuw", (event) => {
        pill.querySelector("span").textContent = event.data;
        pill.hidden = false;
      });
    };
    connect();
    // A page that rests in the back-forward cache holds no connection.
    addEventListener("pagehide", () => stream.close());
    addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  }

  // Menus.
  const openMenus = () => document.querySelectorAll("details.more[open]");
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Shortcuts: single keys, which one can switch off (WCAG 2.1.4).
  if (!("shortcuts" in document.body.dataset)) return;

  const move = (step) => {
    const rows = [...document.querySelectorAll(".cases th[scope=row] a")];
    const here = rows.indexOf(document.activeElement);
    const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step];
    if (next) next.focus();
    return Boolean(next);
  };
  const search = () => {
    const field = document.querySelector(".find input[type=search]");
    if (field) field.focus();
    return Boolean(field);
  };
  const showKeys = () => {
    const keys = document.getElementById("toetsen");
    if (keys && !keys.open) keys.showModal();
    return Boolean(keys);
  };
  const acts = { j: () => move(1), k: () => move(-1), "/": search, "?": showKeys };

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]");
    const act = acts[event.key];
    if (isTyping || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    if (act()) event.preventDefault();
  });
})();
