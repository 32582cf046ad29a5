// SPDX-License-Identifier: Apache-2.0
// What is looked at stands in the address, behind "#": it can be shared and goes back and forth with the
// buttons of the browser. The token is not part of it.

const WIDTHS = { "24h": 86400e3, "7d": 7 * 86400e3, "30d": 30 * 86400e3, "90d": 90 * 86400e3, "1y": 365 * 86400e3 };
export const windows = Object.keys(WIDTHS);
export const PRESET = "7d";
// What a move to another view takes along.
const SHARED = ["window", "since", "until", "tz", "from_domain", "to_domain"];

export function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { view: parts[0] ?? "overview", parts: parts.slice(1), query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

export function link(view, query, shared = read().query) {
  const all = new URLSearchParams();
  for (const name of SHARED) if (shared[name]) all.set(name, shared[name]);
  for (const [name, value] of Object.entries(query ?? {}))
    if (value === null || value === "" || value === undefined) all.delete(name);
    else all.set(name, value);
  const text = all.toString();
  return `#/${view}${text ? `?${text}` : ""}`;
}

export function here(query) {
  const now = read();
  return link([now.view, ...now.parts.map(encodeURIComponent)].join("/"), { ...now.query, ...query }, now.query);
}

export function go(target) {
  if (location.hash === target) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = target;
}

export function zoneOf(query) {
  return query.tz || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

// The window in milliseconds; anchor: where the server ends it when nothing is asked.
export function windowOf(query, anchor) {
  if (query.since && query.until) {
    const since = Date.parse(query.since), until = Date.parse(query.until);
    if (since < until) return { name: null, since, until };
  }
  const name = WIDTHS[query.window] ? query.window : PRESET;
  return { name, since: anchor - WIDTHS[name], until: anchor };
}

export function bucketOf({ since, until }) {
  const days = (until - since) / 86400e3;
  if (days <= 2) return "15m";
  return days <= 14 ? "1h" : "1d";
}

export function iso(ms) {
  return new Date(ms).toISOString();
}
