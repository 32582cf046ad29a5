// SPDX-License-Identifier: Apache-2.0
// A view that shows "now" asks again by itself, but not while somebody reads, marks or types what would move.
import { h, replace } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../i18n.js";

const EVERY = 30000;
let paused = false; // whoever stopped it wants it to stay so in the next view, too

function isRead(main) {
  const focus = document.activeElement;
  return main.querySelector(".plot:hover, .heat:hover, .scroll:hover, details[open]") !== null
    || (focus && focus !== main && main.contains(focus)) || !getSelection().isCollapsed;
}

// draw(shown, again): "shown" ends when it is drawn anew, and with it what watches the old elements.
export async function redrawn(signal, draw) {
  let shown = new AbortController();
  signal.addEventListener("abort", () => shown.abort());
  const again = async () => {
    const next = new AbortController(), before = shown;
    await draw(next.signal, again);
    shown = next;
    before.abort();
    if (signal.aborted) next.abort();
  };
  await draw(shown.signal, again);
}

// again: asks and draws anew. Where that fails the old figures stay, and the page says so.
export function refresher(main, zone, signal, again) {
  const state = h("span", { class: "muted" }, t("refresh.at", { time: clock(new Date().toISOString(), zone) }));
  const button = h("button", { type: "button", class: "quiet small", "aria-pressed": String(paused), onclick: () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    replace(button, t(paused ? "refresh.go" : "refresh.pause"));
  } }, t(paused ? "refresh.go" : "refresh.pause"));
  const timer = setInterval(() => {
    if (paused || document.hidden) return;
    if (isRead(main)) replace(state, t("refresh.held"));
    else again().catch(() => { replace(state, h("span", { class: "bad" }, t("refresh.failed"))); });
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
  return h("span", { class: "refresh" }, state, button);
}
