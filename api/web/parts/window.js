// SPDX-License-Identifier: Apache-2.0
// The window that a view is about, where it ends when the address does not say, and how it is chosen.
import { ask } from "../api.js";
import { h } from "../dom.js";
import { duration, range } from "../format.js";
import { known, t } from "../i18n.js";
import { PRESET, bucketOf, here, iso, windowOf, windows } from "../state.js";

export const DELIVERY = "/v1/metrics/delivery";

// The server ends it: now, or at the end of old logs. Its answer also says how far the input was read.
let early = null; // asked while the page's words are on their way
const anchorOf = (signal) => ask(DELIVERY, { bucket: "none", fields: "sent" }, signal);

export function askEarly() {
  early = anchorOf();
  early.catch(() => {}); // whoever asks again is told
}

export async function chosenWindow(query, signal) {
  if (query.since && query.until) return windowOf(query, 0);
  const asked = early ?? anchorOf(signal);
  early = null;
  const answer = await asked;
  return { ...windowOf(query, Date.parse(answer.window.until)), read: answer.complete_until };
}

export function spanOf(window) {
  return { since: iso(window.since), until: iso(window.until) };
}

export function seriesParameters(query, window, zone) {
  return { ...spanOf(window), bucket: bucketOf(window), tz: zone, from_domain: query.from_domain, to_domain: query.to_domain };
}

// "counted: asked for a receipt" rather than "counted: requested"; times in units that people use.
function valueOf(name, value) {
  if (name === "took_from" || name === "took_to") return duration(Number(value));
  return known(`limit.${name}.${value}`) ? t(`limit.${name}.${value}`) : value;
}

// What makes no sense without another one goes with it.
const ALONG = { client: { version: null, client_is: null } };

// What narrows a view, each with a way to take it off again.
export function limits(query, names) {
  return names.filter((name) => query[name]).map((name) => h("a", { class: "tag limit", href: here({ [name]: null, cursor: null, ...ALONG[name] }), title: t("limit.off") },
    t(`limit.${name}`, { value: valueOf(name, query[name]) }), h("span", { "aria-hidden": "true" }, " ×"), h("span", { class: "unseen" }, ` – ${t("limit.off")}`)));
}

function picker(query) {
  const chosen = query.since && query.until ? null : query.window ?? PRESET;
  return h("div", { class: "segments", role: "group", "aria-label": t("window") }, windows.map((name) =>
    h("a", { href: here({ window: name, since: null, until: null }), "aria-current": name === chosen ? "true" : null }, t(`window.${name}`))),
    !chosen && h("span", { class: "segment-own" }, t("window.own")));
}

export function heading(title, window, zone, query, ...more) {
  return h("div", { class: "head" }, h("h1", {}, title), picker(query),
    h("p", { class: "muted" }, t("span", { range: range(window.since, window.until, zone), zone })),
    limits(query, ["from_domain", "to_domain"]), more);
}
