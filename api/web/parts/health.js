// SPDX-License-Identifier: Apache-2.0
// Is delivery healthy now? A window of a week hides the last hour, so that hour is judged for itself: by what is
// sure (counts that add up), beside the same hours last week. Few messages prove nothing, so the newest hours
// are taken together until there are enough.
import { ask } from "../api.js";
import { h, svg } from "../dom.js";
import { count, percent } from "../format.js";
import { t } from "../i18n.js";
import { iso } from "../state.js";
import { WEEK } from "./compare.js";
import { DELIVERY } from "./window.js";

const HOUR = 3600e3, DAY = 24 * HOUR, ENOUGH = 30;
const FIELDS = "requested,confirmed,failed,pending,within";
const LEVELS = ["good", "warn", "bad"];
const ALONE = ["health.warn", "health.lost", "health.slow"]; // have words that compare with nothing

// Both days by the hour; the newest hour is cut where the input ends.
export async function loadHealth(until, limits, signal) {
  const of = (end) => ({ ...limits, since: iso(end - DAY), until: iso(end), bucket: "1h", fields: FIELDS });
  const [now, then] = await Promise.all([ask(DELIVERY, of(until), signal), ask(DELIVERY, of(until - WEEK), signal)]);
  return { now: now.series, then: then.series, answer: now };
}

function sumOf(buckets) {
  const sum = { requested: 0, confirmed: 0, failed: 0, open: 0, soon: 0 };
  for (const bucket of buckets) {
    sum.requested += bucket.requested;
    sum.confirmed += bucket.confirmed;
    sum.failed += bucket.failed;
    sum.open += bucket.pending;
    sum.soon += bucket.within["1m"].count;
  }
  return sum;
}

// The rules, in words: each gives a level where it holds.
const rules = [
  { key: "health.failing", level: (now) => (now.failed >= 5 && now.failed > 0.05 * now.requested ? (now.failed > 0.2 * now.requested ? 2 : 1) : 0) },
  { key: "health.lost", level: (now, then) => {
    const upper = (now.confirmed + now.open) / now.requested, usual = then.requested >= ENOUGH ? then.confirmed / then.requested : 1;
    return upper < Math.min(0.95, usual - 0.02) ? (upper < 0.8 ? 2 : 1) : 0;
  } },
  { key: "health.slow", level: (now, then) => {
    const usual = then.requested >= ENOUGH ? then.soon / then.requested : 0.9, soon = now.soon / now.requested;
    return soon < usual - 0.1 ? (soon < usual - 0.35 ? 2 : 1) : 0;
  } },
];

export function judge({ now, then }, complete) {
  let hours = 1;
  while (hours < now.length && sumOf(now.slice(-hours)).requested < ENOUGH) hours++;
  const sum = sumOf(now.slice(-hours)), before = sumOf(then.slice(-hours));
  const found = sum.requested ? rules.map(({ key, level }) => ({ key, level: level(sum, before) })).filter((one) => one.level) : [];
  const level = Math.max(0, ...found.map((one) => one.level));
  const name = sum.requested < ENOUGH && !level ? "few" : LEVELS[level];
  return { name: !complete && name === "good" ? "unsure" : name, hours, sum, before, reasons: found.map((one) => one.key) };
}

const SHAPES = {
  good: [["circle", { cx: 16, cy: 16, r: 14 }], ["path", { d: "M9 16.5l5 5L23.5 11", class: "on" }]],
  warn: [["path", { d: "M16 2l15 27H1z" }], ["path", { d: "M16 11v9M16 24v1", class: "on" }]],
  bad: [["path", { d: "M10 2h12l8 8v12l-8 8H10l-8-8V10z" }], ["path", { d: "M11 11l10 10M21 11L11 21", class: "on" }]],
  few: [["circle", { cx: 16, cy: 16, r: 13, class: "hollow" }]],
  unsure: [["circle", { cx: 16, cy: 16, r: 13, class: "hollow" }], ["path", { d: "M12 12.5a4 4 0 1 1 5.5 3.7c-1 .5-1.5 1-1.5 2.3M16 22.5v.6", class: "hollow" }]],
};

// Without a week before there is nothing "usual" to be worse than.
function words(key, before) {
  return before.requested < ENOUGH && ALONE.includes(key) ? t(`${key}.alone`) : t(key);
}

export function healthLine(found) {
  const { sum, before } = found;
  const values = { hours: count(found.hours), requested: count(sum.requested), confirmed: percent(sum.confirmed / sum.requested), soon: percent(sum.soon / sum.requested),
    failed: count(sum.failed), open: count(sum.open), before: before.requested ? percent(before.soon / before.requested) : "–" };
  return h("section", { class: `health ${found.name}` },
    svg("svg", { viewBox: "0 0 32 32", width: 32, height: 32, "aria-hidden": "true" }, SHAPES[found.name].map(([tag, properties]) => svg(tag, properties))),
    h("div", {}, h("h2", {}, words(`health.${found.name}`, before), found.reasons.length > 0 && ` – ${found.reasons.map((key) => words(key, before)).join(", ")}`),
      h("p", { class: "muted" }, sum.requested ? t(found.hours === 1 ? "health.hour" : "health.hours", values) : t("health.none"))));
}
