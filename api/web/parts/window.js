// SPDX-License-Identifier: Apache-2.0
// The window that a view is about, where it ends when the address does not say, and how it is chosen.
import { ask } from "../api.js";
import { h } from "../dom.js";
import { instant } from "../format.js";
import { t } from "../i18n.js";
import { PRESET, bucketOf, here, iso, windowOf, windows } from "../state.js";

export const DELIVERY = "/v1/metrics/delivery";

// The server ends it: now, or at the end of old logs.
async function anchorOf(signal) {
  return Date.parse((await ask(DELIVERY, { bucket: "none", fields: "sent" }, signal)).window.until);
}

export async function chosenWindow(query, signal) {
  return windowOf(query, query.since && query.until ? 0 : await anchorOf(signal));
}

export function spanOf(window) {
  return { since: iso(window.since), until: iso(window.until) };
}

export function seriesParameters(query, window, zone) {
  return { ...spanOf(window), bucket: bucketOf(window), tz: zone, from_domain: query.from_domain, to_domain: query.to_domain };
}

// What narrows a view, each with a way to take it off again.
export function limits(query, names) {
  return names.filter((name) => query[name]).map((name) => h("a", { class: "tag limit", href: here({ [name]: null, cursor: null }), title: t("limit.off") },
    t(`limit.${name}`, { value: query[name] }), h("span", { "aria-hidden": "true" }, " ×"), h("span", { class: "unseen" }, ` – ${t("limit.off")}`)));
}

function picker(query) {
  const chosen = query.since && query.until ? null : query.window ?? PRESET;
  return h("div", { class: "segments", role: "group", "aria-label": t("window") }, windows.map((name) =>
    h("a", { href: here({ window: name, since: null, until: null }), "aria-current": name === chosen ? "true" : null }, t(`window.${name}`))),
    !chosen && h("span", { class: "segment-own" }, t("window.own")));
}

export function heading(title, window, zone, query, ...more) {
  return h("div", { class: "head" }, h("h1", {}, title), picker(query),
    h("p", { class: "muted" }, t("span", { since: instant(iso(window.since), zone), until: instant(iso(window.until), zone), zone })),
    limits(query, ["from_domain", "to_domain"]), more);
}
