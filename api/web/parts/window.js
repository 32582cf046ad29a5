// SPDX-License-Identifier: Apache-2.0
// The window that a view is about, and where it ends when the address does not say.
import { ask } from "../api.js";
import { h } from "../dom.js";
import { instant } from "../format.js";
import { t } from "../i18n.js";
import { bucketOf, iso, windowOf } from "../state.js";

export const DELIVERY = "/v1/metrics/delivery";

// The server ends it: now, or at the end of old logs.
async function anchorOf(signal) {
  return Date.parse((await ask(DELIVERY, { bucket: "none" }, signal)).window.until);
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

export function heading(title, window, zone, query) {
  const limits = ["from_domain", "to_domain"].filter((name) => query[name]);
  return h("div", { class: "head" }, h("h1", {}, title),
    h("p", { class: "muted" }, t("span", { since: instant(iso(window.since), zone), until: instant(iso(window.until), zone), zone })),
    limits.map((name) => h("span", { class: "tag" }, t(`limit.${name}`, { domain: query[name] }))));
}
